// The whole durable engine: payments from memory through sequence, journal, windows and decide to a sink that counts.
//
// A run is timed from the source's first poll until the last decision is at the sink, which is when its input is durable. Every run
// must emit one decision per event and end with the same digest. Then the cost of each stage alone, on one thread.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "default_pipeline.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "workload.hpp"

namespace pawl::bench {
namespace {

class LastDecision final : public DecisionSink {
 public:
  explicit LastDecision(std::int64_t expected) : expected_(expected) {}
  Result<void> on_decision(const Decision&) override {
    if (++count_ == expected_) at_ns_ = now_ns();
    return {};
  }
  Result<void> flush() override { return {}; }
  // Once the engine is closed.
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] std::int64_t at_ns() const noexcept { return at_ns_; }

 private:
  std::int64_t expected_, count_ = 0, at_ns_ = 0;
};

struct Run {
  double seconds;
  EngineReport report;
  std::string threads;
};

Run run_engine(const Workload& workload, const gen::PaymentSource& prepared) {
  const Scratch scratch(workload.directory);
  auto engine = or_fail(DurableEngine::open({.directory = scratch.journal(),
                                             .pipeline_text = workload.pipeline,
                                             .durability = workload.durability,
                                             .threads = workload.threads,
                                             .ring_slots = workload.ring_slots,
                                             .backend = workload.backend}));
  LastDecision sink(workload.events);
  engine->set_sink(sink);
  const auto identity = or_fail(engine->identify("bench"));
  PolledPayments payments(prepared, identity.number);
  or_fail(engine->add(payments));
  const std::string threads = engine->thread_plan();
  EngineReport report = or_fail(engine->close());
  if (sink.count() != workload.events) fail(fmt::format("{} events gave {} decisions", workload.events, sink.count()));
  return {static_cast<double>(sink.at_ns() - payments.started_ns()) * 1e-9, std::move(report), threads};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void check_digest(const rules::Digest128& first, const rules::Digest128& other) {
  if (other != first) fail(fmt::format("runs differ: digest {} and {}", rules::to_hex(first), rules::to_hex(other)));
}

rules::Digest128 show_engine(const Workload& workload, const gen::PaymentSource& prepared) {
  std::vector<Run> runs;
  std::vector<double> rates;
  for (int i = 0; i < workload.runs; ++i) {
    runs.push_back(run_engine(workload, prepared));
    check_digest(runs.front().report.digest, runs.back().report.digest);
    rates.push_back(static_cast<double>(workload.events) / runs.back().seconds * 1e-6);
  }
  const auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  const journal::WriterCounters& journal = runs.back().report.journal;
  fmt::print("threads     {}\n", runs.back().threads);
  fmt::print("throughput  {:.2f} M events/s, median of {} runs of {} events ({:.2f} to {:.2f})\n", median(rates), workload.runs, workload.events, *low, *high);
  fmt::print("journal     {} blocks, {} syncs, {} bytes ({:.1f} per event, {:.0f} events per block), {} segments\n", journal.blocks, journal.syncs, journal.bytes,
             static_cast<double>(journal.bytes) / static_cast<double>(workload.events),
             static_cast<double>(workload.events) / static_cast<double>(std::max<std::uint64_t>(journal.blocks, 1)), journal.segments);
  fmt::print("digest      {}\n", rules::to_hex(runs.front().report.digest));
  return runs.front().report.digest;
}

void show_stages(const Workload& workload, const language::Pipeline& pipeline, const gen::PaymentSource& prepared, const rules::Digest128& digest) {
  std::map<std::string, std::vector<double>> ns;
  constexpr std::pair<journal::Durability, const char*> levels[] = {
      {journal::Durability::memory, "6 journal, memory"}, {journal::Durability::os, "7 journal, os"}, {journal::Durability::disk, "8 journal, disk"}};
  for (int i = 0; i < workload.runs; ++i) {
    for (const auto& [durability, journal_row] : levels) {
      const StageRun run = measure_stages(workload, pipeline, prepared, durability);
      check_digest(digest, run.digest);
      if (run.decisions != static_cast<std::uint64_t>(workload.events)) fail("a decision is missing");
      ns["1 source (payments from memory into slots)"].push_back(run.ns.source);
      ns["2 sequence (clock, header, CRC)"].push_back(run.ns.sequence);
      ns["3 windows"].push_back(run.ns.windows);
      ns["4 decide (CRC again, rules, records, digest)"].push_back(run.ns.decide);
      ns["5 emit (to a sink that counts)"].push_back(run.ns.emit);
      ns[journal_row].push_back(run.ns.journal);
    }
  }
  fmt::print("\nEach stage alone, one thread, ns per event: median (lowest)\n");
  for (const auto& [row, values] : ns) fmt::print("  {:<46} {:>7.1f} ({:.1f})\n", row.substr(2), median(values), *std::min_element(values.begin(), values.end()));
  fmt::print("The journal's figures at os and disk include its waiting for the system and the device.\n");
}

std::string read_pipeline(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int bench(const Workload& workload, bool stages) {
  const auto loaded = or_fail(journal::check_pipeline(workload.pipeline, "pipeline"));
  auto prepared = or_fail(gen::PaymentSource::make(loaded.pipeline->events.front(), {}, workload.events));
  prepared.prepare(workload.events);
  const rules::Digest128 digest = show_engine(workload, prepared);
  std::fflush(stdout);
  if (stages) show_stages(workload, *loaded.pipeline, prepared, digest);
  return 0;
}

}  // namespace
}  // namespace pawl::bench

int main(int argc, char** argv) {
  using pawl::io::Backend;
  using pawl::journal::Durability;
  pawl::bench::Workload workload;
  std::string pipeline;
  bool no_stages = false;
  const std::map<std::string, Durability> durabilities{{"disk", Durability::disk}, {"os", Durability::os}, {"memory", Durability::memory}};
  const std::map<std::string, Backend> backends{
      {"automatic", Backend::automatic}, {"io_uring", Backend::io_uring}, {"pwritev2", Backend::pwritev2}, {"buffered", Backend::buffered}};
  CLI::App app("Events per second of the whole durable engine, and what each stage costs");
  app.add_option("--events", workload.events)->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 28))->capture_default_str();
  app.add_option("--runs", workload.runs)->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--pipeline", pipeline, "Pipeline file over payments; without it that of apps/fraud");
  app.add_option("--durability", workload.durability, "disk, os or memory")->transform(CLI::CheckedTransformer(durabilities));
  app.add_option("--backend", workload.backend, "automatic, io_uring, pwritev2 or buffered")->transform(CLI::CheckedTransformer(backends));
  app.add_option("--threads", workload.threads, "0: as the CPUs allow")->check(CLI::Range(0, 64))->capture_default_str();
  app.add_option("--ring-slots", workload.ring_slots, "A power of two; 0: as the engine chooses")->capture_default_str();
  app.add_option("--directory", workload.directory, "Where journals are made and removed")->capture_default_str();
  app.add_flag("--no-stages", no_stages, "Only the whole engine");
  CLI11_PARSE(app, argc, argv);
  workload.pipeline = pipeline.empty() ? std::string(pawl::tools::default_pipeline) : pawl::bench::read_pipeline(pipeline);
  return pawl::bench::bench(workload, !no_stages);
}
