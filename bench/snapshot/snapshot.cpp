// pawl-bench snapshot: what a shadow that takes snapshots costs the engine beside it, and what a snapshot saves a start.
#include <fmt/format.h>

#include <atomic>
#include <optional>
#include <thread>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/latency_rows.hpp"
#include "harness/runs.hpp"
#include "harness/scratch.hpp"
#include "pawl/journal/snapshot/take.hpp"
#include "pipeline/closed_run.hpp"
#include "pipeline/open_run.hpp"
#include "pipeline/options.hpp"
#include "snapshot/shadow.hpp"

namespace pawl::bench {
namespace {

struct SnapshotOptions : EngineCommon {
  PaceOptions paces;
  int shadow_threads = 1;
};

class FirstDecision final : public DecisionSink {
 public:
  Result<void> on_decision(const Decision&) override {
    at_ns_.store(now_ns());
    return {};
  }
  Result<void> flush() override { return {}; }
  [[nodiscard]] std::int64_t wait() const {
    while (at_ns_.load() == 0) std::this_thread::yield();
    return at_ns_.load();
  }

 private:
  std::atomic<std::int64_t> at_ns_{0};
};

// ms from opening the directory to the decision on the first new payment, durable, at the sink.
double first_decision_ms(const EngineLoad& load, const gen::PaymentSource& one, const std::string& journal, bool from_snapshot) {
  EngineOptions options = load.engine_options(journal);
  options.from_snapshot = from_snapshot;
  const std::int64_t start = now_ns();
  auto engine = or_fail(DurableEngine::open(options));
  if (from_snapshot != (engine->replayed_after() != no_sequence)) fail("the start did not begin where it should have");
  FirstDecision sink;
  engine->set_sink(sink);
  PolledPayments payments(one, or_fail(engine->identify("after")).number);
  or_fail(engine->add(payments));
  const double ms = static_cast<double>(sink.wait() - start) * 1e-6;
  or_fail(engine->close());
  return ms;
}

// Engines alone and beside a shadow, and starts with and without a snapshot.
class Measurement {
 public:
  Measurement(const SnapshotOptions& options, const EngineLoad& load) : options_(options), load_(load), prepared_(prepare_payments(load.pipeline, std::max(load.events, options.paces.pace.events()))) {}

  void run(Outcome& outcome) {
    closed(outcome);
    open(outcome);
    restart(outcome);
    outcome.notes.push_back(fmt::format("a shadow of {} threads took {} snapshots, one behind the other; the last one has {} bytes.", options_.shadow_threads, taken_, bytes_));
  }

 private:
  template <class Run>
  auto beside_shadow(const std::string& journal, Run run) {
    Shadow shadow(journal, options_.shadow_threads);
    auto result = run();
    shadow.stop();
    taken_ += shadow.taken();
    bytes_ = std::max(bytes_, shadow.bytes());
    return result;
  }

  double closed_rate(bool shadowed) {
    const Scratch scratch(load_.directory);
    const std::string journal = scratch.path("journal");
    const auto engine = [&] { return run_closed(load_, prepare_payments(load_.pipeline, load_.events), journal); };
    const ClosedRun run = shadowed ? beside_shadow(journal, engine) : engine();
    if (digest_) check_digest(*digest_, run.report.digest);
    digest_ = run.report.digest;
    return static_cast<double>(load_.events) * 1e-6 / run.seconds;
  }

  void closed(Outcome& outcome) {
    run_interleaved({{{.group = "whole engine, M events/s", .name = "alone", .unit = "M events/s"}, [this] { return closed_rate(false); }},
                     {{.group = "whole engine, M events/s", .name = "beside a shadow", .unit = "M events/s", .base = "alone", .base_label = "alone"}, [this] { return closed_rate(true); }}},
                    options_.runs, outcome);
  }

  void open(Outcome& outcome) {
    const OpenLoad load{options_.paces.pace};
    if (load.rate == 0) return;
    const std::string group = fmt::format("open loop at {} events/s", load.rate);
    LatencyRows decided_alone(group, "decided, alone", load.rate, false), decided_beside(group, "decided, beside a shadow", load.rate, false);
    LatencyRows emitted_alone(group, "durable and emitted, alone", load.rate, false), emitted_beside(group, "durable and emitted, beside a shadow", load.rate, false);
    for (Rounds rounds("open loop", options_.runs, outcome); rounds.next();) {
      for (const bool shadowed : {false, true}) {
        const Scratch scratch(load_.directory);
        const std::string journal = scratch.path("journal");
        const auto engine = [&] { return run_open(load_, load, prepared_, journal); };
        const OpenRun run = shadowed ? beside_shadow(journal, engine) : engine();
        (shadowed ? decided_beside : decided_alone).add(run.decision);
        (shadowed ? emitted_beside : emitted_alone).add(run.emitted);
      }
    }
    decided_alone.append_to(outcome);
    decided_beside.append_to(outcome, "decided, alone", "alone");
    emitted_alone.append_to(outcome);
    emitted_beside.append_to(outcome, "durable and emitted, alone", "alone");
  }

  void restart(Outcome& outcome) {
    const Scratch scratch(load_.directory);
    const std::string journal = scratch.path("journal");
    static_cast<void>(run_closed(load_, prepare_payments(load_.pipeline, load_.events), journal));
    const auto disk = or_fail(io::make_real_disk(io::Backend::buffered));
    io::SystemClock clock;
    const std::int64_t start = now_ns();
    const journal::Taken taken = or_fail(journal::take_snapshot({journal, load_.threads, disk.get(), &clock}));
    outcome.notes.push_back(fmt::format("a snapshot of {} bytes, with replay of {} inputs, write and reading back: {:.2f} s.", taken.bytes, taken.header.sequence + 1, seconds_since(start)));
    const gen::PaymentSource one = prepare_payments(load_.pipeline, 1);
    run_interleaved({{{.group = "first decision after a start, ms", .name = "from a snapshot", .unit = "ms", .higher_is_better = false}, [&] { return first_decision_ms(load_, one, journal, true); }},
                     {{.group = "first decision after a start, ms", .name = "replaying everything", .unit = "ms", .higher_is_better = false}, [&] { return first_decision_ms(load_, one, journal, false); }}},
                    options_.runs, outcome);
  }

  const SnapshotOptions& options_;
  const EngineLoad& load_;
  gen::PaymentSource prepared_;
  std::optional<rules::Digest128> digest_;
  int taken_ = 0;
  std::uint64_t bytes_ = 0;
};

void measure_snapshot(const SnapshotOptions& options, Outcome& outcome) {
  const EngineLoad load = options.complete_load();
  Measurement(options, load).run(outcome);
}

}  // namespace

void add_snapshot(CLI::App& app, Action& action) {
  const auto options = std::make_shared<SnapshotOptions>();
  CLI::App& command = *app.add_subcommand("snapshot", "What taking snapshots costs the engine, and what they save a start");
  add_engine_options(command, *options);
  add_pace_options(command, options->paces);
  command.add_option("--shadow-threads", options->shadow_threads, "Threads of the shadow's replay")->check(CLI::Range(1, 64))->capture_default_str();
  on_chosen(command, options, action, &measure_snapshot);
}

}  // namespace pawl::bench
