package pawl.peers.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import pawl.peers.payments.Group;
import pawl.peers.payments.KeyWindow;
import pawl.peers.payments.Payment;

/** A group's windows: the state of a key is its window, on the heap, changed where it lies. */
final class Windows extends KeyedProcessFunction<Long, Payment, Values> {
    private final Group group;
    private transient ValueState<KeyWindow> state;
    private transient Values out;

    Windows(Group group) {
        this.group = group;
    }

    @Override
    public void open(OpenContext context) {
        state = getRuntimeContext().getState(new ValueStateDescriptor<>("window", TypeInformation.of(KeyWindow.class)));
        out = new Values();
        out.values = new long[group.features.size()];
    }

    @Override
    public void processElement(Payment payment, Context context, Collector<Values> collector) throws Exception {
        KeyWindow window = state.value();
        if (window == null) {
            window = new KeyWindow(group.edgesMs());
            state.update(window);
        }
        window.add(payment);
        out.id = payment.id;
        group.compute(window, out.values);
        collector.collect(out);
    }
}
