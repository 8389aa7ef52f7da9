// Reader: polls and releases the slots of a ring. A ring has any number.
#pragma once

#include <algorithm>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/ring/barrier.hpp"
#include "pawl/core/ring/batch.hpp"
#include "pawl/core/ring/prefetch.hpp"
#include "pawl/core/ring/storage.hpp"
#include "pawl/core/ring/writer.hpp"

namespace pawl::ring {

// What an idle reader looks at. cursor: the upstream cursors; an event then costs two dependent line transfers, cursor and slot, and a
// backlog costs one for all of it. stamp: the next slot's own stamp, one transfer; as soon as there is a backlog, the cursor.
enum class Watch { cursor, stamp };

// Thread: one, the reader's; consumed() may be read by any. Never blocks, never allocates.
// Lifetime: the writer, and the readers it comes after, outlive it.
template <SlotStorage Storage>
class Reader {
 public:
  using Policy = typename Storage::Policy;

  // Starts at the writer's first sequence. Reads after the writer itself, unless after() names other readers.
  // REQUIRES: Watch::stamp only with storage that has stamps.
  explicit Reader(Writer<Storage>& writer, Watch watch = Watch::cursor) noexcept
      : storage_(writer.storage()), writer_published_(writer.published()), end_(writer.end()), next_(writer.first()), seen_(next_ - 1),
        watch_(watch), consumed_(next_ - 1) {
    PAWL_ASSERT(watch == Watch::cursor || Storage::has_stamp);
    upstream_.follow(writer_published_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Sees a slot only when `other` has released it, and what `other` wrote into it. Set-up, before the first poll.
  // REQUIRES: Watch::cursor: a stamp says nothing of other readers.
  void after(const Reader& other) noexcept {
    PAWL_ASSERT(watch_ == Watch::cursor);
    if (follows_writer_) upstream_ = Barrier<Policy>{};  // the other reader is behind the writer already
    follows_writer_ = false;
    upstream_.follow(other.consumed());
  }

  // Up to `budget` sequences that are ready, from next(). Empty: nothing yet. Does not consume: until release, it returns the same
  // ones (and perhaps more). A batch held for long holds up the writer; an eighth of the ring is a good budget.
  // REQUIRES: budget > 0.
  [[nodiscard]] Batch poll(std::int64_t budget) noexcept {
    if (seen_ < next_) look();
    return Batch{next_, next_ - 1 + std::min(seen_ - next_ + 1, budget)};
  }

  // The slot of a polled sequence. REQUIRES: polled, not yet released. A reader may write to a slot (a stage's result beside its event)
  // if no reader beside it in the graph touches the same bytes.
  [[nodiscard]] decltype(auto) operator[](Sequence sequence) noexcept { return storage_[sequence]; }

  // Calls handler(slot, sequence) for each slot of a polled batch, in order, prefetching ahead as far as slots are known to be published.
  // REQUIRES: `batch` was polled and not released.
  template <class Handler>
  void for_each(Batch batch, Handler&& handler) {
    for (Sequence s = batch.first; s <= batch.last; ++s) {
      if (s + read_ahead_slots <= seen_) storage_.prefetch(s + read_ahead_slots);
      handler(storage_[s], s);
    }
  }

  // Passes on every slot up to `last`. Once per batch; earlier for a part of it if that helps the writer. REQUIRES: `last` was polled.
  void release(Sequence last) noexcept {
    PAWL_ASSERT(last >= next_ - 1 && last <= seen_);
    next_ = last + 1;
    consumed_.release(last);
  }

  // The writer has closed, and the last event was consumed. Thread: the reader's.
  [[nodiscard]] bool finished() const noexcept { return next_ == end_.load_acquire(); }

  [[nodiscard]] Sequence next() const noexcept { return next_; }
  [[nodiscard]] const Cursor<Policy>& consumed() const noexcept { return consumed_; }
  [[nodiscard]] Storage& storage() const noexcept { return storage_; }

  // How many published events this reader had not consumed. Thread: any; racy, for observers.
  [[nodiscard]] std::int64_t was_behind() const noexcept {
    const Sequence consumed = consumed_.load_acquire();  // before published, or the difference could be negative
    return writer_published_.load_acquire() - consumed;
  }

 private:
  void look() noexcept {
    if constexpr (StampedStorage<Storage>) {
      if (idle_) {
        if (!storage_.stamped_acquire(next_)) return;
        seen_ = next_;  // this one only: touching the next stamp would cost another transfer before the event in hand is handled
        idle_ = false;
        return;
      }
    }
    // The stamp may have shown us an event that the cursor does not show yet.
    seen_ = std::max(upstream_.minimum(), next_ - 1);
    idle_ = watch_ == Watch::stamp && seen_ < next_;
  }

  Storage& storage_;
  const Cursor<Policy>& writer_published_;
  const Cursor<Policy>& end_;
  Sequence next_;  // to be consumed
  Sequence seen_;  // the last known to be ready
  Watch watch_;
  bool idle_ = false;  // the cursor showed nothing: watch the stamp
  bool follows_writer_ = true;
  Barrier<Policy> upstream_;
  Cursor<Policy> consumed_;
};

}  // namespace pawl::ring
