// Loop: what a thread runs. Stages in data-path order, an idle strategy, a stop flag. It makes no thread itself: io, or the user, does.
#pragma once

#include <atomic>
#include <cstdint>
#include <tuple>

#include "pawl/core/ring/park.hpp"
#include "pawl/core/ring/policy.hpp"
#include "pawl/core/ring/stage.hpp"
#include "pawl/core/ring/wait.hpp"

namespace pawl::ring {

// Asks loops to stop. Whoever requests a stop of a loop that may be parked wakes its spot afterwards.
class StopFlag {
 public:
  // Release and acquire: what the requester did before is visible to the stopped loop. Thread: any.
  void request() noexcept { requested_.store(true, std::memory_order_release); }
  [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> requested_{false};
};

// Ends of its own when every stage is finished, which is the lossless way: the source closes, and the end runs down the graph behind the
// last event, through any number of threads in any order. A stop request ends it after the first round without work: lossless too if
// the threads upstream were stopped, and joined, before.
// Lifetime: the stages outlive the loop. Thread: run, one.
template <Stage... Stages>
class Loop {
 public:
  // `budget`: the most events a stage handles before the next one's turn.
  explicit Loop(std::int64_t budget, Stages&... stages) : stages_(stages...), budget_(budget) {}

  // One turn of each stage; returns the work done.
  std::int64_t round() {
    return std::apply([this](Stages&... stages) { return (std::int64_t{0} + ... + stages.poll(budget_)); }, stages_);
  }

  [[nodiscard]] bool finished() const {
    return std::apply([](Stages&... stages) { return (stages.finished() && ...); }, stages_);
  }

  // Blocks as far as the idle strategy does. Closing is not work: a thread downstream that may be parked is woken by the caller after run.
  template <class Idle>
  void run(const StopFlag& stop, Idle& idle) {
    // What a strategy does between announcing its sleep and sleeping. A requested stop and the end of the work count as work.
    auto look_again = [&]() -> std::int64_t {
      const bool nothing = arm();
      const std::int64_t work = round();
      return work > 0 ? work : static_cast<std::int64_t>(!nothing || stop.requested() || finished());
    };
    for (;;) {
      const bool stopping = stop.requested();  // before the round: a round without work after it is the last
      const std::int64_t work = round();
      if (work == 0 && (stopping || finished())) return;
      idle.after_round(work, look_again);
      if (work == 0) disarm();
    }
  }

 private:
  template <class S>
  static bool arm_one(S& stage) {
    if constexpr (ArmedStage<S>) return stage.arm();
    return true;
  }
  template <class S>
  static void disarm_one(S& stage) {
    if constexpr (ArmedStage<S>) stage.disarm();
  }

  bool arm() {
    armed_ = true;
    return std::apply([](Stages&... stages) { return (static_cast<int>(arm_one(stages)) & ... & 1) != 0; }, stages_);
  }
  void disarm() {
    if (!armed_) return;
    armed_ = false;
    std::apply([](Stages&... stages) { (disarm_one(stages), ...); }, stages_);
  }

  std::tuple<Stages&...> stages_;
  std::int64_t budget_;
  bool armed_ = false;
};

}  // namespace pawl::ring
