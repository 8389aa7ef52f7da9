package pawl.peers;

/**
 * What a journal peer stores: `events` records of whole words; word j of record i is i + j. A record is as long as Pawl's without CRC, length and
 * flags, which each peer adds in its own framing: the payload and 32 bytes.
 */
public record Records(long events, int payloadBytes) {
    private static final int HEADER_BYTES = 32;

    public int words() {
        return (HEADER_BYTES + payloadBytes + 7) / 8;
    }

    public int bytes() {
        return 8 * words();
    }

    /** Of all words of all records, modulo 2^64. */
    public long sum() {
        long n = words();
        return n * pairs(events) + events * pairs(n);
    }

    /** 0 + 1 + ... + (n - 1). */
    private static long pairs(long n) {
        return n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n;
    }

    /** Counts and sums what is read back, and checks it at the end. */
    public final class Check {
        private long count;
        private long total;
        private long misplaced;

        /** The next record: its first word, and the sum of all its words. */
        public void add(long first, long sum) {
            if (first != count) ++misplaced;
            ++count;
            total += sum;
        }

        public long count() {
            return count;
        }

        public void end() {
            Peer.equal(events, count, "records read back");
            Peer.equal(0, misplaced, "records out of order");
            Peer.equal(sum(), total, "sum of all words read back");
        }
    }

    public Check check() {
        return new Check();
    }
}
