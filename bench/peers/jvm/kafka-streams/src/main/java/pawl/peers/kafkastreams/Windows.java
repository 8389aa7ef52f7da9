package pawl.peers.kafkastreams;

import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import pawl.peers.payments.Group;
import pawl.peers.payments.KeyWindow;
import pawl.peers.payments.Payment;
import pawl.peers.payments.Sums;

/** A group's windows in one partition: the store holds the window of each key, in memory, without a changelog. */
final class Windows implements Processor<Long, Payment, Void, Void> {
    private final Group group;
    private final Results results;
    private final Sums sums;
    private final long[] values;
    private KeyValueStore<Long, KeyWindow> store;
    private long left;  // records of the partition

    private Windows(Group group, Results results) {
        this.group = group;
        this.results = results;
        sums = new Sums(group.features);
        values = new long[group.features.size()];
    }

    /** One source, processor and store for each group. */
    static Topology topology(Results results) {
        Topology topology = new Topology();
        for (Group group : Group.values()) {
            String topic = Topics.nameOf(group);
            topology.addSource(topic, new LongDeserializer(), (name, bytes) -> Topics.ofBytes(bytes), topic);
            topology.addProcessor(group.name(), () -> new Windows(group, results), topic);
            topology.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(storeOf(group)), Serdes.Long(), serdeOf(group))
                    .withLoggingDisabled().withCachingDisabled(), group.name());
        }
        return topology;
    }

    @Override
    public void init(ProcessorContext<Void, Void> context) {
        store = context.getStateStore(storeOf(group));
        left = results.topics.recordsOf(group, context.taskId().partition());
    }

    @Override
    public void process(Record<Long, Payment> record) {
        results.begin();
        KeyWindow window = store.get(record.key());
        if (window == null) window = new KeyWindow(group.edgesMs());
        window.add(record.value());
        store.put(record.key(), window);
        group.compute(window, values);
        sums.add(record.value().id, values);
        if (--left == 0) results.add(group, sums);
    }

    private static String storeOf(Group group) {
        return "windows-by-" + group.keyField;
    }

    private static Serde<KeyWindow> serdeOf(Group group) {
        long[] edges = group.edgesMs();
        return Serdes.serdeFrom((topic, window) -> window == null ? null : window.toBytes(), (topic, bytes) -> bytes == null ? null : KeyWindow.of(bytes, edges));
    }
}
