package pawl.peers.kafkastreams;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.LongSerializer;
import pawl.peers.payments.Group;
import pawl.peers.payments.Payment;

/** All payments in a topic for each group, keyed and divided by its key, in order. */
final class Topics {
    private static final int PARTITIONS = 2;
    private static final int PAYMENT_BYTES = 41;

    private final long[][] records = new long[Group.values().length][PARTITIONS];

    Topics(String broker, Payment[] payments) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
            admin.createTopics(Stream.of(Group.values()).map(group -> new NewTopic(nameOf(group), PARTITIONS, (short) 1)).toList()).all().get();
        }
        Map<String, Object> settings = Map.of("bootstrap.servers", broker, "batch.size", 1 << 20, "linger.ms", 5);
        try (KafkaProducer<Long, byte[]> producer = new KafkaProducer<>(settings, new LongSerializer(), new ByteArraySerializer())) {
            for (Payment payment : payments) {
                byte[] bytes = toBytes(payment);
                for (Group group : Group.values()) {
                    int partition = (int) (group.key(payment) % PARTITIONS);
                    producer.send(new ProducerRecord<>(nameOf(group), partition, group.key(payment), bytes));
                    ++records[group.ordinal()][partition];
                }
            }
        }
    }

    static String nameOf(Group group) {
        return "payments-by-" + group.keyField;
    }

    int partitions() {
        return PARTITIONS * records.length;
    }

    long recordsOf(Group group, int partition) {
        return records[group.ordinal()][partition];
    }

    private static byte[] toBytes(Payment payment) {
        return ByteBuffer.allocate(PAYMENT_BYTES).putLong(payment.id).putLong(payment.at).putLong(payment.customer).putLong(payment.terminal)
                .putLong(payment.amount).put((byte) (payment.fraud ? 1 : 0)).array();
    }

    static Payment ofBytes(byte[] array) {
        ByteBuffer bytes = ByteBuffer.wrap(array);
        Payment payment = new Payment();
        payment.id = bytes.getLong();
        payment.at = bytes.getLong();
        payment.customer = bytes.getLong();
        payment.terminal = bytes.getLong();
        payment.amount = bytes.getLong();
        payment.fraud = bytes.get() != 0;
        return payment;
    }
}
