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
#include "pipeline/options.hpp"

namespace pawl::bench {
namespace {

struct Options : EngineCommon {
  bool stages = false;
};

rules::Digest128 measure_throughput(const Options& options, const EngineLoad& load, const gen::PaymentSource& prepared, Outcome& outcome) {
  std::optional<ClosedRun> last;
  const auto run = [&] {
    const Scratch scratch(load.directory);
    ClosedRun now = run_closed(load, prepared, scratch.path("journal"));
    if (last) check_digest(last->report.digest, now.report.digest);
    last = std::move(now);
    return static_cast<double>(load.events) * 1e-6 / last->seconds;
  };
  const std::string level(journal::name(load.durability));
  run_interleaved({{{.group = "whole engine, as fast as it goes", .name = "payments to decisions, journal at " + level, .unit = "M events/s"}, run}},
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
}

}  // namespace

void add_pipeline(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("pipeline", "The whole durable engine: throughput, and latency at a rate");
  add_engine_options(command, *options);
  command.add_flag("--stages", options->stages, "Also the cost of each stage alone, on one thread");
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
