#include "pipeline/closed_loop.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "harness/clock.hpp"
#include "harness/fail.hpp"

namespace pawl::bench {
namespace {

// The client: source and sink of the engine in one, on whichever threads those are.
class Client final : public InputSource, public DecisionSink {
 public:
  Client(gen::PaymentSource prepared, std::uint16_t number, std::int64_t events, double stall_ms)
      : payments_(std::move(prepared)), number_(number), events_(events), stall_ms_(stall_ms) {}

  std::int64_t fill(const SlotRun& run) override {
    if (sent_ == events_ || answered_.load(std::memory_order_acquire) < sent_) return 0;
    payments_.next(run.slot(0));
    reinterpret_cast<EventHeader*>(run.slot(0))->ticket = static_cast<Ticket>(++sent_);
    sent_ns_ = now_ns();
    return 1;
  }
  [[nodiscard]] bool finished() override { return sent_ == events_; }
  [[nodiscard]] std::uint16_t number() const override { return number_; }

  Result<void> on_decision(const Decision&) override {
    const std::int64_t count = answered_.load(std::memory_order_relaxed) + 1;
    if (count == events_ / 3 && stall_ms_ > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(stall_ms_));
    latency_.record(now_ns() - sent_ns_);
    answered_.store(count, std::memory_order_release);
    return {};
  }
  Result<void> flush() override { return {}; }

  // Once the engine is closed.
  [[nodiscard]] const Histogram& latency() const noexcept { return latency_; }

 private:
  gen::PaymentSource payments_;
  std::uint16_t number_;
  std::int64_t events_;
  double stall_ms_;
  std::int64_t sent_ = 0, sent_ns_ = 0;  // of the source; the sink reads sent_ns_ behind the ring, and it is next written behind answered_
  std::atomic<std::int64_t> answered_{0};
  Histogram latency_;
};

}  // namespace

Histogram run_closed_loop(const EngineLoad& load, std::int64_t events, double stall_ms, const gen::PaymentSource& prepared, const std::string& journal) {
  auto engine = or_fail(DurableEngine::open(load.engine_options(journal)));
  const auto identity = or_fail(engine->identify("bench"));
  Client client(prepared, identity.number, events, stall_ms);
  engine->set_sink(client);
  or_fail(engine->add(client));
  or_fail(engine->close());
  if (client.latency().count() != static_cast<std::uint64_t>(events)) fail("closed loop: a decision is missing");
  return client.latency();
}

}  // namespace pawl::bench
