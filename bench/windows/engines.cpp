#include "windows/engines.hpp"

#include <fmt/format.h>

#include "harness/fail.hpp"
#include "harness/scratch.hpp"
#include "peers/engines.hpp"
#include "windows/payments_run.hpp"

namespace pawl::bench {
namespace {

// What every engine can compute exactly; bench/peers/jvm has the same, by the same names.
std::string compared_lets() {
  std::string text;
  for (const char* span : {"1d", "7d", "30d"}) {
    text += fmt::format("let customer_count_{0} = count(per customer, {0})\n", span);
    text += fmt::format("let customer_sum_{0} = sum(amount per customer, {0})\n", span);
    text += fmt::format("let customer_avg_{0} = avg(amount per customer, {0})\n", span);
    text += fmt::format("let terminal_count_{0} = count(per terminal, {0} delayed 7d)\n", span);
    text += fmt::format("let terminal_fraud_{0} = count(per terminal, {0} delayed 7d where fraud)\n", span);
  }
  return text;
}

std::uint64_t sum_of(const PaymentsRun& run, std::size_t feature, Sequence first, Sequence end) {
  std::uint64_t sum = 0;
  for (Sequence s = first; s < end; ++s) {
    const std::int64_t number = run.number(feature, s);
    sum += weighted(s, run.is_ratio(feature) ? quotient_bits(number, run.denominator(feature, s)) : number);
  }
  return sum;
}

// One pass to sums of all values, as the others do it. A payment's id is its sequence.
double pass(PaymentsRun& run, Sums& sums) {
  std::vector<std::uint64_t> totals(run.features());
  const double seconds = run.pass([&](Sequence first, Sequence end) {
    for (std::size_t f = 0; f < totals.size(); ++f) totals[f] += sum_of(run, f, first, end);
  });
  for (std::size_t f = 0; f < totals.size(); ++f) sums[run.name(f)] = totals[f];
  return seconds;
}

}  // namespace

void measure_window_engines(std::int64_t payments, const std::string& directory, int runs, Outcome& outcome) {
  const Scratch scratch(directory);
  EngineTable table{.subcommand = "windows", .ours = "pawl, one thread, batches of 256", .payments = payments, .file = scratch.path("payments.csv"), .directory = directory};
  or_fail(gen::write_payments(fifty_days(payments), payments, table.file));
  PaymentsRun ours(compared_lets(), payments);
  pass(ours, table.expected);
  table.group = fmt::format("windows beside other engines: {} features of {} payments", ours.features(), payments);
  const auto again = [&] {
    Sums sums;
    const double seconds = pass(ours, sums);
    if (sums != table.expected) fail("windows: two passes over the same payments differ");
    return seconds;
  };
  measure_beside_engines(table, again, runs, outcome);
}

}  // namespace pawl::bench
