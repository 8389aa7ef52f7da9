package pawl.peers.esper;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import pawl.peers.Peer;
import pawl.peers.payments.Group;
import pawl.peers.payments.Passes;
import pawl.peers.payments.Payment;
import pawl.peers.payments.Sums;

/** Windows in Esper, on one thread or with a runtime and thread for each group. */
public final class EsperWindows {
    private EsperWindows() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            if (!options.has("threads")) {
                for (String threads : List.of("1", "2")) Peer.again(arguments, "--threads", threads);
                return;
            }
            Payment[] payments = Payment.read(Path.of(options.text("input", "")));
            boolean one = options.number("threads", 1) == 1;
            String name = "Esper " + Engine.VERSION + ", 7 statements over ext_timed, " + (one ? "one thread" : "a thread for customers, one for terminals");
            List<List<Group>> threads = one ? List.of(List.of(Group.values())) : Stream.of(Group.values()).map(List::of).toList();
            Passes.measure(options, payments.length, name, Engine.VERSION, () -> pass(payments, threads));
        });
    }

    /** `threads`: the groups of each. */
    private static Passes.Pass pass(Payment[] payments, List<List<Group>> threads) throws Exception {
        List<Windows> windows = new ArrayList<>();
        for (List<Group> groups : threads) windows.add(new Windows(groups));
        ExecutorService pool = Executors.newFixedThreadPool(threads.size());
        long start = System.nanoTime();
        List<? extends Future<?>> running = windows.stream().map(one -> pool.submit(() -> one.run(payments))).toList();
        for (Future<?> one : running) one.get();
        long nanos = System.nanoTime() - start;
        pool.shutdown();
        windows.forEach(Windows::close);
        return new Passes.Pass(nanos, windows.stream().flatMap(one -> one.sums().stream()).toList());
    }
}
