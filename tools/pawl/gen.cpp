// `pawl gen payments`: a stream of payments with labelled fraud, the same for the same seed on every machine.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "gen/payments.hpp"
#include "pawl/commands.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct GenOptions {
  std::int64_t events = 1'000'000;
  gen::PaymentOptions payments;
  std::string out = "-";
};

int payments(const GenOptions& options) {
  const auto written = gen::write_payments(options.payments, options.events, options.out);
  return written ? exit_fine : fail(written.error());
}

}  // namespace

void add_gen(Command& program, Action& action) {
  const auto options = std::make_shared<GenOptions>();
  Command gen = program.subcommand("gen", "Generate data to try things with");
  gen.needs_subcommand();
  Command command = gen.subcommand("payments", "Card payments as CSV, with three kinds of labelled fraud");
  command.option("--events", options->events, "How many").shows_default().at_least_zero();
  command.option("--seed", options->payments.seed, "Same seed, same payments").shows_default();
  command.option("--per-day", options->payments.payments_per_day, "Payments a day, in the mean").shows_default();
  command.option("--customers", options->payments.customers, "How many customers").shows_default();
  command.option("--terminals", options->payments.terminals, "How many terminals").shows_default();
  command.option("--out", options->out, "File; compressed if it ends in .zst; - is standard output").shows_default();
  command.does(action, options, &payments);
}

}  // namespace pawl::tools
