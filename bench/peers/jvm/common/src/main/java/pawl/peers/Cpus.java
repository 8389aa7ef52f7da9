package pawl.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Threads on CPUs of their own, as Pawl's benchmarks put theirs: with Linux's taskset, since Java has no call for it. */
public final class Cpus {
    private Cpus() {}

    /** The CPUs that this process may use, the highest first: CPU 0 has most of the interrupts. */
    private static List<Integer> usable() throws IOException {
        List<Integer> cpus = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (!line.startsWith("Cpus_allowed_list:")) continue;
            for (String range : line.substring(line.indexOf(':') + 1).trim().split(",")) {
                String[] ends = range.split("-");
                for (int cpu = Integer.parseInt(ends[0]); cpu <= Integer.parseInt(ends[ends.length - 1]); ++cpu) cpus.add(0, cpu);
            }
        }
        return cpus;
    }

    /** Pins the calling thread to the CPU at `index` of those usable. With one CPU, or where it is refused, the thread stays where it is. */
    public static void pin(int index) {
        try {
            List<Integer> cpus = usable();
            if (cpus.size() < 2) return;
            String thread = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString();
            String cpu = cpus.get(index % cpus.size()).toString();
            new ProcessBuilder("taskset", "-cp", cpu, thread).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        } catch (IOException | InterruptedException error) {
            System.err.println("not pinned: " + error);
        }
    }
}
