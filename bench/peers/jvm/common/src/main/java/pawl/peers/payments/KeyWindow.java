package pawl.peers.payments;

import java.nio.ByteBuffer;

/**
 * The payments of one key that a window still needs, for engines that leave exact windows of single events to a processor with keyed state: a ring of
 * entries with running totals before each, and a cursor per edge, so that a total is a difference of two.
 */
public final class KeyWindow implements Group.Totals {
    private static final int FIELDS = 3;  // of an entry: time, sum before it, frauds before it

    private final long[] edges;    // how old an entry is that just left, in ms, rising
    private final long[] cursors;  // by edge: number of the first entry that is younger
    private int mask;              // entry n stands in place n & mask
    private long[] ring;
    private long next;             // number of the next entry: the count of all before it
    private long sum;
    private long frauds;

    public KeyWindow(long[] edgesMs) {
        this(edgesMs, 4);
    }

    private KeyWindow(long[] edgesMs, int capacity) {
        edges = edgesMs;
        cursors = new long[edges.length];
        mask = capacity - 1;
        ring = new long[capacity * FIELDS];
    }

    /** Moves all edges to the payment's time, which is not before the last one's. */
    public void add(Payment payment) {
        if (next - oldest() > mask) grow();
        int place = place(next++);
        ring[place] = payment.at;
        ring[place + 1] = sum;
        ring[place + 2] = frauds;
        sum += payment.amount;
        if (payment.fraud) ++frauds;
        for (int edge = 0; edge < edges.length; ++edge) {
            while (ring[place(cursors[edge])] <= payment.at - edges[edge]) ++cursors[edge];
        }
    }

    @Override
    public long count(int edge) {
        return next - cursors[edge];
    }

    @Override
    public long sum(int edge) {
        return sum - ring[place(cursors[edge]) + 1];
    }

    @Override
    public long frauds(int edge) {
        return frauds - ring[place(cursors[edge]) + 2];
    }

    public byte[] toBytes() {
        int held = (int) (next - oldest());
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * (4 + cursors.length + held * FIELDS));
        bytes.putLong(mask + 1).putLong(next).putLong(sum).putLong(frauds);
        for (long cursor : cursors) bytes.putLong(cursor);
        for (long entry = oldest(); entry < next; ++entry) {
            for (int field = 0; field < FIELDS; ++field) bytes.putLong(ring[place(entry) + field]);
        }
        return bytes.array();
    }

    public static KeyWindow of(byte[] array, long[] edgesMs) {
        ByteBuffer bytes = ByteBuffer.wrap(array);
        KeyWindow window = new KeyWindow(edgesMs, (int) bytes.getLong());
        window.next = bytes.getLong();
        window.sum = bytes.getLong();
        window.frauds = bytes.getLong();
        for (int edge = 0; edge < edgesMs.length; ++edge) window.cursors[edge] = bytes.getLong();
        for (long entry = window.oldest(); entry < window.next; ++entry) {
            for (int field = 0; field < FIELDS; ++field) window.ring[window.place(entry) + field] = bytes.getLong();
        }
        return window;
    }

    private long oldest() {
        return cursors[cursors.length - 1];
    }

    private int place(long entry) {
        return (int) (entry & mask) * FIELDS;
    }

    private void grow() {
        long[] old = ring;
        int oldMask = mask;
        mask = 2 * mask + 1;
        ring = new long[2 * old.length];
        for (long entry = oldest(); entry < next; ++entry) System.arraycopy(old, (int) (entry & oldMask) * FIELDS, ring, place(entry), FIELDS);
    }
}
