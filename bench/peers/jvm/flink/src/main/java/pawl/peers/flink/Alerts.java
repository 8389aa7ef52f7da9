package pawl.peers.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import pawl.peers.payments.Rule;
import pawl.peers.payments.Scored;
import pawl.peers.payments.Sums;

/** Sums the payments that a rule let through; passes nothing on. */
final class Alerts extends ProcessFunction<Scored, Void> {
    private final Rule rule;
    private transient Sums sums;

    Alerts(Rule rule) {
        this.rule = rule;
    }

    @Override
    public void open(OpenContext context) {
        sums = new Sums(Rule.names());
    }

    @Override
    public void processElement(Scored payment, Context context, Collector<Void> collector) {
        sums.add(rule.ordinal(), payment.id, 1);
    }

    @Override
    public void close() {
        Run.add(0, sums);
    }
}
