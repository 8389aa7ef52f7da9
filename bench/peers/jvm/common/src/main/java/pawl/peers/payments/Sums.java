package pawl.peers.payments;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What results are compared by: of each feature the sum over all payments of its value times 2 id + 1, modulo 2^64; of a rule likewise, with 1 for an
 * alert. It does not depend on the order of payments, and a value at the wrong payment changes it. Thread: one.
 */
public final class Sums {
    private final List<String> names;
    private final long[] sums;

    public Sums(List<String> names) {
        this.names = names;
        sums = new long[names.size()];
    }

    public void add(int feature, long id, long value) {
        sums[feature] += value * (2 * id + 1);
    }

    /** All values of one payment. */
    public void add(long id, long[] values) {
        for (int i = 0; i < sums.length; ++i) add(i, id, values[i]);
    }

    public void merge(Sums other) {
        for (int i = 0; i < sums.length; ++i) sums[i] += other.sums[i];
    }

    /** Members of a JSON object. */
    public String json() {
        return IntStream.range(0, sums.length).mapToObj(i -> '"' + names.get(i) + "\": " + Long.toUnsignedString(sums[i])).collect(Collectors.joining(", "));
    }
}
