package pawl.peers.kafkastreams;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.streams.KafkaStreams;
import pawl.peers.Options;
import pawl.peers.Peer;
import pawl.peers.kafka.Broker;
import pawl.peers.payments.Passes;
import pawl.peers.payments.Payment;

/**
 * Windows in Kafka Streams. Its own windows tumble, hop or slide with closed ends and take in later events of the same time: exact windows of single events
 * are a processor with a store. The payments lie in the broker's topics before the clock starts, once by customer and once by terminal, so that nothing has
 * to be sent on between the two groups; results are summed where they are made.
 */
public final class KafkaStreamsWindows {
    private static final String VERSION = Peer.versionOf(KafkaStreams.class);
    private static final int THREADS = 2;

    private KafkaStreamsWindows() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            Payment[] payments = Payment.read(Path.of(options.text("input", "")));
            try (Broker broker = new Broker(Files.createDirectories(options.directory().resolve("kafka")))) {
                Topics topics = new Topics(broker.address(), payments);
                String name = "Kafka Streams " + VERSION + ", processors with a store in memory, " + THREADS + " threads and the broker's, read from topics";
                Passes.measure(options, payments.length, name, VERSION, () -> pass(options, broker, new Results(topics)));
            }
        });
    }

    private static Passes.Pass pass(Options options, Broker broker, Results results) throws Exception {
        Properties settings = new Properties();
        settings.put("application.id", "pass-" + System.nanoTime());
        settings.put("bootstrap.servers", broker.address());
        settings.put("state.dir", options.directory().resolve("state").toString());
        settings.put("num.stream.threads", THREADS);
        settings.put("statestore.cache.max.bytes", 0);
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", 10_000);
        settings.put("buffered.records.per.partition", 20_000);
        settings.put("fetch.max.bytes", 64 << 20);
        settings.put("max.partition.fetch.bytes", 4 << 20);
        settings.put("receive.buffer.bytes", 1 << 20);
        try (KafkaStreams streams = new KafkaStreams(Windows.topology(results), settings)) {
            streams.setUncaughtExceptionHandler(results::fail);
            streams.start();
            return results.await();
        }
    }
}
