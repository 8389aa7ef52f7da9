package pawl.peers.disruptor;

import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.SleepingWaitStrategy;
import com.lmax.disruptor.WaitStrategy;
import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.Disruptor;
import com.lmax.disruptor.dsl.ProducerType;
import java.util.List;
import java.util.stream.Stream;
import pawl.peers.Options;
import pawl.peers.Peer;

/** LMAX Disruptor: one producer, pre-allocated events of 64 bytes, summed by one reader, by three in a diamond, or by three in a row. */
public final class DisruptorPeer {
    private static final String VERSION = Peer.versionOf(Disruptor.class);
    private static final int WARM_UP_PASSES = 5;

    private DisruptorPeer() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            if (options.has("topology")) {
                measure(options);
                return;
            }
            for (String wait : List.of("busy-spin", "yielding")) Peer.again(arguments, "--topology", "one-to-one", "--wait", wait);
            // More threads than two CPUs have room for: one that spins would keep the next from running.
            for (String topology : List.of("diamond", "pipeline")) {
                for (String wait : List.of("yielding", "sleeping")) Peer.again(arguments, "--topology", topology, "--wait", wait);
            }
        });
    }

    private static WaitStrategy waitStrategy(String name) {
        return switch (name) {
            case "busy-spin" -> new BusySpinWaitStrategy();
            case "yielding" -> new YieldingWaitStrategy();
            case "sleeping" -> new SleepingWaitStrategy();
            default -> throw new IllegalArgumentException("no such wait strategy: " + name);
        };
    }

    private static void measure(Options options) {
        String wait = options.text("wait", "yielding");
        for (long slots : options.numbers("slots", "65536")) {
            switch (options.text("topology", "")) {
                case "one-to-one" -> {
                    print("ring, 1 to 1, one by one, " + slots + " slots of 64 bytes", wait + ", publish 1", rate(options, Topology.ONE_TO_ONE, wait, slots, 1));
                    print("ring, 1 to 1, batches of 16, " + slots + " slots of 64 bytes", wait + ", publish 16", rate(options, Topology.ONE_TO_ONE, wait, slots, 16));
                }
                case "diamond" -> print("ring, diamond, " + slots + " slots of 64 bytes", wait + ", publish 16", rate(options, Topology.DIAMOND, wait, slots, 16));
                case "pipeline" -> print("ring, pipeline of 3, " + slots + " slots of 64 bytes", wait + ", publish 16", rate(options, Topology.PIPELINE, wait, slots, 16));
                default -> throw new IllegalArgumentException("no such topology: " + options.text("topology", ""));
            }
        }
    }

    private static void print(String group, String variant, double rate) {
        Peer.figure(group, "LMAX Disruptor " + VERSION + ", " + variant, "M events/s", rate, VERSION);
    }

    /** M events/s of the last of several passes over one ring; the others are for the compiler. */
    private static double rate(Options options, Topology topology, String wait, long slots, int batch) {
        Disruptor<Event> disruptor = new Disruptor<>(Event::new, Math.toIntExact(slots), task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        }, ProducerType.SINGLE, waitStrategy(wait));
        List<Summing> handlers = Stream.generate(Summing::new).limit(topology.readers).toList();
        topology.wire(disruptor, handlers);
        RingBuffer<Event> ring = disruptor.start();
        double rate = 0;
        for (int pass = 0; pass <= WARM_UP_PASSES; ++pass) rate = pass(ring, handlers, options.events(), batch);
        disruptor.halt();
        return rate;
    }

    private static double pass(RingBuffer<Event> ring, List<Summing> handlers, long events, int batch) {
        long first = ring.getCursor() + 1;
        for (Summing handler : handlers) handler.expect(first + events - 1);
        long start = System.nanoTime();
        if (batch == 1) publishSingly(ring, events);
        else publishInBatches(ring, events, batch);
        for (Summing handler : handlers) {
            while (!handler.isDone()) Thread.onSpinWait();
        }
        long nanos = System.nanoTime() - start;
        long wanted = Event.sumOf(first, events);
        for (Summing handler : handlers) {
            Peer.equal(wanted, handler.total(), "sum of all words");
            Peer.equal(0, handler.outOfOrder(), "events out of order");
        }
        return events * 1e3 / nanos;
    }

    private static void publishSingly(RingBuffer<Event> ring, long events) {
        for (long sent = 0; sent < events; ++sent) {
            long sequence = ring.next();
            ring.get(sequence).fill(sequence);
            ring.publish(sequence);
        }
    }

    private static void publishInBatches(RingBuffer<Event> ring, long events, int batch) {
        for (long sent = 0; sent < events;) {
            int count = (int) Math.min(batch, events - sent);
            long high = ring.next(count);
            long low = high - count + 1;
            for (long sequence = low; sequence <= high; ++sequence) ring.get(sequence).fill(sequence);
            ring.publish(low, high);
            sent += count;
        }
    }
}
