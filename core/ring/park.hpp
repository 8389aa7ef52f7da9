// Parking: how a thread sleeps when it has nothing to do, without missing the work that arrives while it falls asleep. The protocol
// is here; the system call that sleeps (a futex) is io's, behind the Parker concept.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/policy.hpp"
#include "pawl/core/ring/wait.hpp"

namespace pawl::ring {

// One per thread that may sleep. The sleeper:                 Whoever has work for it:
//   prepare()                                                   publish the work
//   look for work once more; if there is some: cancel()         if (wake_needed()) parker.wake(spot)
//   else parker.park(spot), then cancel()
//
// Both sides change the word by read-modify-writes, which form one chain. If the waker's change comes after prepare(), it finds
// `parked` and wakes. If it comes before, prepare() acquires it, and the second look sees the work. A third case does not exist.
// cancel() is a read-modify-write too, though relaxed: a plain store would cut the chain of releases, and the next prepare() would not
// acquire from a waker that came before the store.
template <class Policy = StdAtomics>
class alignas(limits::writer_distance_bytes) ParkSpot {
 public:
  using Word = typename Policy::template Atomic<std::uint32_t>;
  static constexpr std::uint32_t awake = 0;
  static constexpr std::uint32_t parked = 1;

  // Thread: the sleeper.
  void prepare() noexcept { static_cast<void>(word_.exchange(parked, Policy::park_prepare)); }
  void cancel() noexcept { static_cast<void>(word_.exchange(awake, Policy::park_cancel)); }

  // Call after publishing work, once per batch: about 20 cycles when the word is in this core's cache. True: the sleeper sleeps or is
  // about to; wake it. Thread: any.
  [[nodiscard]] bool wake_needed() noexcept { return word_.exchange(awake, Policy::park_wake) == parked; }

  // What a Parker sleeps on: park(spot) blocks while the word is `parked`, wake(spot) ends that.
  [[nodiscard]] Word& word() noexcept { return word_; }

 private:
  Word word_{awake};
};

// Provided by io. park may return early for no reason; it must not miss a wake that follows a change of the word.
template <class P, class Spot>
concept Parker = requires(P& parker, Spot& spot) {
  parker.park(spot);
  parker.wake(spot);
};

template <class Spot, Parker<Spot> P>
void wake(Spot& spot, P& parker) {
  if (spot.wake_needed()) parker.wake(spot);
}

// Sleeps unless look_again() finds work. Returns what look_again() did. Thread: the sleeper. Blocks.
template <class Spot, Parker<Spot> P, class LookAgain>
std::int64_t park_if_idle(Spot& spot, P& parker, LookAgain&& look_again) {
  spot.prepare();
  const std::int64_t work = look_again();
  if (work == 0) parker.park(spot);
  spot.cancel();
  return work;
}

// The idle strategy that spins briefly, then parks; and that wakes the neighbours in the graph after each round that did something,
// because a published or released slot may be what they sleep for.
// Lifetime: spots and parker outlive it. Thread: one loop's.
template <class Policy, Parker<ParkSpot<Policy>> P>
class SpinThenPark {
 public:
  SpinThenPark(ParkSpot<Policy>& own, P& parker, std::uint32_t spins = 2000) : own_(own), parker_(parker), spins_(spins) {}

  // Set-up. REQUIRES: fewer than limits::barrier_cursors_max neighbours so far.
  void wakes(ParkSpot<Policy>& neighbour) {
    PAWL_ASSERT(neighbour_count_ < neighbours_.size());
    neighbours_[neighbour_count_++] = &neighbour;
  }

  template <class LookAgain>
  void after_round(std::int64_t work, LookAgain&& look_again) {
    if (work > 0) {
      worked();
    } else if (idle_rounds_ < spins_) {
      ++idle_rounds_;
      cpu_relax();
    } else if (park_if_idle(own_, parker_, look_again) > 0) {
      worked();
    }
  }

 private:
  void worked() {
    idle_rounds_ = 0;
    for (std::size_t i = 0; i < neighbour_count_; ++i) wake(*neighbours_[i], parker_);
  }

  ParkSpot<Policy>& own_;
  P& parker_;
  std::uint32_t spins_;
  std::uint32_t idle_rounds_ = 0;
  std::array<ParkSpot<Policy>*, limits::barrier_cursors_max> neighbours_{};
  std::size_t neighbour_count_ = 0;
};

}  // namespace pawl::ring
