package pawl.peers.aeron;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.archive.Archive;
import io.aeron.archive.ArchiveThreadingMode;
import io.aeron.archive.ArchivingMediaDriver;
import io.aeron.archive.client.AeronArchive;
import io.aeron.archive.status.RecordingPos;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.FragmentHandler;
import java.nio.file.Path;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.status.CountersReader;
import pawl.peers.Options;
import pawl.peers.Peer;
import pawl.peers.Records;

/**
 * Aeron Archive: one exclusive publication over IPC, recorded on disk; then replayed and checked. File sync level 0 leaves blocks in the page
 * cache, level 1 syncs the data of each block, before the recording position moves.
 */
public final class ArchivePeer {
    private static final String VERSION = Peer.versionOf(AeronArchive.class);
    private static final int STREAM = 7;
    private static final int REPLAY_STREAM = 8;
    private static final int TERM_BYTES = 64 << 20;
    private static final int BLOCK_BYTES = 4 << 20;
    private static final int WARM_UP_PASSES = 2;
    private static final String CHANNEL = "aeron:ipc?term-length=" + TERM_BYTES;

    private ArchivePeer() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            measure(options, 1, "disk", "file sync level 1 (data of each block)");
            measure(options, 0, "os", "file sync level 0 (page cache)");
        });
    }

    private static void measure(Options options, int syncLevel, String durability, String how) throws InterruptedException {
        Records records = new Records(options.events(), options.payloadBytes());
        String name = "Aeron Archive " + VERSION + ", blocks up to " + (BLOCK_BYTES >> 20) + " MiB, " + how;
        try (ArchivingMediaDriver driver = ArchivingMediaDriver.launch(driverSettings(), archiveSettings(options.directory().resolve("archive-" + syncLevel), syncLevel));
                AeronArchive archive = AeronArchive.connect(new AeronArchive.Context()
                        .aeronDirectoryName(driver.mediaDriver().aeronDirectoryName())
                        .controlRequestChannel("aeron:ipc").controlResponseChannel("aeron:ipc").controlRequestStreamId(10))) {
            double written = 0, read = 0;
            for (int pass = 0; pass <= WARM_UP_PASSES; ++pass) {
                Recording recording = record(archive, records);
                written = recording.rate();
                read = replay(archive, recording, records);
                archive.purgeRecording(recording.id());
            }
            Peer.figure("journal, events, " + durability, name, "M events/s", written, VERSION);
            Peer.figure("journal, events read back", name + ", replayed", "M events/s", read, VERSION);
        }
    }

    private static MediaDriver.Context driverSettings() {
        return Drivers.settings().threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(new BackoffIdleStrategy(10, 10, 1_000, 100_000))
                .ipcTermBufferLength(TERM_BYTES);
    }

    private static Archive.Context archiveSettings(Path directory, int syncLevel) {
        return new Archive.Context()
                .archiveDir(directory.toFile())
                .deleteArchiveOnStart(true)
                .threadingMode(ArchiveThreadingMode.SHARED)
                .idleStrategySupplier(() -> new BackoffIdleStrategy(100, 10, 1_000, 100_000))
                .fileSyncLevel(syncLevel)
                .catalogFileSyncLevel(syncLevel)
                .fileIoMaxLength(BLOCK_BYTES)
                .controlChannelEnabled(false)
                .archiveClientContext(new AeronArchive.Context().controlResponseChannel("aeron:ipc"))
                .localControlChannel("aeron:ipc")
                .localControlStreamId(10)
                .recordingEventsEnabled(false)
                .replicationChannel("aeron:udp?endpoint=localhost:0");
    }

    private record Recording(long id, long position, double rate) {}

    /** Records all events, and waits until the archive says that they are where the level says. */
    private static Recording record(AeronArchive archive, Records records) throws InterruptedException {
        Aeron aeron = archive.context().aeron();
        try (ExclusivePublication publication = archive.addRecordedExclusivePublication(CHANNEL, STREAM)) {
            CountersReader counters = aeron.countersReader();
            int counter;
            while ((counter = RecordingPos.findCounterIdBySession(counters, publication.sessionId(), archive.archiveId())) == CountersReader.NULL_COUNTER_ID) {
                Thread.sleep(1);
            }
            long id = RecordingPos.getRecordingId(counters, counter);
            BufferClaim claim = new BufferClaim();
            long start = System.nanoTime();
            for (long event = 0; event < records.events(); ++event) publish(publication, claim, event, records);
            while (counters.getCounterValue(counter) < publication.position()) Thread.onSpinWait();
            long nanos = System.nanoTime() - start;
            long position = publication.position();
            archive.stopRecording(publication);
            while (archive.getStopPosition(id) != position) Thread.sleep(1);
            return new Recording(id, position, records.events() * 1e3 / nanos);
        }
    }

    private static void publish(ExclusivePublication publication, BufferClaim claim, long event, Records records) {
        long position;
        while ((position = publication.tryClaim(records.bytes(), claim)) < 0) {
            boolean later = position == Publication.BACK_PRESSURED || position == Publication.ADMIN_ACTION || position == Publication.NOT_CONNECTED;
            Peer.check(later, "the publication says " + position);
            Thread.onSpinWait();
        }
        for (int word = 0; word < records.words(); ++word) claim.buffer().putLong(claim.offset() + 8 * word, event + word);
        claim.commit();
    }

    /** M events/s. */
    private static double replay(AeronArchive archive, Recording recording, Records records) {
        Records.Check check = records.check();
        FragmentHandler handler = (buffer, offset, length, header) -> {
            Peer.equal(records.bytes(), length, "bytes of a record");
            long sum = 0;
            for (int at = offset; at < offset + length; at += 8) sum += buffer.getLong(at);
            check.add(buffer.getLong(offset), sum);
        };
        try (Subscription subscription = archive.replay(recording.id(), 0, recording.position(), CHANNEL, REPLAY_STREAM)) {
            while (subscription.imageCount() == 0) Thread.onSpinWait();
            Image image = subscription.imageAtIndex(0);
            long start = System.nanoTime();
            while (image.position() < recording.position()) {
                if (image.poll(handler, 256) > 0) continue;
                Peer.check(!image.isClosed(), "the replay ended early");
                Thread.onSpinWait();
            }
            long nanos = System.nanoTime() - start;
            check.end();
            return records.events() * 1e3 / nanos;
        }
    }
}
