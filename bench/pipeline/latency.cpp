#include "pipeline/latency.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/latency_rows.hpp"
#include "harness/runs.hpp"
#include "harness/scratch.hpp"
#include "harness/statistics.hpp"
#include "journal/bare_loop.hpp"
#include "machine/yardsticks.hpp"

namespace pawl::bench {
namespace {

OpenRun run_in_scratch(const EngineLoad& load, const OpenLoad& open, const gen::PaymentSource& prepared) {
  const Scratch scratch(load.directory);
  return run_open(load, open, prepared, scratch.path("journal"));
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

std::string shares(const char* what, const Share& share) {
  const auto total = static_cast<double>(std::max<std::int64_t>(share.mean.total(), 1));
  const auto part = [&](const char* name, std::int64_t ns) { return fmt::format("{} {} us ({:.0f} %)", name, short_number(static_cast<double>(ns) / 1e3), static_cast<double>(ns) * 100 / total); };
  return fmt::format("{}: {} us = {}, {}, {}, {}, {}.", what, short_number(total / 1e3), part("ingest", share.mean.ingest), part("windows", share.mean.windows),
                     part("rules", share.mean.rules), part("waiting for the disk", share.mean.disk), part("emit", share.mean.emit));
}

// Curves of all runs together, stage by stage.
struct StageCurves {
  Curve ingest, windows, rules, journal, emit;

  explicit StageCurves(double rate) {
    const auto name = [&](Curve& curve, const char* text) {
      curve.group = fmt::format("each stage's own time at {:.0f} events/s", rate);
      curve.name = text;
      curve.rate = rate;
    };
    name(ingest, "ingest: from the planned time to sequenced");
    name(windows, "windows: from sequenced to features");
    name(rules, "rules: from features to decided");
    name(journal, "journal: from sequenced to durable");
    name(emit, "emit: from decided and durable to the sink");
  }
  void add(const OpenRun& run) {
    ingest.histogram.merge(run.ingest);
    windows.histogram.merge(run.windows);
    rules.histogram.merge(run.rules);
    journal.histogram.merge(run.journal);
    emit.histogram.merge(run.emit);
  }
  void append_to(Outcome& outcome) {
    for (Curve* curve : {&ingest, &windows, &rules, &journal, &emit}) outcome.curves.push_back(std::move(*curve));
  }
};

std::string achieved(double rate, const std::vector<double>& rates) {
  const double reached = median(rates);
  return reached < 0.98 * rate ? fmt::format("SATURATED: {:.0f} events/s came through of {:.0f} planned; latencies are those of a growing queue.", reached, rate)
                               : fmt::format("Kept up: {:.0f} events/s came through of {:.0f} planned.", reached, rate);
}

}  // namespace

void measure_latency(const EngineLoad& load, const OpenLoad& open, int runs, Outcome& outcome) {
  const gen::PaymentSource prepared = prepare_payments(load.pipeline, open.events());
  const std::string group = fmt::format("open loop at {:.0f} events/s", open.rate);
  const bool on_disk = load.durability == Durability::disk;
  const std::string durable = on_disk ? "durable and emitted" : fmt::format("emitted, journal at {}", journal::name(load.durability));
  LatencyRows decision(group, "decision, not waiting for the disk", open.rate, false), emitted(group, durable, open.rate, false);
  LatencyRows noise(group, "N: a loop that does nothing else", open.rate, true), bare(group, "D': bare group-commit loop", open.rate, false);
  StageCurves stages(open.rate);
  std::vector<double> rates;
  std::vector<std::string> notes;
  BareLoopOptions loop;
  loop.directory = load.directory;
  loop.rate = open.rate;
  loop.seconds = std::min(open.seconds, 3.0);
  for (int run = 0; run < runs; ++run) {
    show_progress(group.c_str(), run, runs);
    noise.add(noise_floor(open.rate, std::min(open.seconds, 3.0)));
    if (on_disk) bare.add(run_bare_loop(loop).latency);
    const OpenRun one = run_in_scratch(load, open, prepared);
    decision.add(one.decision);
    emitted.add(one.emitted);
    stages.add(one);
    rates.push_back(one.achieved_rate);
    notes = {shares("Where the time goes, last run, events around p50", one.around_p50), shares("and above p99.9", one.above_p99_9),
             "The slowest thousandth of that run: " + one.slowest + "."};
  }
  show_progress("", runs, runs);
  append_excess(group, "decision", decision, noise, outcome);
  append_excess(group, "durable", emitted, noise, outcome);
  decision.append_to(outcome);
  emitted.append_to(outcome, on_disk ? "D': bare group-commit loop" : "", "D'");
  if (on_disk) bare.append_to(outcome);
  noise.append_to(outcome);
  stages.append_to(outcome);
  outcome.notes.push_back(achieved(open.rate, rates));
  outcome.notes.push_back(fmt::format("Latencies count from the planned times; {} s measured after {} s; one event in {} is timed.", open.seconds, open.warm_up, open.every));
  outcome.notes.insert(outcome.notes.end(), notes.begin(), notes.end());
}

void sweep_rates(const EngineLoad& load, OpenLoad open, const std::vector<double>& rates, int runs, Outcome& outcome) {
  const double highest = *std::max_element(rates.begin(), rates.end());
  open.rate = highest;
  const gen::PaymentSource prepared = prepare_payments(load.pipeline, open.events());
  struct Point {
    explicit Point(double at) : rate(at) {}
    double rate;
    std::vector<double> decision_p50, decision_p99, durable_p50, durable_p99, durable_p99_9, achieved;
  };
  std::vector<Point> points;
  for (const double rate : rates) points.emplace_back(rate);
  for (int run = 0; run < runs; ++run) {
    for (Point& point : points) {
      show_progress(fmt::format("sweep, {:.0f} events/s", point.rate).c_str(), run, runs);
      open.rate = point.rate;
      const OpenRun one = run_in_scratch(load, open, prepared);
      const auto us = [](const Histogram& histogram, double fraction) { return static_cast<double>(histogram.at(fraction)) / 1e3; };
      point.decision_p50.push_back(us(one.decision, 0.5));
      point.decision_p99.push_back(us(one.decision, 0.99));
      point.durable_p50.push_back(us(one.emitted, 0.5));
      point.durable_p99.push_back(us(one.emitted, 0.99));
      point.durable_p99_9.push_back(us(one.emitted, 0.999));
      point.achieved.push_back(one.achieved_rate * 1e-6);
    }
  }
  show_progress("", runs, runs);
  const auto append = [&](const char* group, const char* unit, const char* name, std::vector<double> Point::*values, bool higher) {
    for (Point& point : points) {
      outcome.series.push_back({.group = group, .name = fmt::format("{} at {} M/s", name, short_number(point.rate * 1e-6)), .unit = unit,
                                .values = std::move(point.*values), .higher_is_better = higher, .line = name, .x = point.rate * 1e-6});
    }
  };
  append("sweep: latency against rate, us", "us", "decision p50", &Point::decision_p50, false);
  append("sweep: latency against rate, us", "us", "decision p99", &Point::decision_p99, false);
  append("sweep: latency against rate, us", "us", "durable p50", &Point::durable_p50, false);
  append("sweep: latency against rate, us", "us", "durable p99", &Point::durable_p99, false);
  append("sweep: latency against rate, us", "us", "durable p99.9", &Point::durable_p99_9, false);
  append("sweep: what came through, M events/s", "M events/s", "came through", &Point::achieved, true);
}

}  // namespace pawl::bench
