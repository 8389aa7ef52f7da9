#include "peers/engines.hpp"

#include <fmt/format.h>

#include "harness/runs.hpp"
#include "peers/external.hpp"

namespace pawl::bench {
namespace {

// Seconds. A few payments are for a test, which has none to spare.
struct Effort {
  explicit Effort(std::int64_t payments) : warm_up(payments < 100'000 ? 0 : 5), measured(payments < 100'000 ? 0 : 2) {}
  int warm_up, measured;
};

double payments_per_second(const EngineTable& table, const std::function<double()>& pass, double at_least_s) {
  double seconds = 0;
  int passes = 0;
  do {
    seconds += pass();
    ++passes;
  } while (seconds < at_least_s);
  return static_cast<double>(table.payments) * passes / seconds;
}

}  // namespace

void measure_beside_engines(const EngineTable& table, const std::function<double()>& pass, int runs, Outcome& outcome) {
  const Effort effort(table.payments);
  const std::string arguments = fmt::format("--input '{}' --group '{}' --warm-up {} --seconds {}", table.file, table.group, effort.warm_up, effort.measured);
  ExternalPeers engines(table.subcommand, Peers::all, arguments, table.directory, table.expected);
  Series ours{.group = table.group, .name = table.ours, .unit = "M payments/s"};
  for (Rounds rounds(table.group, runs, outcome); rounds.next();) {
    ours.values.push_back(payments_per_second(table, pass, effort.measured) * 1e-6);
    engines.run_once();
  }
  outcome.series.push_back(std::move(ours));
  engines.append_to(outcome);
  outcome.notes.push_back(fmt::format("Engines: from the first payment in memory to the last result, over and over for {} s after {} s for their compilers; Kafka Streams reads topics of a "
                                      "broker in its process. A figure stands only with results that are, payment by payment, ours.", effort.measured, effort.warm_up));
}

}  // namespace pawl::bench
