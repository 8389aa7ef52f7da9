// Where a thread lost time, for benchmarks that ask what slow events had in common. Each turn of a stage is timed; only a long one makes the
// thread ask the kernel what happened to it. Not asked for, no stage is wrapped, and nothing is timed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pawl/core/ring/stage.hpp"
#include "pawl/io/clock.hpp"
#include "pawl/io/thread_plan.hpp"
#include "pawl/io/thread_usage.hpp"

namespace pawl::journal {

// A long turn, or a late wake-up (between two rounds of the thread's stages).
struct LongTurn {
  std::int64_t from_ns = 0, to_ns = 0;  // on the monotonic clock
  io::Role role = io::Role::emit;       // of the turn
  bool between_rounds = false;          // no turn: the thread had nothing to do, and came back late
  std::int64_t work = 0;                // events of the turn
  io::ThreadUsage usage;                // since the thread last asked: at this turn's begin, or within the last millisecond before it
};

// Of one thread. Thread: that one's; turns() once it has ended.
class ThreadWatch {
 public:
  static constexpr std::int64_t long_turn_ns = 50'000;

  // Room for `turns_max`; later ones are counted. The clock outlives it.
  ThreadWatch(std::string name, io::Clock& clock, std::size_t turns_max) : name_(std::move(name)), clock_(clock) { turns_.reserve(turns_max); }

  // A round of all stages of the thread begins. As a stage of its own, before them.
  std::int64_t poll(std::int64_t) {
    const std::int64_t now = clock_.monotonic_ns();
    const std::int64_t asleep = last_ns_ == 0 ? 0 : now - last_ns_;
    if (asleep > long_turn_ns || now - asked_ns_ > ask_again_ns) {
      const io::ThreadUsage usage = ask(now);
      // Sleep is no loss; not getting the CPU back at its end is.
      if (asleep > long_turn_ns && usage.waited_for_cpu_ns > late_ns) note({last_ns_, now, io::Role::emit, true, 0, usage});
    }
    last_ns_ = now;
    return 0;
  }
  [[nodiscard]] static bool finished() noexcept { return true; }

  void turn_ended(io::Role role, std::int64_t work) {
    const std::int64_t now = clock_.monotonic_ns();
    if (now - last_ns_ > long_turn_ns) note({last_ns_, now, role, false, work, ask(now)});
    last_ns_ = now;
    ++readings_;
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::vector<LongTurn>& turns() const noexcept { return turns_; }
  [[nodiscard]] std::int64_t lost() const noexcept { return lost_; }
  [[nodiscard]] std::int64_t readings() const noexcept { return readings_; }  // of the clock, one a turn
  [[nodiscard]] std::int64_t questions() const noexcept { return questions_; }  // to the kernel

 private:
  static constexpr std::int64_t ask_again_ns = 1'000'000, late_ns = 20'000;

  io::ThreadUsage ask(std::int64_t now) {
    const io::ThreadUsage usage = reader_.read();
    const io::ThreadUsage since = asked_ns_ == 0 ? io::ThreadUsage{} : usage - usage_;
    usage_ = usage;
    asked_ns_ = now;
    ++questions_;
    return since;
  }
  void note(const LongTurn& turn) {
    if (turns_.size() < turns_.capacity()) turns_.push_back(turn);
    else ++lost_;
  }

  std::string name_;
  io::Clock& clock_;
  io::ThreadUsageReader reader_;
  io::ThreadUsage usage_;
  std::int64_t last_ns_ = 0, asked_ns_ = 0;
  std::int64_t readings_ = 0, questions_ = 0, lost_ = 0;
  std::vector<LongTurn> turns_;
};

static_assert(ring::Stage<ThreadWatch>);

// A stage of a watched thread.
template <ring::Stage S>
class WatchedStage {
 public:
  // All outlive it.
  WatchedStage(S& stage, io::Role role, ThreadWatch& watch) : stage_(stage), role_(role), watch_(watch) {}

  std::int64_t poll(std::int64_t budget) { return ended(stage_.poll(budget)); }
  std::int64_t poll_or_wait(std::int64_t budget, Duration timeout) { return ended(stage_.poll_or_wait(budget, timeout)); }
  [[nodiscard]] bool finished() { return stage_.finished(); }
  bool arm() requires ring::ArmedStage<S> { return stage_.arm(); }
  void disarm() requires ring::ArmedStage<S> { stage_.disarm(); }

 private:
  std::int64_t ended(std::int64_t work) {
    watch_.turn_ended(role_, work);
    return work;
  }

  S& stage_;
  io::Role role_;
  ThreadWatch& watch_;
};

}  // namespace pawl::journal
