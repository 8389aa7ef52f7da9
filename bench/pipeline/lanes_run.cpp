#include "pipeline/lanes_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "pawl/core/language/check.hpp"

namespace pawl::bench {
namespace {

class OrderedSink final : public DecisionSink {
 public:
  explicit OrderedSink(std::int64_t expected) : expected_(expected) {}
  Result<void> on_decision(const Decision& decision) override {
    ordered_ = ordered_ && decision.ticket() == ++last_ticket_[decision.source()];
    if (++count_ == expected_) at_ns_ = now_ns();
    return {};
  }
  Result<void> flush() override { return {}; }

  // Once the engine is closed.
  [[nodiscard]] bool complete() const noexcept { return ordered_ && count_ == expected_; }
  [[nodiscard]] std::int64_t at_ns() const noexcept { return at_ns_; }

 private:
  std::int64_t expected_, count_ = 0, at_ns_ = 0;
  std::map<std::uint16_t, Ticket> last_ticket_;
  bool ordered_ = true;
};

gen::PaymentSource payments_of(const EventSchema& schema, std::size_t producer, std::int64_t events) {
  gen::PaymentOptions options;
  options.seed = producer + 1;
  auto payments = or_fail(gen::PaymentSource::make(schema, options, events));
  payments.prepare(events);
  return payments;
}

void produce(gen::PaymentSource payments, const EventSchema& schema, EngineLane& lane) {
  std::vector<std::uint64_t> cell(slot_bytes(schema.payload_bytes) / sizeof(std::uint64_t));
  const auto bytes = std::as_writable_bytes(std::span(cell));
  while (!payments.at_end()) {
    payments.next(bytes.data());
    const auto published = lane.publish_encoded(bytes.first(sizeof(EventHeader) + schema.payload_bytes));
    if (!published.accepted()) fail("a lane refused a payment: " + std::string(ring::to_text(published.refusal())) + " " + lane.why());
  }
  lane.close();
}

}  // namespace

double run_lanes(const EngineLoad& load, std::size_t producers, const std::string& journal) {
  auto engine = or_fail(DurableEngine::open(load.engine_options(journal)));
  const EventSchema& schema = engine->pipeline().events.front();
  const std::int64_t each = std::max<std::int64_t>(load.events / static_cast<std::int64_t>(producers), 1);
  const std::int64_t events = each * static_cast<std::int64_t>(producers);
  OrderedSink sink(events);
  engine->set_sink(sink);
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (std::size_t p = 0; p < producers; ++p) {
    EngineLane* const lane = or_fail(engine->lane(fmt::format("producer-{}", p), {.max_future = 0}));
    threads.emplace_back([&, lane, payments = payments_of(schema, p, each)] {
      while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
      produce(payments, schema, *lane);
    });
  }
  const std::int64_t start = now_ns();
  go.store(true, std::memory_order_release);
  for (std::thread& thread : threads) thread.join();
  or_fail(engine->close());
  if (!sink.complete()) fail("decisions of the producers' events are missing or out of order");
  return static_cast<double>(events) * 1e3 / static_cast<double>(sink.at_ns() - start);
}

}  // namespace pawl::bench
