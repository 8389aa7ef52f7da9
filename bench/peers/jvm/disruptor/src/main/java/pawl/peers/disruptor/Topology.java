package pawl.peers.disruptor;

import com.lmax.disruptor.dsl.Disruptor;
import java.util.List;

/** Who reads behind whom. Every reader sums every word. */
enum Topology {
    /** producer -> a */
    ONE_TO_ONE(1),
    /** producer -> {a, b} -> c */
    DIAMOND(3),
    /** producer -> a -> b -> c */
    PIPELINE(3);

    final int readers;

    Topology(int readers) {
        this.readers = readers;
    }

    /** The last of `handlers` is behind all others. */
    void wire(Disruptor<Event> disruptor, List<Summing> handlers) {
        switch (this) {
            case ONE_TO_ONE -> disruptor.handleEventsWith(handlers.get(0));
            case DIAMOND -> disruptor.handleEventsWith(handlers.get(0), handlers.get(1)).then(handlers.get(2));
            case PIPELINE -> disruptor.handleEventsWith(handlers.get(0)).then(handlers.get(1)).then(handlers.get(2));
        }
    }
}
