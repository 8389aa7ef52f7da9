#include "pipeline/latency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "harness/latency_rows.hpp"
#include "harness/runs.hpp"
#include "harness/scratch.hpp"
#include "harness/statistics.hpp"
#include "journal/bare_loop.hpp"
#include "machine/yardsticks.hpp"
#include "pipeline/closed_loop.hpp"

namespace pawl::bench {
namespace {

OpenRun run_in_scratch(const EngineLoad& load, const OpenLoad& open, const gen::PaymentSource& prepared) {
  const Scratch scratch(load.directory);
  return run_open(load, open, prepared, scratch.path("journal"));
}

// So many that one stall is beyond p99.9.
constexpr std::int64_t closed_loop_events = 4000;

Histogram closed_in_scratch(const EngineLoad& load, const OpenLoad& open, const gen::PaymentSource& prepared) {
  const Scratch scratch(load.directory);
  return run_closed_loop(load, closed_loop_events, open.stall_ms, prepared, scratch.path("journal"));
}

// p99 and p99.9 less those of the noise of the same run: what the engine adds to the machine's own.
void append_excess(const std::string& group, const std::string& name, const LatencyRows& rows, const LatencyRows& noise, Outcome& outcome) {
  for (const std::size_t percentile : {std::size_t{1}, std::size_t{2}}) {
    Series excess{.group = group + ", excess over N, us", .name = fmt::format("{} {}", name, LatencyRows::names[percentile]), .unit = "us", .higher_is_better = false};
    for (std::size_t run = 0; run < rows.values(percentile).size(); ++run) {
      excess.values.push_back(std::max(0.0, rows.values(percentile)[run] - noise.values(percentile)[run]));
    }
    outcome.series.push_back(std::move(excess));
  }
}

// Shares, causes and curves of all runs together, stage by stage.
class BreakdownRows {
 public:
  explicit BreakdownRows(double rate) {
    for (std::size_t p = 0; p < part_count; ++p) curves_[p] = curve(part_names[p], rate);
    journal_ = curve("journal, beside windows and rules: from sequenced to durable", rate);
  }
  void add(const OpenRun& run) {
    for (std::size_t p = 0; p < part_count; ++p) {
      curves_[p].histogram.merge(run.stages.parts[p]);
      p50_[p].push_back(run.shares->around_p50_us[p]);
      p99_9_[p].push_back(run.shares->above_p99_9_us[p]);
    }
    journal_.histogram.merge(run.stages.durable_after);
    for (std::size_t c = 0; c <= cause_count; ++c) {
      slowest_[c].push_back(run.shares->of_slowest_percent[c]);
      others_[c].push_back(run.shares->of_others_percent[c]);
    }
    notes_.push_back(run.shares->episodes);
    watched_ = run.watched;
  }
  void append_to(Outcome& outcome) {
    append_shares("where the time goes, events around p50", p50_, outcome);
    append_shares("where the time goes, events above p99.9", p99_9_, outcome);
    append_causes(outcome);
    for (Curve& one : curves_) outcome.curves.push_back(std::move(one));
    outcome.curves.push_back(std::move(journal_));
    std::string episodes;
    for (const std::string& note : notes_) episodes += (episodes.empty() ? "" : "; ") + note;
    outcome.notes.push_back("The slowest thousandth, run by run: " + episodes + ".");
    outcome.notes.push_back(fmt::format("Its cost in the last run: {}; what that does to throughput stands in the first table.", watched_));
  }

 private:
  using Rows = std::array<std::vector<double>, part_count>;
  using CauseRows = std::array<std::vector<double>, cause_count + 1>;

  static Curve curve(const char* name, double rate) { return {.group = fmt::format("each stage's own time at {:.0f} events/s", rate), .name = name, .rate = rate}; }

  static void append_shares(const std::string& what, const Rows& rows, Outcome& outcome) {
    Series all{.group = what, .name = "all of it", .unit = "us of an event", .values = std::vector<double>(rows[0].size()), .higher_is_better = false, .judged = false};
    for (std::size_t p = 0; p < part_count; ++p) {
      for (std::size_t run = 0; run < rows[p].size(); ++run) all.values[run] += rows[p][run];
      outcome.series.push_back({.group = what, .name = part_names[p], .unit = all.unit, .values = rows[p], .higher_is_better = false, .base = all.name, .base_label = "all", .judged = false});
    }
    outcome.series.push_back(std::move(all));
  }
  void append_causes(Outcome& outcome) const {
    const std::string group = "what the slowest thousandth had in common (took a tenth of its time, or more)";
    for (std::size_t c = 0; c <= cause_count; ++c) {
      const std::string name = c == cause_count ? "none of these" : cause_names[c];
      outcome.series.push_back({.group = group, .name = name, .unit = "% of events", .values = slowest_[c], .higher_is_better = false, .judged = false});
      outcome.series.push_back({.group = group, .name = name + ", all other events", .unit = "% of events", .values = others_[c], .higher_is_better = false, .judged = false});
    }
  }

