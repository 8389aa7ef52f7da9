package pawl.peers.payments;

import java.util.List;
import java.util.stream.Stream;

/**
 * The windows that every engine computes for every payment, itself included: of its customer count, sum and average over 1, 7 and 30 days; of its
 * terminal count and frauds over 1, 7 and 30 days, known 7 days late. A window of w at t, d late, is (t - d - w, t - d].
 */
public enum Group {
    CUSTOMER("customer", List.of(1, 7, 30), "count", "sum", "avg") {
        @Override
        public long key(Payment payment) {
            return payment.customer;
        }

        @Override
        public void compute(Totals totals, long[] values) {
            for (int edge = 0; edge < 3; ++edge) {
                long count = totals.count(edge);
                long sum = totals.sum(edge);
                values[3 * edge] = count;
                values[3 * edge + 1] = sum;
                values[3 * edge + 2] = Double.doubleToRawLongBits((double) sum / count);
            }
        }
    },

    /** All of its windows end at the first edge. */
    TERMINAL("terminal", List.of(7, 8, 14, 37), "count", "fraud") {
        @Override
        public long key(Payment payment) {
            return payment.terminal;
        }

        @Override
        public void compute(Totals totals, long[] values) {
            for (int edge = 1; edge < 4; ++edge) {
                values[2 * edge - 2] = totals.count(edge) - totals.count(0);
                values[2 * edge - 1] = totals.frauds(edge) - totals.frauds(0);
            }
        }
    };

    /** Of the payments of one key that are younger than an edge. */
    public interface Totals {
        long count(int edge);

        long sum(int edge);

        long frauds(int edge);
    }

    private static final long DAY_MS = 86_400_000;

    /** Of Payment. */
    public final String keyField;
    /** How far back from now windows begin or end. */
    public final List<Integer> edgeDays;
    public final List<String> features;

    Group(String keyField, List<Integer> edgeDays, String... kinds) {
        this.keyField = keyField;
        this.edgeDays = edgeDays;
        features = Stream.of("1d", "7d", "30d").flatMap(span -> Stream.of(kinds).map(kind -> keyField + "_" + kind + "_" + span)).toList();
    }

    public abstract long key(Payment payment);

    /** Writes the values of all features; an average by the bits of the double that is nearest to it. */
    public abstract void compute(Totals totals, long[] values);

    public long[] edgesMs() {
        return edgeDays.stream().mapToLong(days -> days * DAY_MS).toArray();
    }
}
