package pawl.peers;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** The command line that every peer understands: pairs of --name value. A name that nobody reads is no mistake. */
public final class Options {
    private final Map<String, String> values = new HashMap<>();

    public Options(String[] arguments) {
        if (arguments.length % 2 != 0) throw new IllegalArgumentException("options come as --name value");
        for (int i = 0; i < arguments.length; i += 2) {
            if (!arguments[i].startsWith("--")) throw new IllegalArgumentException("not an option: " + arguments[i]);
            values.put(arguments[i].substring(2), arguments[i + 1]);
        }
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    public String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    public long number(String name, long otherwise) {
        return has(name) ? Long.parseLong(values.get(name)) : otherwise;
    }

    /** A list with commas. */
    public long[] numbers(String name, String otherwise) {
        return Stream.of(text(name, otherwise).split(",")).flatMapToLong(one -> LongStream.of(Long.parseLong(one))).toArray();
    }

    /** Of the run. */
    public long events() {
        return number("events", 1_000_000);
    }

    /** Of an event, in bytes. */
    public int payloadBytes() {
        return Math.toIntExact(number("payload", 24));
    }

    /** For files: it exists, is empty, is on the disk to be measured, and is removed by the caller. */
    public Path directory() {
        return Path.of(text("directory", "."));
    }
}
