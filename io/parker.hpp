// Sleeping and waking by futex: what core/ring/park.hpp calls a Parker. The protocol that loses no wake-up stands there.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "pawl/core/base/types.hpp"

namespace pawl::io {

inline constexpr Duration no_limit = std::numeric_limits<Duration>::max();

// Sleeps while `word` holds `expected`, for `limit` at most. May return early for no reason. Thread: any. Blocks.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Duration limit);
// Wakes one thread that sleeps on `word`. Thread: any. Does not block; about 1 us if somebody sleeps, 0.2 us if nobody does.
void futex_wake(const std::atomic<std::uint32_t>& word);

// Sleeps for about `duration`. For loops that watch something which nobody wakes them for, outside the data path. Thread: any. Blocks.
void nap(Duration duration);

// Satisfies ring::Parker for a spot over std::atomic. Thread: any.
class FutexParker {
 public:
  // `limit`: the longest that one park lasts. For loops that must also look at something that nobody wakes them for (a clock).
  explicit FutexParker(Duration limit = no_limit) : limit_(limit) {}

  template <class Spot>
  void park(Spot& spot) {
    futex_wait(spot.word(), Spot::parked, limit_);
  }
  template <class Spot>
  void wake(Spot& spot) {
    futex_wake(spot.word());
  }

 private:
  Duration limit_;
};

}  // namespace pawl::io
