// Where inputs come from, as the sequence stage sees it: a lane, a polled generator or file, or the journal in replay.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pawl/core/event/header.hpp"
#include "pawl/core/ring/prefetch.hpp"

namespace pawl {

// Claimed slots that a source may fill: slot_to_fill(i) for i < size, each with room for slot_bytes.
struct SlotRun {
  std::byte* base;
  std::size_t slot_bytes;
  Sequence mask;
  Sequence first;
  std::int64_t size;

  [[nodiscard]] std::byte* slot(std::int64_t i) const noexcept { return base + static_cast<std::size_t>((first + i) & mask) * slot_bytes; }

  // The lines of a slot further on in the run are asked for: its last readers have them in their caches. (3.7 against 3.3 M events/s
  // of the whole engine, interleaved, medians of eight runs.)
  [[nodiscard]] std::byte* slot_to_fill(std::int64_t i) const noexcept {
    if (i + ring::write_ahead_slots < size) {
      std::byte* const ahead = slot(i + ring::write_ahead_slots);
      for (std::size_t at = 0; at < slot_bytes; at += limits::cache_line_bytes) ring::prefetch_to_write(ahead + at);
    }
    return slot(i);
  }
};

// Thread: the sequence stage's. fill() is called once per batch, so a virtual call costs nothing per event.
class InputSource {
 public:
  virtual ~InputSource() = default;

  // Writes up to run.size inputs, from slot 0 on, in its own order; returns how many. Each one complete but for the stamp and, unless
  // sequenced(), for ingest, source and crc: type, length, missing, at, ticket and payload are the source's. Never blocks.
  virtual std::int64_t fill(const SlotRun& run) = 0;
  // Nothing will ever come again.
  [[nodiscard]] virtual bool finished() = 0;
  // The inputs were sequenced before (replay): their headers are kept as they are.
  [[nodiscard]] virtual bool sequenced() const { return false; }
  // Its number in the journal; see SOURCE annotations.
  [[nodiscard]] virtual std::uint16_t number() const { return 0; }
  // It keeps inputs that it has taken from somebody: no time passes in the log before they have gone.
  [[nodiscard]] virtual bool holds_back() const { return false; }
  // Before the stage's thread sleeps: false if there is work. Then disarm, after the sleep. A source that nobody can wake for returns
  // false until it is finished.
  virtual bool arm() { return finished(); }
  virtual void disarm() {}
};

}  // namespace pawl
