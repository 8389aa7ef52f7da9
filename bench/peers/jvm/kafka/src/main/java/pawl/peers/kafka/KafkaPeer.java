package pawl.peers.kafka;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import pawl.peers.Options;
import pawl.peers.Peer;
import pawl.peers.Records;

/**
 * Kafka: one broker, one partition (one order), idempotent producer, acks=all. With flush.messages=1 the broker syncs its log after every batch that it
 * appends, before it acknowledges; as it is usually run it leaves batches in the page cache.
 */
public final class KafkaPeer {
    private static final String VERSION = Peer.versionOf(KafkaProducer.class);
    private static final int WARM_UP_PASSES = 2;
    private static final int BATCH_BYTES = 1 << 20;

    private KafkaPeer() {}

    public static void main(String[] arguments) {
        Peer.main(arguments, options -> {
            Path log = Files.createDirectories(options.directory().resolve("kafka"));
            try (Broker broker = new Broker(log); Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
                measure(options, broker, admin, "disk", "fsync per batch", Map.of("flush.messages", "1"));
                measure(options, broker, admin, "os", "page cache", Map.of());
            }
        });
    }

    private static void measure(Options options, Broker broker, Admin admin, String durability, String how, Map<String, String> topicSettings) throws Exception {
        Records records = new Records(options.events(), options.payloadBytes());
        String name = "Kafka " + VERSION + ", acks=all, batches up to " + (BATCH_BYTES >> 20) + " MiB, " + how;
        double written = 0, read = 0;
        for (int pass = 0; pass <= WARM_UP_PASSES; ++pass) {
            String topic = durability + "-" + pass;
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(topicSettings))).all().get();
            written = write(broker, topic, records);
            read = read(broker, topic, records);
            admin.deleteTopics(List.of(topic)).all().get();
        }
        Peer.figure("journal, events, " + durability, name, "M events/s", written, VERSION);
        Peer.figure("journal, events read back", name + ", consumed", "M events/s", read, VERSION);
    }

    private static double write(Broker broker, String topic, Records records) {
        Map<String, Object> settings = Map.of("bootstrap.servers", broker.address(), "acks", "all", "enable.idempotence", true, "linger.ms", 5,
                "batch.size", BATCH_BYTES, "buffer.memory", 64L << 20, "max.request.size", 4 * BATCH_BYTES, "send.buffer.bytes", 1 << 20);
        AtomicLong acknowledged = new AtomicLong();
        Callback count = (metadata, error) -> {
            if (error == null) acknowledged.incrementAndGet();
        };
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.partitionsFor(topic);
            // `send` copies the value before it returns.
            ByteBuffer value = ByteBuffer.allocate(records.bytes());
            long start = System.nanoTime();
            for (long event = 0; event < records.events(); ++event) {
                for (int word = 0; word < records.words(); ++word) value.putLong(8 * word, event + word);
                producer.send(new ProducerRecord<>(topic, 0, null, value.array()), count);
            }
            producer.flush();
            long nanos = System.nanoTime() - start;
            Peer.equal(records.events(), acknowledged.get(), "records acknowledged");
            return records.events() * 1e3 / nanos;
        }
    }

    private static double read(Broker broker, String topic, Records records) {
        Map<String, Object> settings = Map.of("bootstrap.servers", broker.address(), "max.poll.records", 100_000, "enable.auto.commit", false,
                "fetch.max.bytes", 64 << 20, "max.partition.fetch.bytes", 16 << 20, "receive.buffer.bytes", 1 << 20, "auto.offset.reset", "earliest");
        Records.Check check = records.check();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long start = System.nanoTime();
            while (check.count() < records.events()) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(10))) {
                    ByteBuffer value = ByteBuffer.wrap(record.value());
                    Peer.equal(records.bytes(), value.remaining(), "bytes of a record");
                    long first = value.getLong();
                    long sum = first;
                    while (value.hasRemaining()) sum += value.getLong();
                    check.add(first, sum);
                }
                Peer.check(System.nanoTime() - start < 60_000_000_000L, "only " + check.count() + " records came back in 60 s");
            }
            long nanos = System.nanoTime() - start;
            check.end();
            return records.events() * 1e3 / nanos;
        }
    }
}
