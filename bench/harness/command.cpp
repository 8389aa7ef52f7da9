#include "harness/command.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/agreement.hpp"
#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/pin.hpp"

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
  command.add_option("--warm-up-runs", options.warm_up_runs, "Rounds of throughput figures that are thrown away first")->check(CLI::Range(0, 1000))->capture_default_str();
  command.add_option("--cpus", options.cpus, "Run on these CPUs alone, as in 0,2-3; threads are pinned to them from the highest down");
  command.add_option("--directory", options.directory, "For journals and test files: on the disk to be measured")->capture_default_str();
  command.add_option("--results", options.results, "Where COMMAND.json of the last run lies, for `report`; empty: nowhere")->capture_default_str();
  command.add_option("--compare", options.compare, "Outcome (JSON) to compare with; without it the last of the same command line, commit and CPU in --results")->check(CLI::ExistingFile);
  command.add_option("--json", options.json, "Write the whole outcome there; - is standard output");
  command.add_option("--csv", options.csv, "Write one row per figure and run there");
  command.add_option("--hgrm", options.hgrm, "Write each latency curve to PREFIX-<name>.hgrm, as HdrHistogram does");
}

namespace {

void show_facts(const Outcome& outcome) {
  for (const auto& [fact, value] : outcome.facts) fmt::print("{:<14} {}\n", fact, value);
  fmt::print("{:<14} {}\n", "command", outcome.arguments);
  std::fflush(stdout);
}

// Facts, condition and verdict, once everything is measured.
void conclude(Outcome& outcome, const Disturbance& disturbance, double seconds) {
  outcome.disturbance = disturbance.why();
  outcome.facts.emplace_back("disturbance", outcome.disturbance);
  outcome.facts.emplace_back("took", fmt::format("{:.1f} s", seconds));
  outcome.verdict = judge(outcome);
  for (Series& series : condition_series(outcome.conditions)) outcome.series.push_back(std::move(series));
}

nlohmann::json read_json(const std::string& path) { return nlohmann::json::parse(std::ifstream(path), nullptr, false); }

// The same command of the same build on the same CPU: its figures should be the same.
bool is_twin(const nlohmann::json& before, const nlohmann::json& now) {
  return before.is_object() && before.value("pawl_bench", 0) == 1 && before["arguments"] == now["arguments"] && before["facts"]["commit"] == now["facts"]["commit"] &&
         before["facts"]["CPU"] == now["facts"]["CPU"];
}

void print_comparison(const Outcome& outcome, const Common& options) {
  const nlohmann::json now = to_json(outcome);
  const bool asked = !options.compare.empty();
  const nlohmann::json before = read_json(asked ? options.compare : options.results + "/" + outcome.command + ".json");
  if (asked && (!before.is_object() || before.value("pawl_bench", 0) != 1 || before["command"] != outcome.command)) fail(options.compare + " is no outcome of pawl-bench " + outcome.command);
  if (!asked && !is_twin(before, now)) return;
  fmt::print("{}\n", compare(before, now).text(asked ? options.compare : "the same command at " + before["facts"]["time"].get<std::string>()));
}

void write_files(const Outcome& outcome, const Common& options) {
  if (!options.results.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(options.results, ignored);
    write_json(outcome, options.results + "/" + outcome.command + ".json");
  }
  if (!options.json.empty()) write_json(outcome, options.json);
  if (!options.csv.empty()) write_csv(outcome, options.csv);
  if (!options.hgrm.empty() && outcome.curves.empty()) fail("--hgrm: " + outcome.command + " had no open loop here, so there is no distribution to write");
  if (!options.hgrm.empty()) write_hgrm(outcome, options.hgrm);
}

}  // namespace

int run_command(const std::string& name, const Common& options, const std::function<void(Outcome&)>& measure) {
  std::error_code there_already;
  std::filesystem::create_directories(options.directory, there_already);
  if (!options.cpus.empty()) use_only(options.cpus);
  const Disturbance disturbance;
  const std::int64_t start = now_ns();
  Outcome outcome{.command = name, .arguments = command_line(), .runs = options.runs, .warm_up_runs = options.warm_up_runs, .facts = gather_facts(options.directory)};
  show_facts(outcome);
  measure(outcome);
  conclude(outcome, disturbance, seconds_since(start));
  print(outcome);
  fmt::print("{}: {} runs in {:.1f} s; meanwhile {}.\n{}\n", name, options.runs, seconds_since(start), outcome.disturbance, outcome.verdict);
  print_comparison(outcome, options);
  write_files(outcome, options);
  return 0;
}

}  // namespace pawl::bench
