// Ticks: inputs that are written when time passes without events, so that deadlines fire. They stand in the journal as all inputs do, and
// replay takes them from there.
//
// A tick's time is the effective time of the last event and what has passed since that was sequenced: it follows the events' own clock,
// whatever they are late by, and does not notice when somebody sets the machine's. One is written only if a deadline has passed by then and everything sequenced before is decided: a log without
// open deadlines has none.
#pragma once

#include <cstdint>
#include <optional>

#include "pawl/core/engine/decided_time.hpp"
#include "pawl/core/engine/source.hpp"
#include "pawl/core/ring/cursor.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/io/clock.hpp"

namespace pawl::journal {

// Thread: the sequence stage's; begin() any. All outlive it.
class Ticks final : public InputSource {
 public:
  // `sequenced`: the last input. `interval`: no tick comes sooner behind an event, or behind another tick.
  Ticks(const DecidedTimes& decided, const ring::Cursor<>& sequenced, io::Clock& clock, Duration interval)
      : decided_(decided), sequenced_(sequenced), clock_(clock), interval_(interval) {}

  // From now on: what was recovered is decided, and compared with what the journal says.
  void begin() noexcept { begun_.request(); }

  std::int64_t fill(const SlotRun& run) override;
  [[nodiscard]] bool finished() override { return false; }

 private:
  const DecidedTimes& decided_;
  const ring::Cursor<>& sequenced_;
  io::Clock& clock_;
  Duration interval_;
  ring::StopFlag begun_;

  // The last event, as of the first look that saw it: then so much had passed since it was sequenced. All on the monotonic clock but what had
  // passed before this run, which only the wall clock knows.
  std::optional<Time> ingest_;
  Duration passed_ = 0;
  std::int64_t looked_ns_ = 0, last_tick_ns_ = 0;  // the very first look counts as a tick
};

}  // namespace pawl::journal
