package pawl.peers.flink;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import pawl.peers.Peer;
import pawl.peers.payments.Passes;
import pawl.peers.payments.Rule;
import pawl.peers.payments.Scored;

/** Rules in Flink: a filter for each behind the source, all in its task; two tasks read halves. */
public final class FlinkRules {
    private FlinkRules() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            if (!options.has("parallelism")) {
                for (String parallelism : List.of("1", "2")) Peer.again(arguments, "--parallelism", parallelism);
                return;
            }
            Scored[] payments = Scored.read(Path.of(options.text("input", "")));
            int parallelism = Math.toIntExact(options.number("parallelism", 2));
            String name = "Flink " + Run.VERSION + ", a filter per rule, parallelism " + parallelism;
            Passes.measure(options, payments.length, name, Run.VERSION,
                    () -> Run.of(payments, Scored.class, parallelism, parallelism, List.of(Rule.names()), FlinkRules::wire));
        });
    }

    private static void wire(Supplier<DataStream<Scored>> reader) {
        DataStream<Scored> payments = reader.get();
        for (Rule rule : Rule.values()) payments.filter(payment -> rule.predicate.test(payment)).process(new Alerts(rule)).sinkTo(new DiscardingSink<>());
    }
}
