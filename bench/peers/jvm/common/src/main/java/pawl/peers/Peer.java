package pawl.peers;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The frame of a peer: what it prints, how it checks itself, how it ends. See bench/peers/external.hpp for the contract.
 *
 * <p>Libraries may print what they like: standard output is kept for figures, theirs goes to standard error.
 */
public final class Peer {
    private static final PrintStream FIGURES = System.out;

    private Peer() {}

    @FunctionalInterface
    public interface Body {
        void run(Options options) throws Exception;
    }

    /** Runs `body` and ends the process: status 0, or 1 with the reason on standard error. Threads that a library left behind do not matter. */
    public static void main(String[] arguments, Body body) {
        System.setOut(System.err);
        int status = 0;
        try {
            body.run(new Options(arguments));
        } catch (Throwable error) {
            error.printStackTrace();
            System.err.println("error: " + error);  // last, where it is looked for
            status = 1;
        }
        FIGURES.flush();
        System.err.flush();
        Runtime.getRuntime().halt(status);
    }

    /** One figure. To be called only after everything that was counted and summed has been checked. */
    public static void figure(String group, String name, String unit, double value, String version) {
        figure(group, name, unit, value, version, "");
    }

    /** One figure whose results pawl-bench compares with its own. `sums`: members of a JSON object, a checksum by the name of what it is of. */
    public static void figure(String group, String name, String unit, double value, String version, String sums) {
        FIGURES.println(String.format(Locale.ROOT, "{\"group\": %s, \"name\": %s, \"unit\": %s, \"value\": %.6f, \"verified\": true, \"version\": %s, \"sums\": {%s}}",
                quoted(group), quoted(name), quoted(unit), value, quoted(version), sums));
    }

    public static void check(boolean condition, String text) {
        if (!condition) throw new IllegalStateException("wrong result: " + text);
    }

    public static void equal(long wanted, long got, String what) {
        check(wanted == got, what + ": " + got + " instead of " + wanted);
    }

    /**
     * Runs this program again in a Java machine of its own, with more arguments. What one variant taught the compiler would slow down the next
     * in the same machine: calls with one known target turn into calls with many.
     */
    public static void again(String[] arguments, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), System.getProperty("sun.java.command").split(" ")[0]));
        command.addAll(List.of(arguments));
        command.addAll(List.of(more));
        FIGURES.flush();
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) Runtime.getRuntime().halt(status);  // it has said why
    }

    /** The version in the name of the jar that `type` was loaded from: what ran, not what was asked for. */
    public static String versionOf(Class<?> type) {
        String jar = type.getProtectionDomain().getCodeSource().getLocation().getPath();
        Matcher version = Pattern.compile("-(\\d[^/]*)\\.jar$").matcher(jar);
        check(version.find(), "no version in the name of " + jar);
        return version.group(1);
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
