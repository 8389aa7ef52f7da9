package pawl.peers.payments;

import java.util.List;
import pawl.peers.Options;
import pawl.peers.Peer;

/** Passes over all payments, each with fresh state: first those for the compiler (--warm-up seconds), then those that are measured (--seconds). */
public final class Passes {
    private Passes() {}

    /** From the first payment until the last result; all results. */
    public record Pass(long nanos, List<Sums> sums) {}

    @FunctionalInterface
    public interface Body {
        Pass run() throws Exception;
    }

    /** The mean of the measured passes. pawl-bench compares the last one's sums with its own before it takes the figure. */
    public static void measure(Options options, long payments, String name, String version, Body body) throws Exception {
        long warmNs = System.nanoTime() + options.number("warm-up", 0) * 1_000_000_000;
        while (System.nanoTime() < warmNs) body.run();
        Pass pass;
        long nanos = 0;
        int passes = 0;
        do {
            pass = body.run();
            nanos += pass.nanos();
            ++passes;
        } while (nanos < options.number("seconds", 0) * 1_000_000_000);
        String sums = String.join(", ", pass.sums().stream().map(Sums::json).toList());
        Peer.figure(options.text("group", "payments"), name, "M payments/s", payments * 1e3 * passes / nanos, version, sums);
    }
}
