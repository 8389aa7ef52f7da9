// Time that passes only when told to.
#pragma once

#include <mutex>

#include "pawl/core/base/assert.hpp"
#include "pawl/io/clock.hpp"

namespace pawl::io {

// Thread: any.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(Time now = 1'700'000'000 * one_second) : now_(now) {}

  Time now() override {
    const std::lock_guard hold(mutex_);
    return now_;
  }
  std::int64_t monotonic_ns() override {
    const std::lock_guard hold(mutex_);
    return monotonic_ns_;
  }

  // Both clocks go on. REQUIRES: duration >= 0.
  void advance(Duration duration) {
    PAWL_ASSERT(duration >= 0);
    const std::lock_guard hold(mutex_);
    now_ += duration;
    monotonic_ns_ += duration;
  }
  // Somebody sets the wall clock: forward or back, the monotonic clock does not notice.
  void step_wall_clock(Duration difference) {
    const std::lock_guard hold(mutex_);
    now_ += difference;
  }

 private:
  std::mutex mutex_;
  Time now_;
  std::int64_t monotonic_ns_ = 0;
};

}  // namespace pawl::io
