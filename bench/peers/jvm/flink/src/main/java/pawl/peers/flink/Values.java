package pawl.peers.flink;

/** The values of one group's features after one payment. Reused for the next. */
public final class Values {
    public long id;
    public long[] values;
}
