package pawl.peers.aeron;

import io.aeron.driver.MediaDriver;
import java.io.File;
import org.agrona.IoUtil;

/** An embedded media driver whose buffers are in memory, in a directory of this process. */
final class Drivers {
    private Drivers() {}

    static MediaDriver.Context settings() {
        File directory = new File("/dev/shm/pawl-peers-aeron-" + ProcessHandle.current().pid());
        // A driver that is closed removes its directory; one whose process is ended from outside would leave it in memory.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> IoUtil.delete(directory, true)));
        return new MediaDriver.Context()
                .aeronDirectoryName(directory.getPath())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .termBufferSparseFile(false)
                .warnIfDirectoryExists(false)
                .spiesSimulateConnection(false)
                .errorHandler(Throwable::printStackTrace);
    }
}
