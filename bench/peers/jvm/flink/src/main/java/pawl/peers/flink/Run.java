package pawl.peers.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import pawl.peers.Peer;
import pawl.peers.payments.Passes;
import pawl.peers.payments.Sums;

/**
 * One run of a job in this process, set up for speed: objects reused, state on the heap, no checkpoints, buffers sent when full. Flink copies operators, so
 * what they read and what they found stands here, in static fields.
 */
final class Run {
    static final String VERSION = Peer.versionOf(StreamExecutionEnvironment.class);

    private static Object[] events;
    private static volatile long startedNs;
    private static long endedNs;
    private static List<Sums> sums;

    private Run() {}

    @FunctionalInterface
    interface Job<T> {
        /** `reader`: makes one more reader of all events. */
        void wire(Supplier<DataStream<T>> reader);
    }

    /** Runs one job over `all`. A reader divides them among `tasks` in order. `names`: of what the sums are of, by the number that add() takes. */
    static <T> Passes.Pass of(T[] all, Class<T> type, int tasks, int parallelism, List<List<String>> names, Job<T> job) throws Exception {
        events = all;
        startedNs = 0;
        sums = new ArrayList<>(names.stream().map(Sums::new).toList());
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration());
        DataGeneratorSource<T> source = new DataGeneratorSource<>(index -> type.cast(read(index)), all.length, TypeInformation.of(type));
        job.wire(() -> environment.fromSource(source, WatermarkStrategy.noWatermarks(), "payments").setParallelism(tasks));
        environment.execute();
        return new Passes.Pass(endedNs - startedNs, sums);
    }

    /** What an operator found, when it has seen everything. */
    static synchronized void add(int index, Sums found) {
        sums.get(index).merge(found);
        endedNs = System.nanoTime();
    }

    private static Object read(long index) {
        if (startedNs == 0) startedNs = System.nanoTime();
        return events[(int) index];
    }

    private static Configuration configuration() {
        Configuration settings = new Configuration();
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        settings.set(ExecutionOptions.BUFFER_TIMEOUT_ENABLED, false);
        settings.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        settings.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(64));
        return settings;
    }
}
