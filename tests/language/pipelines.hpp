// Pipelines that the language's tests share.
#pragma once

#include <string_view>

namespace pawl::language::test {

// The example of the language's design: every kind of item.
inline constexpr std::string_view cards = R"(pipeline "cards" version 14

event Payment  { id: int, at: time, customer: int, terminal: int, device: text(32), amount: money, mcc: text(4), fraud: bool }
event Login    { at: time, customer: int, device: text(32), ok: bool }

list hot_terminals of int expires after 28d
let usual      = prior avg(amount per customer, 30d)
let term_risk  = share(fraud per terminal, 7d delayed 7d) otherwise 0
model xgb from "fraud-2018w30.json" sha256 "ea25..." inputs (amount, usual, term_risk)

rule hard_limit "Hard amount limit" { on Payment when amount > 220.00 then decline, score 900
  reason A001 "amount {amount} is over 220.00" }
rule spend_spike { on Payment when prior count(per customer, 30d) >= 5 and amount > 3 * usual then score 600
  reason S001 "amount {amount}, usual {usual}" }
rule card_testing { on Payment when distinct(customer per device, 10m) >= 5 then review queue "devices", add terminal to hot_terminals for 28d }
rule cash_out { pattern small: Payment(amount < 2.00) then big: Payment(amount > 100.00) within 1h per customer then score 500
  reason P001 "{small.amount} then {big.amount} in {big.at - small.at}" }
policy { order allow > decline > challenge > review > approve  decline at score 1000  review at score 600  cap 1000  default approve }
test "probe" { given Payment(customer=1, amount=1.00, at=2018-08-08T10:00:00Z)
               given Payment(customer=1, amount=150.00, at=2018-08-08T10:59:59Z) expect fires cash_out }
)";

// Windowed features of card payments and rules over them: what this release evaluates, and one pattern.
inline constexpr std::string_view windows = R"(# Windows over payments.
pipeline "windows" version 1

event Payment { id: int, at: time, customer: int, terminal: int, amount: money, fraud: bool }

let paid_count_1d  = count(per customer, 1d)
let paid_sum_7d    = sum(amount per customer, 7d)
let paid_avg_7d    = avg(amount per customer, 7d)
let frauds_7d      = count(per terminal, 7d delayed 7d where fraud)
let term_count_7d  = count(per terminal, 7d delayed 7d)
let term_risk_7d   = share(fraud per terminal, 7d delayed 7d) otherwise 0

rule hard_limit     { on Payment when amount > 220.00 then alert }
rule risky          { on Payment when term_count_7d >= 3 and term_risk_7d >= 50% then alert }
rule spike          { on Payment when prior count(per customer, 30d) >= 5 and amount > 3 * prior avg(amount per customer, 30d) then alert }
rule small_then_big { on Payment when amount > 100.00 and prior count(per customer, 1h where amount < 2.00) >= 1 then alert }
rule elsewhere      { on Payment when prior last(terminal per customer, since start) != terminal and at - prior last(at per customer, since start) <= 60s then alert }
rule dormant        { on Payment when at - prior last(at per customer, since start) > 7d then alert }
rule crowd          { on Payment when distinct(customer per terminal, 1h) >= 3 then alert }
rule probe          { pattern small: Payment(amount < 2.00) then big: Payment(amount > 100.00) within 1h per customer then alert }
)";

}  // namespace pawl::language::test
