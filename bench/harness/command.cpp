#include "harness/command.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "harness/clock.hpp"

namespace pawl::bench {
namespace {

std::string& command_line() {
  static std::string text;
  return text;
}

}  // namespace

void set_command_line(int argc, char** argv) {
  command_line() = "pawl-bench";
  for (int i = 1; i < argc; ++i) command_line() += std::string(" ") + argv[i];
}

void add_common(CLI::App& command, Common& options) {
  command.add_option("--runs", options.runs, "Interleaved runs of everything; medians are shown")->check(CLI::Range(1, 1000))->capture_default_str();
  command.add_option("--directory", options.directory, "For journals and test files: on the disk to be measured")->capture_default_str();
  command.add_option("--results", options.results, "Where COMMAND.json of the last run lies, for `report`; empty: nowhere")->capture_default_str();
  command.add_option("--json", options.json, "Write the whole outcome there; - is standard output");
  command.add_option("--csv", options.csv, "Write one row per figure and run there");
  command.add_option("--hgrm", options.hgrm, "Write each latency curve to PREFIX-<name>.hgrm, as HdrHistogram does");
}

int run_command(const std::string& name, const Common& options, const std::function<void(Outcome&)>& measure) {
  std::error_code there_already;
  std::filesystem::create_directories(options.directory, there_already);
  const Disturbance disturbance;
  const std::int64_t start = now_ns();
  Outcome outcome{.command = name, .arguments = command_line(), .runs = options.runs, .facts = gather_facts(options.directory)};
  for (const auto& [fact, value] : outcome.facts) fmt::print("{:<14} {}\n", fact, value);
  fmt::print("{:<14} {}\n", "command", outcome.arguments);
  std::fflush(stdout);
  measure(outcome);
  outcome.disturbance = disturbance.why();
  outcome.facts.emplace_back("disturbance", outcome.disturbance);
  outcome.facts.emplace_back("took", fmt::format("{:.1f} s", seconds_since(start)));
  print(outcome);
  fmt::print("{}: {} runs in {:.1f} s; meanwhile {}.\n", name, options.runs, seconds_since(start), outcome.disturbance);
  if (!options.results.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(options.results, ignored);
    write_json(outcome, options.results + "/" + name + ".json");
  }
  if (!options.json.empty()) write_json(outcome, options.json);
  if (!options.csv.empty()) write_csv(outcome, options.csv);
  if (!options.hgrm.empty()) write_hgrm(outcome, options.hgrm);
  return 0;
}

}  // namespace pawl::bench
