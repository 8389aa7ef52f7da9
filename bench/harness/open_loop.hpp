// An open loop: event i has a planned time, whatever became of the events before it, and its latency counts from there. A loop that sends
// the next event when the last was answered leaves out whatever would have been sent during a stall (coordinated omission).
#pragma once

#include <cstdint>

namespace pawl::bench {

class OpenLoop {
 public:
  // `rate`: events per second. REQUIRES: rate > 0.
  OpenLoop(std::int64_t start_ns, double rate) : start_ns_(start_ns), ns_per_event_(1e9 / rate) {}

  [[nodiscard]] std::int64_t planned_ns(std::int64_t event) const noexcept {
    return start_ns_ + static_cast<std::int64_t>(static_cast<double>(event) * ns_per_event_);
  }
  // How many events are planned up to `now`: 0 .. due - 1.
  [[nodiscard]] std::int64_t due(std::int64_t now_ns) const noexcept {
    if (now_ns < start_ns_) return 0;
    std::int64_t count = static_cast<std::int64_t>(static_cast<double>(now_ns - start_ns_) / ns_per_event_) + 1;
    while (planned_ns(count - 1) > now_ns) --count;  // the division rounds
    while (planned_ns(count) <= now_ns) ++count;
    return count;
  }

 private:
  std::int64_t start_ns_;
  double ns_per_event_;
};

}  // namespace pawl::bench
