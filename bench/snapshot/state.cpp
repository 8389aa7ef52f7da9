// pawl-bench snapshot-state: an engine with a large keyed state, alone and while it takes a snapshot of it; and how soon one started from
// pages, from rows, or without a snapshot decides.
#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/latency_rows.hpp"
#include "harness/runs.hpp"
#include "harness/scratch.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/snapshot/pages.hpp"
#include "pawl/journal/snapshot/take.hpp"
#include "snapshot/spread.hpp"

namespace pawl::bench {
namespace {

struct StateOptions : Common {
  std::uint64_t keys = 3'750'000;  // of each of three groups
  double rate = 1e6;
  double seconds = 4;              // of a run at the rate; one beside a snapshot ends with it, if that is later
  std::int64_t unpaced = 4'000'000;  // a snapshot that is taken beside is under way all the time: it has what the engine leaves of the CPUs
  std::string part = "all";
};

constexpr double snapshot_seconds_max = 120;

// Every eighth decision's latency, from the planned time.
class Latencies final : public DecisionSink {
 public:
  Result<void> on_decision(const Decision& decision) override {
    if (first_ns_.load(std::memory_order_relaxed) == 0) first_ns_.store(now_ns());
    if (source_ != nullptr && decision.ticket() % 8 == 0) histogram_.record(now_ns() - source_->planned_ns(decision.ticket()));
    ++count_;
    return {};
  }
  Result<void> flush() override {
    last_ns_ = now_ns();
    return {};
  }
  void measure(const Spread& source) noexcept { source_ = &source; }
  [[nodiscard]] std::int64_t wait_for_first() const {
    while (first_ns_.load() == 0) std::this_thread::yield();
    return first_ns_.load();
  }
  // Once the engine is closed.
  [[nodiscard]] const Histogram& histogram() const noexcept { return histogram_; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] std::int64_t last_ns() const noexcept { return last_ns_; }

 private:
  const Spread* source_ = nullptr;
  Histogram histogram_;
  std::int64_t count_ = 0, last_ns_ = 0;
  std::atomic<std::int64_t> first_ns_{0};
};

struct Ran {
  Histogram decided;  // from sequencing
  Histogram emitted;  // from the planned time: durable, at the sink
  double events_per_second = 0;
  double snapshot_seconds = 0;  // from the start to the first snapshot's end
};

class StateMeasurement {
 public:
  StateMeasurement(const StateOptions& options, std::string journal) : options_(options), journal_(std::move(journal)), disk_(or_fail(io::make_real_disk())) {}

  void run(Outcome& outcome) {
    fill();
    snapshot(outcome);
    if (options_.part != "beside") restarts(outcome);
    if (options_.part != "restarts") beside(outcome);
  }

