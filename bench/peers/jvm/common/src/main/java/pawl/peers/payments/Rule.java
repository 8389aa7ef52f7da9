package pawl.peers.payments;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The handbook's rules over a payment's features, for engines with a language and for those without. bench/rules/handbook_rules.cpp has them in ours. */
public enum Rule {
    HARD_LIMIT("amount > 22000", p -> p.amount > 22_000),
    TERMINAL_RISK("terminalFraud7d * 100 > 55 * terminalCount7d", p -> p.terminalFraud7d * 100 > 55 * p.terminalCount7d),
    TERMINAL_RISK_N3("terminalCount7d >= 3 and terminalFraud7d * 2 >= terminalCount7d", p -> p.terminalCount7d >= 3 && p.terminalFraud7d * 2 >= p.terminalCount7d),
    SPEND_SPIKE("priorCount30d >= 5 and amount * priorCount30d > 3 * priorSum30d", p -> p.priorCount30d >= 5 && p.amount * p.priorCount30d > 3 * p.priorSum30d),
    VELOCITY_1H("customerCount1h >= 4", p -> p.customerCount1h >= 4),
    SPEND_1H("customerSum1h > 30000", p -> p.customerSum1h > 30_000),
    SMALL_THEN_BIG("amount > 10000 and priorSmall1h >= 1", p -> p.amount > 10_000 && p.priorSmall1h >= 1),
    OTHER_TERMINAL_60S("idleSeconds between 0 and 60 and previousTerminal != terminal", p -> p.idleSeconds >= 0 && p.idleSeconds <= 60 && p.previousTerminal != p.terminal),
    DORMANT_7D("idleSeconds > 604800", p -> p.idleSeconds > 604_800),
    DORMANT_7D_BIG("amount > 10000 and idleSeconds > 604800", p -> p.amount > 10_000 && p.idleSeconds > 604_800),
    DISTINCT_CUSTOMERS_1H("terminalCustomers1h >= 3", p -> p.terminalCustomers1h >= 3);

    /** As a filter in EPL. */
    public final String epl;
    public final Predicate<Scored> predicate;

    Rule(String epl, Predicate<Scored> predicate) {
        this.epl = epl;
        this.predicate = predicate;
    }

    public static List<String> names() {
        return Stream.of(values()).map(rule -> rule.name().toLowerCase(Locale.ROOT)).toList();
    }
}
