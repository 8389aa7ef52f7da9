package pawl.peers.flink;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import pawl.peers.Peer;
import pawl.peers.payments.Group;
import pawl.peers.payments.Passes;
import pawl.peers.payments.Payment;

/**
 * Windows in Flink. Its own windows tumble, hop or hold pauses, and RANGE in SQL takes in later events of the same time: exact windows of single events are
 * a function with keyed state.
 */
public final class FlinkWindows {
    private FlinkWindows() {}

    /** How the work is divided. A reader is one task, which keeps the order of each key. */
    private enum Plan {
        ONE_TASK("all in one task"),
        TWO_TASKS("a task for customers, one for terminals, each with a reader"),
        KEYED("keyBy, parallelism 2");

        private final String text;

        Plan(String text) {
            this.text = text;
        }
    }

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            if (!options.has("plan")) {
                for (Plan plan : Plan.values()) Peer.again(arguments, "--plan", plan.name());
                return;
            }
            Payment[] payments = Payment.read(Path.of(options.text("input", "")));
            Plan plan = Plan.valueOf(options.text("plan", ""));
            String name = "Flink " + Run.VERSION + ", keyed process functions, " + plan.text;
            List<List<String>> features = Stream.of(Group.values()).map(group -> group.features).toList();
            Passes.measure(options, payments.length, name, Run.VERSION,
                    () -> Run.of(payments, Payment.class, 1, plan == Plan.KEYED ? 2 : 1, features, reader -> wire(reader, plan)));
        });
    }

    private static void wire(Supplier<DataStream<Payment>> reader, Plan plan) {
        DataStream<Payment> first = reader.get();
        for (Group group : Group.values()) {
            DataStream<Payment> payments = plan == Plan.TWO_TASKS && group == Group.TERMINAL ? reader.get() : first;
            keyed(payments, group, plan).process(new Windows(group), TypeInformation.of(Values.class)).process(new Summing(group)).sinkTo(new DiscardingSink<>());
        }
    }

    /** Where each key has one task already, nothing has to be sent. */
    private static KeyedStream<Payment, Long> keyed(DataStream<Payment> payments, Group group, Plan plan) {
        return plan == Plan.KEYED ? payments.keyBy(group::key, Types.LONG) : DataStreamUtils.reinterpretAsKeyedStream(payments, group::key, Types.LONG);
    }
}
