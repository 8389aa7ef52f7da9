package pawl.peers.aeron;

import io.aeron.driver.MediaDriver;

/** An embedded media driver whose buffers are in memory, in a directory of this process. */
final class Drivers {
    private Drivers() {}

    static MediaDriver.Context settings() {
        return new MediaDriver.Context()
                .aeronDirectoryName("/dev/shm/pawl-peers-aeron-" + ProcessHandle.current().pid())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .termBufferSparseFile(false)
                .warnIfDirectoryExists(false)
                .spiesSimulateConnection(false)
                .errorHandler(Throwable::printStackTrace);
    }
}
