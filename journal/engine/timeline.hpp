// When each stage passed which input: for benchmarks that ask where an event's time went. A stage is wrapped, at set-up, in TimedStage; a
// stage that is not wrapped costs nothing, not even a branch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "pawl/core/ring/cursor.hpp"
#include "pawl/core/ring/stage.hpp"
#include "pawl/io/clock.hpp"
#include "pawl/journal/engine/thread_watch.hpp"

namespace pawl::journal {

// The times at which one stage's cursor passed sequences 0, k, 2k ... Thread: note and due by the stage's; the times when it has ended.
class StageLog {
 public:
  static constexpr std::int64_t not_passed = 0;

  // `samples`: room for so many; later ones are not noted. REQUIRES: every > 0.
  StageLog(Sequence every, std::size_t samples) : every_(every), at_ns_(samples, not_passed) {}

  // Whether a sampled sequence lies in what was passed up to `last`: only then the clock has to be read.
  [[nodiscard]] bool due(Sequence last) const noexcept { return last >= next_ && index(next_) < at_ns_.size(); }
  void note(Sequence last, std::int64_t now_ns) noexcept {
    for (; due(last); next_ += every_) at_ns_[index(next_)] = now_ns;
  }

  [[nodiscard]] Sequence every() const noexcept { return every_; }
  [[nodiscard]] std::size_t samples() const noexcept { return at_ns_.size(); }
  // Of sequence `sample` * every, on the monotonic clock; not_passed: the stage did not come so far.
  [[nodiscard]] std::int64_t at_ns(std::size_t sample) const noexcept { return at_ns_[sample]; }

 private:
  [[nodiscard]] std::size_t index(Sequence sequence) const noexcept { return static_cast<std::size_t>(sequence / every_); }

  Sequence every_;
  Sequence next_ = 0;
  std::vector<std::int64_t> at_ns_;
};

// How much is noted. decisions: when decide passed an input. stages: when every stage did, and what kept the threads.
enum class Detail { decisions, stages };

// One log per stage in data-path order; windows has one per shard, and an event has passed it when it has passed all of them.
struct Timeline {
  Timeline(Sequence every, std::size_t samples, Detail how_much)
      : detail(how_much), sequenced(every, samples), durable(every, samples), decided(every, samples) {}

  // Set-up: the log of one more shard; the watch of one more thread. Null if they are not wanted.
  StageLog* add_shard() { return detail == Detail::stages ? &windows.emplace_back(sequenced.every(), sequenced.samples()) : nullptr; }
  ThreadWatch* add_thread(const std::string& name, io::Clock& clock) {
    return detail == Detail::stages ? &threads.emplace_back(name, clock, long_turns_max) : nullptr;
  }
  [[nodiscard]] StageLog* of_stage(StageLog Timeline::*log) { return detail == Detail::stages ? &(this->*log) : nullptr; }

  [[nodiscard]] std::int64_t windows_at_ns(std::size_t sample) const noexcept {
    std::int64_t last = 0;
    for (const StageLog& shard : windows) last = std::max(last, shard.at_ns(sample));
    return last;
  }

  static constexpr std::size_t long_turns_max = std::size_t{1} << 17;  // of a thread: some 10 MB

  Detail detail;
  StageLog sequenced, durable, decided;
  std::deque<StageLog> windows;
  std::deque<ThreadWatch> threads;
};

// A stage with a log: after each turn, one look at the stage's own cursor, and a reading of the clock if a sampled input was passed.
template <ring::Stage S>
class TimedStage {
 public:
  // All outlive it. `progress`: the cursor that the stage moves.
  TimedStage(S& stage, const ring::Cursor<>& progress, StageLog& log, io::Clock& clock) : stage_(stage), progress_(progress), log_(log), clock_(clock) {}

  std::int64_t poll(std::int64_t budget) { return noted(stage_.poll(budget)); }
  std::int64_t poll_or_wait(std::int64_t budget, Duration timeout) { return noted(stage_.poll_or_wait(budget, timeout)); }
  [[nodiscard]] bool finished() { return stage_.finished(); }
  bool arm() requires ring::ArmedStage<S> { return stage_.arm(); }
  void disarm() requires ring::ArmedStage<S> { stage_.disarm(); }

 private:
  std::int64_t noted(std::int64_t work) {
    if (const Sequence last = progress_.load_own(); log_.due(last)) log_.note(last, clock_.monotonic_ns());
    return work;
  }

  S& stage_;
  const ring::Cursor<>& progress_;
  StageLog& log_;
  io::Clock& clock_;
};

}  // namespace pawl::journal
