// Sequence: gives every input its place in the log. The one writer of the ring.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/engine/source.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/writer.hpp"

namespace pawl {

// CRCs of the records in `run`'s first `count` slots, four at a time while neighbours are of one length.
inline void seal_records(const SlotRun& run, std::int64_t count) noexcept {
  const auto header = [&](std::int64_t i) { return reinterpret_cast<EventHeader*>(run.slot(i)); };
  constexpr std::size_t covered_from = record_offset + record_crc_offset;
  const auto covered_bytes = [&](std::int64_t i) { return sizeof(EventHeader) - covered_from + header(i)->length; };
  std::int64_t i = 0;
  while (i < count) {
    const std::size_t bytes = covered_bytes(i);
    if (i + 4 <= count && covered_bytes(i + 1) == bytes && covered_bytes(i + 2) == bytes && covered_bytes(i + 3) == bytes) {
      const std::byte* const pieces[4] = {run.slot(i) + covered_from, run.slot(i + 1) + covered_from, run.slot(i + 2) + covered_from,
                                          run.slot(i + 3) + covered_from};
      std::uint32_t crcs[4];
      crc32c_4(pieces, bytes, crcs);
      for (std::int64_t k = 0; k < 4; ++k) header(i + k)->crc = crcs[k];
      i += 4;
    } else {
      header(i)->crc = crc32c({run.slot(i) + covered_from, bytes});
      ++i;
    }
  }
}

// Clock: now() -> Time, read once per batch. Thread: one; add() may be called by any one other thread at a time.
// The ring's memory is `base`, the same that the writer's ByteRing stands on.
template <class Clock>
class SequenceStage {
 public:
  static constexpr std::size_t sources_max = 64;

  SequenceStage(ring::Writer<ring::ByteRing>& writer, std::byte* base, Clock& clock) : writer_(writer), base_(base), clock_(clock) {}

  // Adds a source that outlives the stage. False: there are sources_max already. Sources are drained in the order of their coming,
  // each in turn; a sequenced one (replay) is drained to its end before any other is looked at.
  bool add(InputSource& source) noexcept {
    const Sequence count = added_.load_own();
    if (count >= static_cast<Sequence>(sources_max)) return false;
    sources_[static_cast<std::size_t>(count)] = &source;
    added_.publish(count + 1);  // pairs with load_acquire in poll: the pointer stands before the count
    return true;
  }

  // Set-up: a source that is asked for one input where no other has any, until the stage is closed. Outlives the stage.
  void tick_with(InputSource& ticks) noexcept { ticks_ = &ticks; }

  // No source will be added: the stage finishes when all of them have.
  void close() noexcept { closing_.publish(1); }

  std::int64_t poll(std::int64_t budget) {
    const Sequence count = added_.load_acquire();
    std::int64_t work = 0;
    for (Sequence i = 0; i < count; ++i) {
      InputSource& source = *sources_[static_cast<std::size_t>(i)];
      work += take_from(source, budget);
      if (source.sequenced() && !source.finished()) return work;
    }
    if (work > 0) return work;
    const bool closing = closing_.load_acquire() == 1;
    if (closing && all_finished(added_.load_acquire())) close_ring();
    if (ticks_ != nullptr && !closing && !ring_full_ && !any_holds_back(count)) work = take_from(*ticks_, 1);
    return work;
  }

  [[nodiscard]] bool finished() const noexcept { return closed_; }

  // A full ring is nothing to do, whatever the sources have: the readers wake this thread when they release slots.
  bool arm() {
    if (ring_full_) return true;
    const Sequence count = added_.load_acquire();
    bool nothing = true;
    for (Sequence i = 0; i < count; ++i) {
      InputSource& source = *sources_[static_cast<std::size_t>(i)];
      nothing = source.arm() && nothing;
    }
    return nothing && (closing_.load_acquire() == 0 || closed_);
  }

  void disarm() {
    const Sequence count = added_.load_acquire();
    for (Sequence i = 0; i < count; ++i) sources_[static_cast<std::size_t>(i)]->disarm();
  }

 private:
  [[nodiscard]] bool any_holds_back(Sequence count) const noexcept {
    return std::any_of(sources_.begin(), sources_.begin() + count, [](const InputSource* source) { return source->holds_back(); });
  }

  std::int64_t take_from(InputSource& source, std::int64_t budget) {
    const ring::Batch batch = writer_.claim(budget);
    ring_full_ = batch.empty();
    if (ring_full_) return 0;
    const SlotRun run{base_, writer_.storage().slot_bytes(), writer_.storage().capacity() - 1, batch.first, batch.size()};
    const std::int64_t filled = source.fill(run);
    PAWL_ASSERT(filled <= batch.size());
    if (filled > 0) {
      if (!source.sequenced()) sign(run, filled, source.number());
      writer_.publish(batch.first + filled - 1);
    }
    writer_.give_back();
    return filled;
  }

  void sign(const SlotRun& run, std::int64_t count, std::uint16_t source) noexcept {
    const Time now = clock_.now();
    for (std::int64_t i = 0; i < count; ++i) {
      auto& header = *reinterpret_cast<EventHeader*>(run.slot(i));
      header.ingest = now;
      header.source = source;
      header.flags = 0;
    }
    seal_records(run, count);
  }

  [[nodiscard]] bool all_finished(Sequence count) {
    return std::all_of(sources_.begin(), sources_.begin() + count, [](InputSource* source) { return source->finished(); });
  }

  void close_ring() noexcept {
    if (!closed_) writer_.close();
    closed_ = true;
  }

  ring::Writer<ring::ByteRing>& writer_;
  std::byte* base_;
  Clock& clock_;
  std::array<InputSource*, sources_max> sources_{};
  InputSource* ticks_ = nullptr;
  ring::Cursor<> added_{0};    // how many sources; written by add
  ring::Cursor<> closing_{0};  // 1 once close was called
  bool ring_full_ = false;     // when last looked
  bool closed_ = false;
};

}  // namespace pawl
