package pawl.peers.disruptor;

import com.lmax.disruptor.EventHandler;

/** Sums all words of every event, and checks that they come in order. */
final class Summing implements EventHandler<Event> {
    private long next;
    private long total;
    private long outOfOrder;
    private long last;
    private volatile boolean done;

    /** Before a pass over the events up to `last`. */
    void expect(long last) {
        this.last = last;
        total = 0;
        done = false;
    }

    @Override
    public void onEvent(Event event, long sequence, boolean endOfBatch) {
        if (sequence != next) ++outOfOrder;
        next = sequence + 1;
        total += event.sum();
        if (sequence == last) done = true;
    }

    boolean isDone() {
        return done;
    }

    long total() {
        return total;
    }

    long outOfOrder() {
        return outOfOrder;
    }
}
