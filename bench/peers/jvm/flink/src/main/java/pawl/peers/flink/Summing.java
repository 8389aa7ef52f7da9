package pawl.peers.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import pawl.peers.payments.Group;
import pawl.peers.payments.Sums;

/** Sums a group's values; passes nothing on. */
final class Summing extends ProcessFunction<Values, Void> {
    private final Group group;
    private transient Sums sums;

    Summing(Group group) {
        this.group = group;
    }

    @Override
    public void open(OpenContext context) {
        sums = new Sums(group.features);
    }

    @Override
    public void processElement(Values values, Context context, Collector<Void> collector) {
        sums.add(values.id, values.values);
    }

    @Override
    public void close() {
        Run.add(group.ordinal(), sums);
    }
}
