package pawl.peers.kafkastreams;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import pawl.peers.payments.Group;
import pawl.peers.payments.Passes;
import pawl.peers.payments.Sums;

/** What the processors of one pass found, partition by partition. Thread: any. */
final class Results {
    private static final long PATIENCE_SECONDS = 300;

    final Topics topics;
    private final CountDownLatch open;
    private final List<Sums> sums = Stream.of(Group.values()).map(group -> new Sums(group.features)).toList();
    private volatile Throwable error;
    private volatile long startedNs;
    private long endedNs;

    Results(Topics topics) {
        this.topics = topics;
        open = new CountDownLatch(topics.partitions());
        for (Group group : Group.values()) {
            for (int partition = 0; partition < topics.partitions() / sums.size(); ++partition) {
                if (topics.recordsOf(group, partition) == 0) open.countDown();
            }
        }
    }

    /** Before every record. */
    void begin() {
        if (startedNs == 0) startedNs = System.nanoTime();
    }

    /** All of a partition. */
    synchronized void add(Group group, Sums found) {
        sums.get(group.ordinal()).merge(found);
        endedNs = System.nanoTime();
        open.countDown();
    }

    StreamThreadExceptionResponse fail(Throwable reason) {
        error = reason;
        while (open.getCount() > 0) open.countDown();
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }

    Passes.Pass await() throws Exception {
        boolean complete = open.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (error != null) throw new IllegalStateException("a stream thread failed", error);
        if (!complete) throw new IllegalStateException("not all payments were processed in " + PATIENCE_SECONDS + " s");
        synchronized (this) {
            return new Passes.Pass(endedNs - startedNs, sums);
        }
    }
}