 private:
  [[nodiscard]] EngineOptions engine_options() const {
    EngineOptions options;
    options.directory = journal_;
    options.pipeline_text = spread_pipeline;
    options.measure_latency = true;
    // Twice the keys, so that none is looked at to be forgotten; memory is touched as keys come.
    options.state = window::StateLimits{.keys_max = 2 * options_.keys + 4096, .entries_max = spread_window_events + 65'536, .distinct_max = 0};
    return options;
  }

  // Events [next_, next_ + count), unpaced; or for options_.seconds at a rate, and beside a snapshot until that is taken if it takes longer.
  Ran drive(std::int64_t count, double rate, bool snapshotted) {
    EngineOptions options = engine_options();
    if (snapshotted) options.snapshots.every_inputs = limits::digest_interval;
    auto engine = or_fail(DurableEngine::open(options));
    Latencies sink;
    engine->set_sink(sink);
    Spread source(or_fail(engine->identify("bench")).number, next_, count, options_.keys, rate);
    if (rate > 0) sink.measure(source);
    const std::int64_t start = now_ns();
    or_fail(engine->add(source));
    Ran ran;
    if (rate > 0) std::this_thread::sleep_for(std::chrono::duration<double>(options_.seconds));
    if (rate > 0 && snapshotted) ran.snapshot_seconds = await_snapshot(*engine, start);
    if (rate > 0) source.stop();
    const EngineReport report = or_fail(engine->close());
    if (const auto error = engine->snapshot_error()) fail("no snapshot: " + *error);
    if (rate == 0 && sink.count() != count) fail(fmt::format("{} events gave {} decisions", count, sink.count()));
    next_ += sink.count();
    ran.events_per_second = static_cast<double>(sink.count()) * 1e9 / static_cast<double>(sink.last_ns() - start);
    ran.decided = report.decision_latency;
    ran.emitted = sink.histogram();
    return ran;
  }

  static double await_snapshot(const DurableEngine& engine, std::int64_t start) {
    while (engine.snapshots().taken == 0) {
      if (seconds_since(start) > snapshot_seconds_max) fail(fmt::format("no snapshot within {} s", snapshot_seconds_max));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return seconds_since(start);
  }

  void fill() { drive(static_cast<std::int64_t>(3 * options_.keys), 0, false); }

  void snapshot(Outcome& outcome) {
    const std::int64_t start = now_ns();
    const auto taken = or_fail(journal::take_snapshot({journal_, 0, disk_.get(), &clock_}));
    for (const std::string& note : taken.notes) fail(note);
    outcome.notes.push_back(fmt::format("a snapshot of {} inputs: {} MiB of rows, {} MiB of pages; replayed, written and read back in {:.1f} s.", taken.header.sequence + 1, taken.bytes >> 20,
                                        std::filesystem::file_size(journal::pages_path(taken.path)) >> 20, seconds_since(start)));
  }

  // ms from opening the directory to the decision on the first new event, durable, at the sink.
  double first_decision_ms(bool from_snapshot) {
    EngineOptions options = engine_options();
    options.from_snapshot = from_snapshot;
    const std::int64_t start = now_ns();
    auto engine = or_fail(DurableEngine::open(options));
    if (from_snapshot != (engine->replayed_after() != no_sequence)) fail("the start did not begin where it should have");
    tail_ = engine->recovery().last_sequence - engine->replayed_after();
    opened_ms_ = static_cast<double>(now_ns() - start) * 1e-6;
    Latencies sink;
    engine->set_sink(sink);
    Spread one(or_fail(engine->identify("bench")).number, next_, 1, options_.keys, 0);
    or_fail(engine->add(one));
    const double ms = static_cast<double>(sink.wait_for_first() - start) * 1e-6;
    or_fail(engine->close());
    ++next_;
    return ms;
  }

  void restarts(Outcome& outcome) {
    const auto row = [&](const char* name, bool from_snapshot) {
      return Contender{{.group = "first decision after a start, ms", .name = name, .unit = "ms", .higher_is_better = false}, [this, from_snapshot] { return first_decision_ms(from_snapshot); }};
    };
    run_interleaved({row("from pages", true)}, options_.runs, outcome);
    outcome.notes.push_back(fmt::format("from pages: {} inputs behind the snapshot were replayed; the last start was open after {:.0f} ms.", tail_, opened_ms_));
    const auto names = or_fail(journal::list_snapshots(*disk_, journal_));
    const std::string pages = journal::pages_path(names.front().path);
    std::filesystem::rename(pages, pages + ".aside");
    run_interleaved({row("from rows", true), row("replaying everything", false)}, 1, outcome);
    std::filesystem::rename(pages + ".aside", pages);
  }

  void beside(Outcome& outcome) {
    const std::string group = fmt::format("open loop at {} events/s", options_.rate);
    LatencyRows alone(group, "durable and emitted, alone", options_.rate, false), taking(group, "durable and emitted, taking a snapshot", options_.rate, false);
    LatencyRows decided_alone(group, "decided from sequencing, alone", options_.rate, false), decided_taking(group, "decided from sequencing, taking a snapshot", options_.rate, false);
    Series snapshots{.group = "one whole snapshot, s", .name = "at the rate", .unit = "s", .higher_is_better = false};
    Series unpaced_alone{.group = "throughput, M events/s", .name = "alone", .unit = "M events/s"};
    Series unpaced_taking{.group = "throughput, M events/s", .name = "taking a snapshot", .unit = "M events/s", .base = "alone", .base_label = "alone"};
    for (Rounds rounds("beside", options_.runs, outcome); rounds.next();) {
      const Ran a = drive(INT64_MAX / 2, options_.rate, false), b = drive(INT64_MAX / 2, options_.rate, true);
      alone.add(a.emitted);
      taking.add(b.emitted);
      decided_alone.add(a.decided);
      decided_taking.add(b.decided);
      snapshots.values.push_back(b.snapshot_seconds);
      unpaced_alone.values.push_back(drive(options_.unpaced, 0, false).events_per_second * 1e-6);
      unpaced_taking.values.push_back(drive(options_.unpaced, 0, true).events_per_second * 1e-6);
    }
    decided_alone.append_to(outcome);
    decided_taking.append_to(outcome, "decided from sequencing, alone", "alone");
    alone.append_to(outcome);
    taking.append_to(outcome, "durable and emitted, alone", "alone");
    outcome.series.insert(outcome.series.end(), {unpaced_alone, unpaced_taking, snapshots});
    outcome.notes.push_back("no event does anything for a snapshot, which a shadow takes: what is added is what the shadow takes of caches and CPUs.");
  }

  const StateOptions& options_;
  std::string journal_;
  std::unique_ptr<io::Disk> disk_;
  io::SystemClock clock_;
  std::int64_t next_ = 0;
  Sequence tail_ = 0;
  double opened_ms_ = 0;
};

void measure_state(const StateOptions& options, Outcome& outcome) {
  const Scratch scratch(options.directory);
  StateMeasurement(options, scratch.path("journal")).run(outcome);
}

}  // namespace

void add_snapshot_state(CLI::App& app, Action& action) {
  const auto options = std::make_shared<StateOptions>();
  CLI::App& command = *app.add_subcommand("snapshot-state", "A large keyed state: the engine alone and taking a snapshot of it, and starts from it");
  command.add_option("--keys", options->keys, "Of each of three groups; 3.75 million make 0.9 GiB of pages")->check(CLI::Range(1, 1 << 24))->capture_default_str();
  command.add_option("--rate", options->rate, "Events per second")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--seconds", options->seconds, "Of a run alone")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--unpaced", options->unpaced, "Events of a run without a rate")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--part", options->part, "Starts, or runs beside a snapshot, alone")->check(CLI::IsMember({"all", "restarts", "beside"}))->capture_default_str();
  on_chosen(command, options, action, &measure_state);
}

}  // namespace pawl::bench
