// Writer: claims and publishes the slots of a ring. Each ring has one.
#pragma once

#include <algorithm>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/core/ring/barrier.hpp"
#include "pawl/core/ring/batch.hpp"
#include "pawl/core/ring/storage.hpp"

namespace pawl::ring {

//   published            next            free_end
//   ----|------------------|----------------|------
//        claimed, not yet    may be claimed   was still held by a reader when we last looked
//        published
//
// Thread: one, the writer's; the cursors it hands out may be read by any. Never blocks, never allocates.
// Lifetime: outlives the readers that follow it; the storage outlives both.
template <SlotStorage Storage>
class Writer {
 public:
  using Policy = typename Storage::Policy;

  // The first sequence claimed will be `first`. REQUIRES: 0 <= first < sequence_max.
  explicit Writer(Storage& storage, Sequence first = 0) noexcept
      : storage_(storage), next_(first), unpublished_(first), free_end_(first), published_(first - 1), end_(no_end), first_(first) {
    PAWL_ASSERT(first >= 0 && first < sequence_max);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Never overtakes this consumed cursor. Set-up, before the first claim; needed for each reader that no other reader follows.
  void gate_on(const Cursor<Policy>& consumed) noexcept { gates_.follow(consumed); }

  // Claims 1 .. wanted slots, as many as are known to be free; looks at the readers only when none is. Empty: the ring is full.
  // REQUIRES: wanted > 0, a gate was set, not closed.
  [[nodiscard]] Batch claim(std::int64_t wanted) noexcept {
    if (next_ == free_end_) [[unlikely]] {
      look_at_gates();
      if (next_ == free_end_) return Batch{next_, next_ - 1};
    }
    return take(std::min(wanted, free_end_ - next_));
  }

  // Claims all `wanted` slots or none (empty). REQUIRES: 0 < wanted <= capacity, a gate was set, not closed.
  [[nodiscard]] Batch claim_exactly(std::int64_t wanted) noexcept {
    if (free_end_ - next_ < wanted) [[unlikely]] {
      look_at_gates();
      if (free_end_ - next_ < wanted) return Batch{next_, next_ - 1};
    }
    return take(wanted);
  }

  // The slot of a claimed sequence. REQUIRES: claimed, not yet published.
  [[nodiscard]] decltype(auto) operator[](Sequence sequence) noexcept { return storage_[sequence]; }

  // Publishes every claimed slot up to `last`: stamps first, then the cursor, so a reader that sees either sees the whole event.
  // REQUIRES: `last` was claimed and not published before.
  void publish(Sequence last) noexcept {
    PAWL_ASSERT(last >= unpublished_ && last < next_);
    if constexpr (Storage::has_stamp) {
      for (Sequence s = unpublished_; s <= last; ++s) storage_.stamp_release(s);
    }
    unpublished_ = last + 1;
    published_.publish(last);
  }

  // Returns what was claimed and not published: nobody has seen it, and the same sequences will be claimed again.
  void give_back() noexcept { next_ = unpublished_; }

  // No event will follow the published ones. Readers finish when they have consumed the last. REQUIRES: everything claimed was
  // published or given back. Harmless when repeated.
  void close() noexcept {
    PAWL_ASSERT(next_ == unpublished_);
    end_.publish(unpublished_);
  }

  [[nodiscard]] const Cursor<Policy>& published() const noexcept { return published_; }
  // The first sequence that will never be published; no_end while open.
  [[nodiscard]] const Cursor<Policy>& end() const noexcept { return end_; }
  [[nodiscard]] Storage& storage() const noexcept { return storage_; }
  [[nodiscard]] Sequence first() const noexcept { return first_; }
  // The next sequence to be claimed. Thread: the writer's.
  [[nodiscard]] Sequence next() const noexcept { return next_; }

 private:
  Batch take(std::int64_t count) noexcept {
    PAWL_ASSERT(count > 0);
    const Batch granted{next_, next_ + count - 1};
    next_ += count;
    return granted;
  }

  // Acquire, in minimum: the readers' last accesses to the slots they have released happen before our writes to them.
  [[gnu::noinline]] void look_at_gates() noexcept {
    PAWL_ASSERT(!gates_.empty());
    PAWL_ASSERT(next_ < sequence_max);
    free_end_ = gates_.minimum() + storage_.capacity() + (planted(Bug::slot_reused_too_early) ? 2 : 1);
    PAWL_ASSERT(free_end_ >= next_);
  }

  Storage& storage_;
  Sequence next_;         // to be claimed
  Sequence unpublished_;  // the first not yet published; at most next_
  Sequence free_end_;     // the first that may not be claimed, by what was last seen of the gates
  Barrier<Policy, Policy::gate_load> gates_;
  Cursor<Policy> published_;
  Cursor<Policy> end_;
  Sequence first_;
};

}  // namespace pawl::ring
