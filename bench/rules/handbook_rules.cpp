#include "rules/handbook_rules.hpp"

#include <fmt/format.h>

#include <fstream>

#include "harness/fail.hpp"
#include "windows/payments_run.hpp"

namespace pawl::bench {
namespace {

constexpr std::int64_t week_seconds = 604'800;

constexpr const char* feature_lets = R"(
let previous_terminal     = prior last(terminal per customer, since start)
let previous_at           = prior last(at per customer, since start)
let customer_count_1h     = count(per customer, 1h)
let customer_sum_1h       = sum(amount per customer, 1h)
let prior_count_30d       = prior count(per customer, 30d)
let prior_sum_30d         = prior sum(amount per customer, 30d)
let prior_small_1h        = prior count(per customer, 1h where amount < 2.00)
let terminal_count_7d     = count(per terminal, 7d delayed 7d)
let terminal_fraud_7d     = count(per terminal, 7d delayed 7d where fraud)
let terminal_customers_1h = distinct(customer per terminal, 1h)
)";

// Of the payment, and of the lets above.
enum PaymentField : std::size_t { id, at, customer, terminal, amount };
enum Feature : std::size_t { previous_terminal, previous_at, count_1h, sum_1h, prior_count, prior_sum, prior_small, terminal_count, terminal_fraud, terminal_customers };

Scored scored(const PaymentsRun& run, Sequence s) {
  const std::int64_t time = run.field(at, s);
  const bool first = !run.present(previous_at, s);
  return {.id = run.field(id, s),
          .at = time,
          .amount = {run.field(amount, s)},
          .terminal = run.field(terminal, s),
          .previous_terminal = first ? -1 : run.number(previous_terminal, s),
          .idle_seconds = first ? -1 : (time - run.number(previous_at, s)) / one_second,
          .customer_count_1h = run.number(count_1h, s),
          .customer_sum_1h = {run.number(sum_1h, s)},
          .prior_count_30d = run.number(prior_count, s),
          .prior_sum_30d = {run.number(prior_sum, s)},
          .prior_small_1h = run.number(prior_small, s),
          .terminal_count_7d = run.number(terminal_count, s),
          .terminal_fraud_7d = run.number(terminal_fraud, s),
          .terminal_customers_1h = run.number(terminal_customers, s)};
}

}  // namespace

const std::vector<HandbookRule>& handbook_rules() {
  static const std::vector<HandbookRule> rules{
      {"hard_limit", "amount > 220.00", [](const Scored& p) { return p.amount.minor > 22'000; }},
      {"terminal_risk", "terminal_fraud_7d * 100 > 55 * terminal_count_7d", [](const Scored& p) { return p.terminal_fraud_7d * 100 > 55 * p.terminal_count_7d; }},
      {"terminal_risk_n3", "terminal_count_7d >= 3 and terminal_fraud_7d * 2 >= terminal_count_7d",
       [](const Scored& p) { return p.terminal_count_7d >= 3 && p.terminal_fraud_7d * 2 >= p.terminal_count_7d; }},
      {"spend_spike", "prior_count_30d >= 5 and amount * prior_count_30d > 3 * prior_sum_30d",
       [](const Scored& p) { return p.prior_count_30d >= 5 && p.amount.minor * p.prior_count_30d > 3 * p.prior_sum_30d.minor; }},
      {"velocity_1h", "customer_count_1h >= 4", [](const Scored& p) { return p.customer_count_1h >= 4; }},
      {"spend_1h", "customer_sum_1h > 300.00", [](const Scored& p) { return p.customer_sum_1h.minor > 30'000; }},
      {"small_then_big", "amount > 100.00 and prior_small_1h >= 1", [](const Scored& p) { return p.amount.minor > 10'000 && p.prior_small_1h >= 1; }},
      {"other_terminal_60s", "idle_seconds between 0 and 60 and previous_terminal != terminal",
       [](const Scored& p) { return p.idle_seconds >= 0 && p.idle_seconds <= 60 && p.previous_terminal != p.terminal; }},
      {"dormant_7d", "idle_seconds > 604800", [](const Scored& p) { return p.idle_seconds > week_seconds; }},
      {"dormant_7d_big", "amount > 100.00 and idle_seconds > 604800", [](const Scored& p) { return p.amount.minor > 10'000 && p.idle_seconds > week_seconds; }},
      {"distinct_customers_1h", "terminal_customers_1h >= 3", [](const Scored& p) { return p.terminal_customers_1h >= 3; }},
  };
  return rules;
}

std::string handbook_rules_pipeline() {
  std::string text = R"(pipeline "handbook rules" version 1
event Scored { id: int, at: time, amount: money, terminal: int, previous_terminal: int, idle_seconds: int, customer_count_1h: int, customer_sum_1h: money,
               prior_count_30d: int, prior_sum_30d: money, prior_small_1h: int, terminal_count_7d: int, terminal_fraud_7d: int, terminal_customers_1h: int }
)";
  for (const HandbookRule& rule : handbook_rules()) text += fmt::format("rule {} {{ on Scored when {} then alert }}\n", rule.name, rule.condition);
  return text;
}

std::vector<Scored> scored_payments(std::int64_t payments) {
  std::vector<Scored> all;
  all.reserve(static_cast<std::size_t>(payments));
  PaymentsRun run(feature_lets, payments);
  run.pass([&](Sequence first, Sequence end) {
    for (Sequence s = first; s < end; ++s) all.push_back(scored(run, s));
  });
  return all;
}

void write_scored(const std::vector<Scored>& payments, const std::string& path) {
  std::ofstream file(path);
  file << "id,amount,terminal,previous_terminal,idle_seconds,customer_count_1h,customer_sum_1h,prior_count_30d,prior_sum_30d,prior_small_1h,"
          "terminal_count_7d,terminal_fraud_7d,terminal_customers_1h\n";
  for (const Scored& p : payments) {
    file << fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", p.id, p.amount.minor, p.terminal, p.previous_terminal, p.idle_seconds, p.customer_count_1h,
                        p.customer_sum_1h.minor, p.prior_count_30d, p.prior_sum_30d.minor, p.prior_small_1h, p.terminal_count_7d, p.terminal_fraud_7d,
                        p.terminal_customers_1h);
  }
  if (!file.flush()) fail("cannot write " + path);
}

}  // namespace pawl::bench
