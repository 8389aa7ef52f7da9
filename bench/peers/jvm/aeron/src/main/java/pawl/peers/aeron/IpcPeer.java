package pawl.peers.aeron;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.BufferClaim;
import java.util.stream.DoubleStream;
import pawl.peers.Cpus;
import pawl.peers.Options;
import pawl.peers.Peer;

/**
 * Aeron IPC: one exclusive publication, one subscription, events of 64 bytes written in place (tryClaim) and summed in place. The media driver and
 * the client's conductor are invoked by the publisher whenever it can't go on: two CPUs have no room for threads of their own.
 */
public final class IpcPeer {
    private static final String VERSION = Peer.versionOf(Aeron.class);
    private static final int EVENT_BYTES = 64;
    private static final int STREAM = 7;
    private static final int WARM_UP_PASSES = 3;
    private static final int MEASURED_PASSES = 3;

    private IpcPeer() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            Peer.equal(EVENT_BYTES, options.payloadBytes(), "bytes of an event");
            for (long slots : options.numbers("slots", "65536")) {
                print("ring, 1 to 1, one by one, " + slots + " slots of 64 bytes", "1 event a fragment", slots, rate(options, slots, 1));
                print("ring, 1 to 1, batches of 16, " + slots + " slots of 64 bytes", "16 events a fragment", slots, rate(options, slots, 16));
            }
        });
    }

    private static void print(String group, String variant, long slots, double rate) {
        String name = "Aeron IPC " + VERSION + ", exclusive, " + variant + ", term of " + (termBytes(slots) >> 10) + " KiB";
        Peer.figure(group, name, "M events/s", rate, VERSION);
    }

    /** Eight times the bytes of the ring's events: the publisher stalls less for the driver, who moves its limit. At most 64 MiB. */
    private static int termBytes(long slots) {
        return (int) Math.max(64 << 10, Math.min(64 << 20, Long.highestOneBit(8 * slots * EVENT_BYTES)));
    }

    /** The median of several passes; those before are for the compiler. */
    private static double rate(Options options, long slots, int batch) {
        String channel = "aeron:ipc?term-length=" + termBytes(slots);
        MediaDriver.Context settings = Drivers.settings().threadingMode(ThreadingMode.INVOKER);
        try (MediaDriver driver = MediaDriver.launch(settings);
                Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName())
                        .useConductorAgentInvoker(true).driverAgentInvoker(driver.sharedAgentInvoker()))) {
            Runnable turn = () -> {
                driver.sharedAgentInvoker().invoke();
                aeron.conductorAgentInvoker().invoke();
            };
            Subscription subscription = aeron.addSubscription(channel, STREAM);
            ExclusivePublication publication = aeron.addExclusivePublication(channel, STREAM);
            while (!publication.isConnected() || subscription.imageCount() == 0) turn.run();
            Cpus.pin(0);
            Reader reader = new Reader(subscription.imageAtIndex(0));
            Thread thread = new Thread(reader);
            thread.start();
            try {
                for (int i = 0; i < WARM_UP_PASSES; ++i) pass(publication, turn, reader, options.events(), batch);
                return DoubleStream.generate(() -> pass(publication, turn, reader, options.events(), batch)).limit(MEASURED_PASSES).sorted().toArray()[MEASURED_PASSES / 2];
            } finally {
                reader.stop();
                thread.join();
            }
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }

    private static double pass(ExclusivePublication publication, Runnable turn, Reader reader, long events, int batch) {
        reader.expect(events);
        BufferClaim claim = new BufferClaim();
        long start = System.nanoTime();
        for (long sent = 0; sent < events;) {
            int count = (int) Math.min(batch, events - sent);
            while (true) {
                long position = publication.tryClaim(count * EVENT_BYTES, claim);
                if (position > 0) break;
                Peer.check(position == Publication.BACK_PRESSURED || position == Publication.ADMIN_ACTION, "the publication says " + position);
                turn.run();
            }
            for (int i = 0; i < count; ++i) fill(claim, claim.offset() + i * EVENT_BYTES, sent + i);
            claim.commit();
            sent += count;
        }
        while (!reader.isDone()) turn.run();
        long nanos = System.nanoTime() - start;
        reader.check(events);
        return events * 1e3 / nanos;
    }

    private static void fill(BufferClaim claim, int offset, long event) {
        for (int i = 0; i < 8; ++i) claim.buffer().putLong(offset + 8 * i, event + i);
    }

    /** Polls until it is stopped. Sums all words, and checks that events come in order. */
    private static final class Reader implements Runnable {
        private static final int FRAGMENTS = 256;
        private final Image image;
        private volatile boolean stopped;
        private volatile boolean done;
        private volatile long last = -1;
        private long next;
        private long total;
        private long outOfOrder;

        Reader(Image image) {
            this.image = image;
        }

        @Override
        public void run() {
            Cpus.pin(1);
            while (!stopped) {
                if (image.poll((buffer, offset, length, header) -> {
                    for (int at = offset; at < offset + length; at += EVENT_BYTES) {
                        long sequence = buffer.getLong(at);
                        long sum = sequence;
                        for (int i = 1; i < 8; ++i) sum += buffer.getLong(at + 8 * i);
                        if (sequence != next) ++outOfOrder;
                        next = sequence + 1;
                        total += sum;
                    }
                }, FRAGMENTS) == 0) Thread.onSpinWait();
                else if (next > last && !done) done = true;
            }
        }

        /** Before a pass over events 0 .. events - 1, of which none was published yet. */
        void expect(long events) {
            next = 0;
            total = 0;
            done = false;
            last = events - 1;
        }

        boolean isDone() {
            return done;
        }

        void check(long events) {
            Peer.equal(8 * (events % 2 == 0 ? events / 2 * (events - 1) : (events - 1) / 2 * events) + 28 * events, total, "sum of all words");
            Peer.equal(0, outOfOrder, "events out of order");
        }

        void stop() {
            stopped = true;
        }
    }
}
