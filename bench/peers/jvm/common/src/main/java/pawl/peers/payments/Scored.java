package pawl.peers.payments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A payment with its features, which is what rules look at. Amounts and sums in cents; `prior` leaves the payment itself out; terminals' windows of 7 days
 * are 7 days late; `idleSeconds` is the time since the customer's payment before, -1 without one.
 */
public final class Scored {
    public long id;
    public long amount;
    public long terminal;
    public long previousTerminal;
    public long idleSeconds;
    public long customerCount1h;
    public long customerSum1h;
    public long priorCount30d;
    public long priorSum30d;
    public long priorSmall1h;
    public long terminalCount7d;
    public long terminalFraud7d;
    public long terminalCustomers1h;

    /** All of a file with one integer for each field, in their order here. */
    public static Scored[] read(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.skip(1).map(line -> of(Stream.of(line.split(",")).mapToLong(Long::parseLong).toArray())).toArray(Scored[]::new);
        }
    }

    private static Scored of(long[] row) {
        Scored scored = new Scored();
        scored.id = row[0];
        scored.amount = row[1];
        scored.terminal = row[2];
        scored.previousTerminal = row[3];
        scored.idleSeconds = row[4];
        scored.customerCount1h = row[5];
        scored.customerSum1h = row[6];
        scored.priorCount30d = row[7];
        scored.priorSum30d = row[8];
        scored.priorSmall1h = row[9];
        scored.terminalCount7d = row[10];
        scored.terminalFraud7d = row[11];
        scored.terminalCustomers1h = row[12];
        return scored;
    }
}
