package pawl.peers.esper;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import pawl.peers.Peer;
import pawl.peers.payments.Passes;
import pawl.peers.payments.Rule;
import pawl.peers.payments.Scored;
import pawl.peers.payments.Sums;

/** Rules in Esper: a statement with a filter for each, whose conditions it indexes. */
public final class EsperRules {
    private EsperRules() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            Scored[] payments = Scored.read(Path.of(options.text("input", "")));
            String name = "Esper " + Engine.VERSION + ", a filter statement per rule, one thread";
            Passes.measure(options, payments.length, name, Engine.VERSION, () -> pass(payments));
        });
    }

    private static Passes.Pass pass(Scored[] payments) throws Exception {
        Sums alerts = new Sums(Rule.names());
        StringBuilder epl = new StringBuilder();
        Map<String, Object> subscribers = new HashMap<>();
        for (Rule rule : Rule.values()) {
            epl.append("@name('").append(rule).append("') select id from Scored(").append(rule.epl).append(");\n");
            subscribers.put(rule.name(), new Subscriber(alerts, rule.ordinal()));
        }
        try (Engine engine = new Engine(Scored.class, epl.toString(), subscribers)) {
            long start = System.nanoTime();
            for (Scored payment : payments) engine.send(payment);
            return new Passes.Pass(System.nanoTime() - start, List.of(alerts));
        }
    }

    /** Esper calls `update` with the columns of its statement. */
    public static final class Subscriber {
        private final Sums alerts;
        private final int rule;

        private Subscriber(Sums alerts, int rule) {
            this.alerts = alerts;
            this.rule = rule;
        }

        public void update(long id) {
            alerts.add(rule, id, 1);
        }
    }
}