  std::array<Curve, part_count> curves_;
  Curve journal_;
  Rows p50_, p99_9_;
  CauseRows slowest_, others_;
  std::vector<std::string> notes_;
  std::string watched_;
};

std::string achieved(double rate, const std::vector<double>& rates) {
  const double reached = median(rates);
  return reached < 0.98 * rate ? fmt::format("SATURATED: {:.0f} events/s came through of {:.0f} planned; latencies are those of a growing queue.", reached, rate)
                               : fmt::format("Kept up: {:.0f} events/s came through of {:.0f} planned.", reached, rate);
}

}  // namespace

void measure_latency(const EngineLoad& load, const OpenLoad& open, int runs, Outcome& outcome) {
  const gen::PaymentSource prepared = prepare_payments(load.pipeline, std::max(open.events(), closed_loop_events));
  const std::string group = fmt::format("open loop at {:.0f} events/s", open.rate);
  const bool on_disk = load.durability == Durability::disk;
  const std::string durable = on_disk ? "durable and emitted" : fmt::format("emitted, journal at {}", journal::name(load.durability));
  LatencyRows decision(group, "decision, not waiting for the disk", open.rate, false), emitted(group, durable, open.rate, false);
  LatencyRows closed(group, "a closed loop, one event at a time", 0, false);
  LatencyRows noise(group, "N: a loop that does nothing else", open.rate, true), bare(group, "D': bare group-commit loop", open.rate, false);
  BreakdownRows breakdown(open.rate);
  std::vector<double> rates;
  BareLoopOptions loop;
  loop.directory = load.directory;
  loop.rate = open.rate;
  loop.seconds = std::min(open.seconds, 3.0);
  for (Rounds rounds(group, runs, outcome); rounds.next();) {
    noise.add(noise_floor(open.rate, std::min(open.seconds, 3.0)));
    if (on_disk) bare.add(run_bare_loop(loop).latency);
    const OpenRun one = run_in_scratch(load, open, prepared);
    decision.add(one.decision);
    emitted.add(one.emitted);
    if (open.stall_ms > 0) closed.add(closed_in_scratch(load, open, prepared));
    if (open.breakdown) breakdown.add(one);
    rates.push_back(one.achieved_rate);
  }
  append_excess(group, "decision", decision, noise, outcome);
  append_excess(group, "durable", emitted, noise, outcome);
  decision.append_to(outcome);
  emitted.append_to(outcome, on_disk ? "D': bare group-commit loop" : "", "D'");
  if (on_disk) bare.append_to(outcome);
  noise.append_to(outcome);
  if (open.stall_ms > 0) {
    closed.append_to(outcome);
    outcome.notes.push_back(fmt::format("The sink stopped for {} ms, once in each run. The closed loop saw one slow event in {}; in the open loop everything that was planned meanwhile waited.", open.stall_ms, closed_loop_events));
  }
  outcome.notes.push_back(achieved(open.rate, rates));
  outcome.notes.push_back(fmt::format("Latencies count from the planned times; {} s measured after {} s; one event in {} is timed.", open.seconds, open.warm_up, open.every));
  if (open.breakdown) breakdown.append_to(outcome);
}

void sweep_rates(const EngineLoad& load, const OpenLoad& open, const PaceOptions& pace, int runs, Outcome& outcome) {
  OpenLoad at = open;
  static_cast<Pace&>(at) = pace.swept(*std::max_element(pace.sweep.begin(), pace.sweep.end()));
  at.breakdown = false;
  const gen::PaymentSource prepared = prepare_payments(load.pipeline, at.events());
  SweepRows decision("decision"), durable("durable");
  std::map<double, std::vector<double>> achieved;
  for (Rounds rounds("sweep", runs, outcome); rounds.next();) {
    for (const double rate : pace.sweep) {
      at.rate = rate;
      const OpenRun one = run_in_scratch(load, at, prepared);
      decision.add(rate, one.decision);
      durable.add(rate, one.emitted);
      achieved[rate].push_back(one.achieved_rate * 1e-6);
    }
  }
  decision.append_to(outcome);
  durable.append_to(outcome);
  for (const auto& [rate, values] : achieved) {
    outcome.series.push_back({.group = "sweep: what came through, M events/s", .name = fmt::format("came through at {} M/s", short_number(rate * 1e-6)), .unit = "M events/s",
                              .values = values, .line = "came through", .x = rate * 1e-6});
  }
}

}  // namespace pawl::bench
