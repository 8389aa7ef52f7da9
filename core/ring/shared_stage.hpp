// One stage, several threads: whoever is free takes its next turn.
#pragma once

#include <atomic>
#include <cstdint>

#include "pawl/core/ring/stage.hpp"

namespace pawl::ring {

// Turns are taken one at a time, each seeing all that the one before did, so the stage itself is written as for one thread, and what it
// computes does not depend on who ran it. A thread that finds the stage busy goes on without waiting: the thread that has the turn will look
// again after it, so no work is left lying. Thread: any number. Lifetime: the stage outlives this.
template <Stage S>
class SharedStage {
 public:
  explicit SharedStage(S& stage) noexcept : stage_(stage) {}

  // 0 also when another thread has the turn.
  std::int64_t poll(std::int64_t budget) {
    if (busy_.exchange(true, std::memory_order_acquire)) return 0;
    const std::int64_t work = stage_.poll(budget);
    busy_.store(false, std::memory_order_release);
    return work;
  }

  // False also when another thread has the turn.
  [[nodiscard]] bool finished() {
    if (busy_.exchange(true, std::memory_order_acquire)) return false;
    const bool finished = stage_.finished();
    busy_.store(false, std::memory_order_release);
    return finished;
  }

 private:
  S& stage_;
  std::atomic<bool> busy_{false};
};

}  // namespace pawl::ring
