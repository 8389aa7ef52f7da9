package pawl.peers.disruptor;

/** 64 bytes in eight words; word i of event s is s + i. */
final class Event {
    static final int BYTES = 64;

    long w0, w1, w2, w3, w4, w5, w6, w7;

    void fill(long sequence) {
        w0 = sequence;
        w1 = sequence + 1;
        w2 = sequence + 2;
        w3 = sequence + 3;
        w4 = sequence + 4;
        w5 = sequence + 5;
        w6 = sequence + 6;
        w7 = sequence + 7;
    }

    long sum() {
        return w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7;
    }

    /** Of the events from `first`, `count` of them. */
    static long sumOf(long first, long count) {
        long total = 0;
        for (long s = first; s < first + count; ++s) total += 8 * s + 28;
        return total;
    }
}
