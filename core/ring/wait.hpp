// What a thread does when its stages had nothing to do. Spinning and pausing live here; whatever enters the kernel is a hook that io
// provides, and parking has its own protocol in park.hpp.
#pragma once

#include <concepts>
#include <cstdint>

namespace pawl::ring {

// Tells the core that this is a spin loop: it leaves the pipeline to a sibling thread and saves power. About 40 cycles on x86.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();  // <immintrin.h> for this alone costs every source half a second
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

// after_round(work, look_again) follows each round of a loop's stages. `work` is what the round did; look_again() runs one more round
// and returns its work: only strategies that sleep call it, between announcing the sleep and sleeping.
template <class S, class LookAgain>
concept IdleStrategyFor = requires(S& strategy, std::int64_t work, LookAgain& look_again) { strategy.after_round(work, look_again); };

// Never leaves the core, never pauses. For a core of one's own and the last nanoseconds.
struct BusySpin {
  template <class LookAgain>
  void after_round(std::int64_t, LookAgain&&) noexcept {}
};

// Never leaves the core, but pauses.
struct PauseSpin {
  template <class LookAgain>
  void after_round(std::int64_t work, LookAgain&&) noexcept {
    if (work == 0) cpu_relax();
  }
};

// For throughput at the price of latency: after a round with little work, waits so that more gathers. A reader at the writer's heels takes
// every line, slot and cursor, out of the writer's cache as soon as it is written; one that comes back later for many does not.
class Gather {
 public:
  // A round with fewer than `enough` events is followed by `pauses` pauses, of some 20 to 50 ns each. Keep `enough` at most the
  // budget of a round, or every round waits.
  explicit Gather(std::int64_t enough = 64, std::uint32_t pauses = 200) noexcept : enough_(enough), pauses_(pauses) {}

  template <class LookAgain>
  void after_round(std::int64_t work, LookAgain&&) noexcept {
    if (work == 0) {
      cpu_relax();
    } else if (work < enough_) {
      for (std::uint32_t i = 0; i < pauses_; ++i) cpu_relax();
    }
  }

 private:
  std::int64_t enough_;
  std::uint32_t pauses_;
};

// Pauses for `spins` idle rounds, then gives the core away in every further one. Yield: a callable, in io a system call.
template <std::invocable Yield>
class SpinThenYield {
 public:
  explicit SpinThenYield(Yield yield, std::uint32_t spins = 1000) : yield_(yield), spins_(spins) {}

  template <class LookAgain>
  void after_round(std::int64_t work, LookAgain&&) {
    if (work > 0) {
      idle_rounds_ = 0;
    } else if (idle_rounds_ < spins_) {
      ++idle_rounds_;
      cpu_relax();
    } else {
      yield_();
    }
  }

 private:
  Yield yield_;
  std::uint32_t spins_;
  std::uint32_t idle_rounds_ = 0;
};

}  // namespace pawl::ring
