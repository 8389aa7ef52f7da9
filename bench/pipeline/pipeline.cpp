// pawl-bench pipeline: the whole durable engine.
#include <fmt/format.h>

#include <map>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/runs.hpp"
#include "harness/scratch.hpp"
#include "harness/statistics.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pipeline/closed_run.hpp"
#include "pipeline/latency.hpp"
#include "pipeline/options.hpp"

namespace pawl::bench {
namespace {

struct Options : EngineCommon {
  bool stages = false;
  OpenLoad open{.rate = 0};
  std::vector<double> sweep;
  double sweep_seconds = 2;
};

// Runs with and without the timeline in turn: what the timing of the open loop costs.
rules::Digest128 measure_throughput(const Options& options, const EngineLoad& load, const gen::PaymentSource& prepared, Outcome& outcome) {
  std::optional<ClosedRun> last;
  const auto run = [&](bool timed) {
    const Scratch scratch(load.directory);
    ClosedRun now = run_closed(load, prepared, scratch.path("journal"), timed ? options.open.every : 0);
    if (last) check_digest(last->report.digest, now.report.digest);
    last = std::move(now);
    return static_cast<double>(load.events) * 1e-6 / last->seconds;
  };
  const std::string name = fmt::format("payments to decisions, journal at {}", journal::name(load.durability));
  const std::string group = "whole engine, as fast as it goes";
  run_interleaved({{{.group = group, .name = name, .unit = "M events/s"}, [&] { return run(false); }},
                   {{.group = group, .name = fmt::format("the same, one event in {} timed at every stage", options.open.every), .unit = "M events/s", .base = name, .base_label = "untimed"},
                    [&] { return run(true); }}},
                  options.runs, outcome);
  const journal::WriterCounters& counters = last->report.journal;
  std::string threads = last->threads;
  while (!threads.empty() && threads.back() == '\n') threads.pop_back();
  outcome.notes.push_back("Threads:\n" + threads);
  outcome.notes.push_back(fmt::format("Journal: {} blocks of {:.0f} events, {:.1f} bytes per event. Every run gave one decision per event and digest {}.", counters.blocks,
                                      static_cast<double>(load.events) / static_cast<double>(std::max<std::uint64_t>(counters.blocks, 1)),
                                      static_cast<double>(counters.bytes) / static_cast<double>(load.events), rules::to_hex(last->report.digest)));
  return last->report.digest;
}

void measure_each_stage(const Options& options, const EngineLoad& load, const gen::PaymentSource& prepared, const rules::Digest128& digest, Outcome& outcome) {
  const auto loaded = or_fail(journal::check_pipeline(load.pipeline, "pipeline"));
  std::map<std::string, std::vector<double>> ns;
  for (int run = 0; run < options.runs; ++run) {
    show_progress("stages", run, options.runs);
    for (const auto level : {Durability::memory, Durability::os, Durability::disk}) {
      const StageRun stage = measure_stages(load, *loaded.pipeline, prepared, level);
      check_digest(digest, stage.digest);
      if (stage.decisions != static_cast<std::uint64_t>(load.events)) fail("a decision is missing");
      ns["1 source (payments from memory into slots)"].push_back(stage.ns.source);
      ns["2 sequence (clock, header, CRC)"].push_back(stage.ns.sequence);
      ns["3 windows"].push_back(stage.ns.windows);
      ns["4 decide (CRC again, rules, records, digest)"].push_back(stage.ns.decide);
      ns["5 emit (to a sink that counts)"].push_back(stage.ns.emit);
      ns[fmt::format("{} journal at {}, with its waiting", 6 + static_cast<int>(level), journal::name(level))].push_back(stage.ns.journal);
    }
  }
  show_progress("", options.runs, options.runs);
  for (auto& [name, values] : ns) {
    outcome.series.push_back({.group = "each stage alone, one thread", .name = name.substr(2), .unit = "ns/event", .values = std::move(values), .higher_is_better = false});
  }
}

void measure(const Options& options, Outcome& outcome) {
  const EngineLoad load = options.complete_load();
  const gen::PaymentSource prepared = prepare_payments(load.pipeline, load.events);
  const rules::Digest128 digest = measure_throughput(options, load, prepared, outcome);
  if (options.stages) measure_each_stage(options, load, prepared, digest, outcome);
  if (options.open.rate > 0) measure_latency(load, options.open, options.runs, outcome);
  OpenLoad sweep = options.open;
  sweep.seconds = options.sweep_seconds;
  if (!options.sweep.empty()) sweep_rates(load, sweep, options.sweep, std::min(options.runs, 3), outcome);
}

}  // namespace

void add_pipeline(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("pipeline", "The whole durable engine: throughput, and latency at a rate");
  add_engine_options(command, *options);
  command.add_flag("--stages", options->stages, "Also the cost of each stage alone, on one thread");
  command.add_option("--rate", options->open.rate, "Also latency, in an open loop of so many events a second")->check(CLI::PositiveNumber);
  command.add_option("--seconds", options->open.seconds, "Of the open loop")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--warm-up", options->open.warm_up, "Seconds of the open loop before those")->check(CLI::NonNegativeNumber)->capture_default_str();
  command.add_option("--every", options->open.every, "One event of so many is timed")->check(CLI::Range(1, 1 << 20))->capture_default_str();
  command.add_option("--stall", options->open.stall_ms, "The sink stops once for so many ms: shows what an open loop sees")->check(CLI::NonNegativeNumber);
  command.add_option("--sweep", options->sweep, "Also latency at each of these rates")->delimiter(',')->check(CLI::PositiveNumber);
  command.add_option("--sweep-seconds", options->sweep_seconds, "At each rate")->check(CLI::PositiveNumber)->capture_default_str();
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
