// Events that spread over a large keyed state: each enters the records of three random keys, and three others leave their windows.
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>

#include "harness/clock.hpp"
#include "harness/open_loop.hpp"
#include "harness/random.hpp"
#include "pawl/core/engine/source.hpp"
#include "pawl/core/event/declare.hpp"

namespace pawl::bench {

struct Touch {
  Time at;
  std::int64_t a, b, c;
  Money amount;
};
PAWL_EVENT(Touch, at, a, b, c, amount);

// An event is a millisecond later than the one before it, so a window holds a million.
inline constexpr const char* spread_pipeline = R"(pipeline "spread" version 1
event Touch { at: time, a: int, b: int, c: int, amount: money }
rule any { on Touch when sum(amount per a, 1000s) > 1000000.00 or sum(amount per b, 1000s) > 1000000.00 or sum(amount per c, 1000s) > 1000000.00 then score 1 }
)";
inline constexpr std::uint64_t spread_window_events = 1'000'000;

// Event number `i` of a journal: the same in each run. Unpaced, or by planned times. Thread: ingest's, but for stop.
class Spread final : public InputSource {
 public:
  // Events [first, first + count). `rate` 0: as fast as they are taken.
  Spread(std::uint16_t number, std::int64_t first, std::int64_t count, std::uint64_t keys, double rate) : number_(number), first_(first), next_(first), end_(first + count), keys_(keys), rate_(rate) {}

  std::int64_t fill(const SlotRun& run) override {
    std::int64_t count = stop_.load(std::memory_order_relaxed) ? 0 : std::min(run.size, end_ - next_);
    if (rate_ > 0) {
      const std::int64_t now = now_ns();
      if (!plan_) plan_.emplace(now, rate_);
      count = std::clamp<std::int64_t>(plan_->due(now) - (next_ - first_), 0, count);
    }
    for (std::int64_t i = 0; i < count; ++i, ++next_) {
      std::byte* const slot = run.slot_to_fill(i);
      encode(event(next_), first_event_type, slot);
      reinterpret_cast<EventHeader*>(slot)->ticket = static_cast<Ticket>(next_ + 1);
    }
    return count;
  }
  [[nodiscard]] bool finished() override { return next_ == end_ || stop_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint16_t number() const override { return number_; }

  // No more. Relaxed is enough: it is a wish, and carries nothing. Thread: any.
  void stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
  // Of the event with this ticket. Thread: any, once it has come.
  [[nodiscard]] std::int64_t planned_ns(Ticket ticket) const { return plan_->planned_ns(static_cast<std::int64_t>(ticket) - 1 - first_); }

 private:
  [[nodiscard]] Touch event(std::int64_t number) const noexcept {
    constexpr Time start = 1'522'540'800 * one_second;
    std::uint64_t state = static_cast<std::uint64_t>(number) * 0x9E37'79B9'7F4A'7C15;
    const auto key = [&] { return static_cast<std::int64_t>(next_random(state) % keys_); };
    return {start + number * 1'000'000, key(), key(), key(), Money{static_cast<std::int64_t>(number % 10'000)}};
  }

  std::uint16_t number_;
  std::int64_t first_, next_, end_;
  std::uint64_t keys_;
  double rate_;
  std::optional<OpenLoop> plan_;
  std::atomic<bool> stop_{false};
};

}  // namespace pawl::bench
