package pawl.peers.disruptor;

import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.SleepingWaitStrategy;
import com.lmax.disruptor.WaitStrategy;
import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.Disruptor;
import com.lmax.disruptor.dsl.ProducerType;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import pawl.peers.Cpus;
import pawl.peers.Options;
import pawl.peers.Peer;

/** LMAX Disruptor: one producer, pre-allocated events of 64 bytes, summed by one reader, by three in a diamond, or by three in a row. */
public final class DisruptorPeer {
    private static final String VERSION = Peer.versionOf(Disruptor.class);
    private static final int WARM_UP_PASSES = 3;
    private static final int MEASURED_PASSES = 3;

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
        Peer.equal(Event.BYTES, options.payloadBytes(), "bytes of an event");
        String wait = options.text("wait", "yielding");
        for (long slots : options.numbers("slots", "65536")) {
            String sizes = slots + " slots of 64 bytes";
            switch (options.text("topology", "")) {
                case "one-to-one" -> {
                    measure(options, "ring, 1 to 1, one by one, " + sizes, Topology.ONE_TO_ONE, wait, slots, 1);
                    measure(options, "ring, 1 to 1, batches of 16, " + sizes, Topology.ONE_TO_ONE, wait, slots, 16);
                }
                case "diamond" -> {
                    measure(options, "ring, diamond, " + sizes, Topology.DIAMOND, wait, slots, 1);
                    measure(options, "ring, diamond, " + sizes, Topology.DIAMOND, wait, slots, 16);
                }
                case "pipeline" -> {
                    measure(options, "ring, pipeline of 3, " + sizes, Topology.PIPELINE, wait, slots, 1);
                    measure(options, "ring, pipeline of 3, " + sizes, Topology.PIPELINE, wait, slots, 16);
                }
                default -> throw new IllegalArgumentException("no such topology: " + options.text("topology", ""));
            }
        }
    }

    /** Several passes over one ring: the first ones are for the compiler, of the others the median counts. */
    private static void measure(Options options, String group, Topology topology, String wait, long slots, int batch) {
        Disruptor<Event> disruptor = new Disruptor<>(Event::new, Math.toIntExact(slots), task -> {
            Thread thread = new Thread(() -> {
                if (topology == Topology.ONE_TO_ONE) Cpus.pin(1);
                task.run();
            });
            thread.setDaemon(true);
            return thread;
        }, ProducerType.SINGLE, waitStrategy(wait));
        if (topology == Topology.ONE_TO_ONE) Cpus.pin(0);
        List<Summing> handlers = Stream.generate(Summing::new).limit(topology.readers).toList();
        topology.wire(disruptor, handlers);
        RingBuffer<Event> ring = disruptor.start();
        for (int i = 0; i < WARM_UP_PASSES; ++i) pass(ring, handlers, options.events(), batch);
        double[] rates = DoubleStream.generate(() -> pass(ring, handlers, options.events(), batch)).limit(MEASURED_PASSES).sorted().toArray();
        disruptor.halt();
        Peer.figure(group, "LMAX Disruptor " + VERSION + ", " + wait + ", publish " + batch, "M events/s", rates[MEASURED_PASSES / 2], VERSION);
    }

    /** M events/s. */
    private static double pass(RingBuffer<Event> ring, List<Summing> handlers, long events, int batch) {
        long first = ring.getCursor() + 1;
        for (Summing handler : handlers) handler.expect(first + events - 1);
        long start = System.nanoTime();
        if (batch == 1) publishSingly(ring, events);
        else publishInBatches(ring, events, batch);
        for (Summing handler : handlers) {
            while (!handler.isDone()) Thread.yield();
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
