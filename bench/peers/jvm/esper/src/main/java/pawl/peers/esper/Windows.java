package pawl.peers.esper;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import pawl.peers.payments.Group;
import pawl.peers.payments.Payment;
import pawl.peers.payments.Sums;

/**
 * The windows of some groups in one runtime: for each edge a statement over `ext_timed`, which holds exactly the payments younger than the edge by their own
 * time. Late windows are the difference of two of them. Thread: one.
 */
final class Windows implements AutoCloseable {
    private final List<OfGroup> groups = new ArrayList<>();
    private final Engine engine;

    Windows(List<Group> wanted) throws Exception {
        StringBuilder epl = new StringBuilder();
        Map<String, Object> subscribers = new HashMap<>();
        for (Group group : wanted) {
            OfGroup one = new OfGroup(group);
            groups.add(one);
            for (int edge = 0; edge < group.edgeDays.size(); ++edge) {
                String statement = group + "_" + edge;
                String second = group == Group.CUSTOMER ? "sum(amount)" : "count(*, fraud)";
                epl.append("@name('").append(statement).append("') select count(*), ").append(second).append(" from Payment#groupwin(").append(group.keyField)
                        .append(")#ext_timed(at, ").append(group.edgeDays.get(edge)).append(" days) group by ").append(group.keyField).append(";\n");
                subscribers.put(statement, new Subscriber(one.results, edge));
            }
        }
        engine = new Engine(Payment.class, epl.toString(), subscribers);
    }

    void run(Payment[] payments) {
        for (Payment payment : payments) {
            engine.send(payment);
            for (OfGroup group : groups) group.add(payment);
        }
    }

    List<Sums> sums() {
        return groups.stream().map(group -> group.sums).toList();
    }

    @Override
    public void close() {
        engine.close();
    }

    private static final class OfGroup {
        final Results results = new Results();
        final Sums sums;
        private final Group group;
        private final long[] values;

        OfGroup(Group group) {
            this.group = group;
            sums = new Sums(group.features);
            values = new long[group.features.size()];
        }

        void add(Payment payment) {
            group.compute(results, values);
            sums.add(payment.id, values);
        }
    }

    /** What the statements of a group said last, by edge. */
    private static final class Results implements Group.Totals {
        private static final int EDGES_MAX = 4;
        final long[] counts = new long[EDGES_MAX];
        final long[] others = new long[EDGES_MAX];

        @Override
        public long count(int edge) {
            return counts[edge];
        }

        @Override
        public long sum(int edge) {
            return others[edge];
        }

        @Override
        public long frauds(int edge) {
            return others[edge];
        }
    }

    /** Esper calls `update` with the columns of its statement. */
    public static final class Subscriber {
        private final Results results;
        private final int edge;

        private Subscriber(Results results, int edge) {
            this.results = results;
            this.edge = edge;
        }

        public void update(long count, long other) {
            results.counts[edge] = count;
            results.others[edge] = other;
        }
    }
}
