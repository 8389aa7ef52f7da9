package pawl.peers.payments;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Stream;

/** A card payment: `at` in ms since 1970, `amount` in cents. Its fields are public for the code that engines make to read and write them. */
public final class Payment {
    public long id;
    public long at;
    public long customer;
    public long terminal;
    public long amount;
    public boolean fraud;

    /** All of a file as `pawl gen payments` writes it, in its order: id,at,customer,terminal,amount,fraud. */
    public static Payment[] read(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.skip(1).map(line -> of(line.split(","))).toArray(Payment[]::new);
        }
    }

    private static Payment of(String[] row) {
        Payment payment = new Payment();
        payment.id = Long.parseLong(row[0]);
        payment.at = Instant.parse(row[1]).toEpochMilli();
        payment.customer = Long.parseLong(row[2]);
        payment.terminal = Long.parseLong(row[3]);
        payment.amount = new BigDecimal(row[4]).movePointRight(2).longValueExact();
        payment.fraud = row[5].equals("1");
        return payment;
    }
}
