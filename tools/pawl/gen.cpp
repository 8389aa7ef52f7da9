// `pawl gen payments`: a stream of payments with labelled fraud, the same for the same seed on every machine.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "gen/payments.hpp"
#include "pawl/commands.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

struct Options {
  std::int64_t events = 1'000'000;
  gen::PaymentOptions payments;
  std::string out = "-";
};

int payments(const Options& options) {
  const auto written = gen::write_payments(options.payments, options.events, options.out);
  return written ? exit_fine : fail(written.error());
}

}  // namespace

void add_gen(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& gen = *app.add_subcommand("gen", "Generate data to try things with");
  gen.require_subcommand(1);
  CLI::App& command = *gen.add_subcommand("payments", "Card payments as CSV, with three kinds of labelled fraud");
  command.add_option("--events", options->events, "How many")->capture_default_str()->check(CLI::NonNegativeNumber);
  command.add_option("--seed", options->payments.seed, "Same seed, same payments")->capture_default_str();
  command.add_option("--per-day", options->payments.payments_per_day, "Payments a day, in the mean")->capture_default_str();
  command.add_option("--customers", options->payments.customers, "How many customers")->capture_default_str();
  command.add_option("--terminals", options->payments.terminals, "How many terminals")->capture_default_str();
  command.add_option("--out", options->out, "File; compressed if it ends in .zst; - is standard output")->capture_default_str();
  command.callback([options, &action] { action = [options] { return payments(*options); }; });
}

}  // namespace pawl::tools
