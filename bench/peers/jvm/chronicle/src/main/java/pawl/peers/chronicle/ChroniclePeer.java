package pawl.peers.chronicle;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import pawl.peers.Options;
import pawl.peers.Peer;
import pawl.peers.Records;

/**
 * Chronicle Queue: one appender writes documents in place, a tailer reads them back. As it is usually run it leaves them in the page cache; with
 * SyncMode.SYNC, `sync` waits until what was written is on the device (msync).
 */
public final class ChroniclePeer {
    private static final String VERSION = Peer.versionOf(ChronicleQueue.class);
    private static final int WARM_UP_PASSES = 2;
    private static final long BLOCK_BYTES = 256 << 20;
    private static final int DOCUMENTS_PER_SYNC = 16_384;

    private ChroniclePeer() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            measure(options, "disk", SyncMode.SYNC, "msync per " + DOCUMENTS_PER_SYNC + " documents");
            measure(options, "os", SyncMode.NONE, "page cache");
        });
    }

    private static void measure(Options options, String durability, SyncMode mode, String how) throws Exception {
        Records records = new Records(options.events(), options.payloadBytes());
        String name = "Chronicle Queue " + VERSION + ", " + how;
        double written = 0, read = 0;
        for (int pass = 0; pass <= WARM_UP_PASSES; ++pass) {
            Path directory = options.directory().resolve(durability + "-" + pass);
            try (ChronicleQueue queue = SingleChronicleQueueBuilder.binary(directory).rollCycle(RollCycles.FAST_DAILY).blockSize(BLOCK_BYTES).syncMode(mode).build()) {
                written = write(queue, records, mode);
                read = read(queue, records);
            }
            remove(directory);
        }
        Peer.figure("journal, events, " + durability, name, "M events/s", written, VERSION);
        Peer.figure("journal, events read back", name + ", read", "M events/s", read, VERSION);
    }

    private static double write(ChronicleQueue queue, Records records, SyncMode mode) {
        try (ExcerptAppender appender = queue.createAppender()) {
            long start = System.nanoTime();
            for (long event = 0; event < records.events(); ++event) {
                try (DocumentContext document = appender.writingDocument()) {
                    Bytes<?> bytes = document.wire().bytes();
                    for (int word = 0; word < records.words(); ++word) bytes.writeLong(event + word);
                }
                if (mode == SyncMode.SYNC && (event + 1) % DOCUMENTS_PER_SYNC == 0) appender.sync();
            }
            if (mode == SyncMode.SYNC) appender.sync();
            return records.events() * 1e3 / (System.nanoTime() - start);
        }
    }

    private static double read(ChronicleQueue queue, Records records) {
        Records.Check check = records.check();
        long start = System.nanoTime();
        try (ExcerptTailer tailer = queue.createTailer()) {
            while (true) {
                try (DocumentContext document = tailer.readingDocument()) {
                    if (!document.isPresent()) break;
                    Bytes<?> bytes = document.wire().bytes();
                    Peer.equal(records.bytes(), bytes.readRemaining(), "bytes of a document");
                    long first = bytes.readLong();
                    long sum = first;
                    for (int word = 1; word < records.words(); ++word) sum += bytes.readLong();
                    check.add(first, sum);
                }
            }
        }
        long nanos = System.nanoTime() - start;
        check.end();
        return records.events() * 1e3 / nanos;
    }

    /** So that the next pass does not compete with what this one left in the page cache. */
    private static void remove(Path directory) throws Exception {
        List<Path> paths;
        try (Stream<Path> found = Files.walk(directory)) {
            paths = found.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) Files.delete(path);
    }
}
