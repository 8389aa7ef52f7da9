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
#include "pipeline/lanes_run.hpp"
#include "pipeline/latency.hpp"
#include "pipeline/options.hpp"

namespace pawl::bench {
namespace {

struct Options : EngineCommon {
  bool stages = false;
  std::size_t producers = 0;
  PaceOptions pace{.pace = {.rate = 0, .seconds = 10, .warm_up = 0.5}, .sweep_seconds = 2};
  OpenLoad open;  // but for its pace

  [[nodiscard]] OpenLoad paced() const {
    OpenLoad all = open;
    static_cast<Pace&>(all) = pace.pace;
    return all;
  }
};

// With a breakdown, runs with and without it in turn: what it costs.
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
  std::vector<Contender> contenders{{{.group = group, .name = name, .unit = "M events/s"}, [&] { return run(false); }}};
  if (options.open.breakdown) {
    contenders.push_back({{.group = group, .name = fmt::format("the same with the breakdown, one event in {} timed at every stage", options.open.every), .unit = "M events/s", .base = name, .base_label = "without"},
                          [&] { return run(true); }});
  }
  if (options.producers > 0) {
    contenders.push_back({{.group = group, .name = fmt::format("the same from {} producer{} through lanes", options.producers, options.producers == 1 ? "" : "s"), .unit = "M events/s", .base = name, .base_label = "polled"},
                          [&] {
                            const Scratch scratch(load.directory);
                            return run_lanes(load, options.producers, scratch.path("journal"));
                          }});
  }
  run_interleaved(std::move(contenders), options.runs, outcome);
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
  for (Rounds rounds("stages", options.runs, outcome); rounds.next();) {
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
  for (auto& [name, values] : ns) {
    outcome.series.push_back({.group = "each stage alone, one thread", .name = name.substr(2), .unit = "ns/event", .values = std::move(values), .higher_is_better = false});
  }
}

void measure(const Options& options, Outcome& outcome) {
  const EngineLoad load = options.complete_load();
  const gen::PaymentSource prepared = prepare_payments(load.pipeline, load.events);
  const rules::Digest128 digest = measure_throughput(options, load, prepared, outcome);
  if (options.stages) measure_each_stage(options, load, prepared, digest, outcome);
  if (options.pace.pace.rate > 0) measure_latency(load, options.paced(), options.runs, outcome);
  else if (options.open.breakdown || options.open.stall_ms > 0) fail("--breakdown and --stall need a --rate: they are of single events");
  if (!options.pace.sweep.empty()) sweep_rates(load, options.open, options.pace, std::min(options.runs, 3), outcome);
}

}  // namespace

void add_pipeline(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("pipeline", "The whole durable engine: throughput, and latency at a rate");
  add_engine_options(command, *options);
  command.add_flag("--stages", options->stages, "Also the cost of each stage alone, on one thread");
  command.add_option("--producers", options->producers, "Also throughput with so many producers, each on a thread with a lane")->check(CLI::Range(1, 64));
  add_pace_options(command, options->pace);
  command.add_option("--every", options->open.every, "One event of so many is timed")->check(CLI::Range(1, 1 << 20))->capture_default_str();
  command.add_option("--stall", options->open.stall_ms, "The sink stops once for so many ms: shows what an open loop sees")->check(CLI::NonNegativeNumber);
  command.add_flag("--breakdown", options->open.breakdown, "Also where the time of single events goes, and what the slowest had in common; and what asking costs");
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
