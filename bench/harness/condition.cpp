#include "harness/condition.hpp"

#include <algorithm>
#include <cstdint>

#include "harness/clock.hpp"
#include "harness/pin.hpp"
#include "machine/yardsticks.hpp"

namespace pawl::bench {
namespace {

// The fastest of several slices: what interrupts a slice is not the CPU's speed.
double step_ns() {
  constexpr int slices = 20, steps = 20'000;
  double best = 1e9;
  std::uint64_t value = 1;
  for (int slice = 0; slice < slices; ++slice) {
    const std::int64_t start = now_ns();
    for (int i = 0; i < steps; ++i) {
      value = value * 6'364'136'223'846'793'005 + 1;
      asm volatile("" : "+r"(value));
    }
    best = std::min(best, static_cast<double>(now_ns() - start) / steps);
  }
  return best;
}

// Two readings of the clock more than 2 us apart: this thread did not run between them.
double lost_percent() {
  constexpr std::int64_t length = 5'000'000, gap = 2'000;
  const std::int64_t start = now_ns();
  std::int64_t lost = 0, last = start;
  while (last - start < length) {
    const std::int64_t now = now_ns();
    if (now - last > gap) lost += now - last;
    last = now;
  }
  return static_cast<double>(lost) * 100 / static_cast<double>(last - start);
}

}  // namespace

Condition read_condition() {
  Condition condition;
  run_pinned(0, [&] {
    condition.step_ns = step_ns();
    condition.lost_percent = lost_percent();
  });
  constexpr std::int64_t round_trips = 2'000;
  condition.line_ns = line_transfer_ns(round_trips);
  return condition;
}

}  // namespace pawl::bench
