#include "pipeline/closed_run.hpp"

#include <fmt/format.h>

#include <optional>

#include "harness/fail.hpp"

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

}  // namespace

ClosedRun run_closed(const EngineLoad& load, const gen::PaymentSource& prepared, const std::string& journal, Sequence timed_every) {
  std::optional<journal::Timeline> timeline;
  EngineOptions options = load.engine_options(journal);
  if (timed_every > 0) options.timeline = &timeline.emplace(timed_every, static_cast<std::size_t>(load.events / timed_every + 2), journal::Detail::stages);
  auto engine = or_fail(DurableEngine::open(options));
  LastDecision sink(load.events);
  engine->set_sink(sink);
  const auto identity = or_fail(engine->identify("bench"));
  PolledPayments payments(prepared, identity.number);
  or_fail(engine->add(payments));
  const std::string threads = engine->thread_plan();
  EngineReport report = or_fail(engine->close());
  if (sink.count() != load.events) fail(fmt::format("{} events gave {} decisions", load.events, sink.count()));
  return {static_cast<double>(sink.at_ns() - payments.started_ns()) * 1e-9, std::move(report), threads};
}

void check_digest(const rules::Digest128& first, const rules::Digest128& other) {
  if (other != first) fail(fmt::format("runs differ: digest {} and {}", rules::to_hex(first), rules::to_hex(other)));
}

}  // namespace pawl::bench
