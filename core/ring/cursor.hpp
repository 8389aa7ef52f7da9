// Cursor: a published sequence with one writer, alone on its cache lines.
#pragma once

#include <limits>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/ring/policy.hpp"

namespace pawl::ring {

// The last sequence that its owner has passed on: published by a ring's writer, consumed by a reader. Starts one before the first.
// Thread: publish or release, and load_own, by the one owner; load_acquire by any thread. Lifetime: outlives every barrier that follows it.
template <class Policy = StdAtomics>
class alignas(limits::writer_distance_bytes) Cursor {
 public:
  explicit Cursor(Sequence start = no_sequence) noexcept : value_(start) {}
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // A writer's cursor: every slot up to `last` may be read. Release: the events' bytes happen before whatever a follower does after it
  // has seen `last`. Pairs with load_acquire in the barriers of readers.
  void publish(Sequence last) noexcept { value_.store(last, Policy::publish_store); }

  // A reader's cursor: every slot up to `last` may be reused, or read by the next stage. Release: our reads of the slots, and our
  // writes to them, happen before whatever a follower does to them. Pairs with load_acquire in the barriers of the writer and of readers.
  void release(Sequence last) noexcept { value_.store(last, Policy::release_store); }

  // `order` is acquire, named by the policy for the edge at hand.
  template <std::memory_order order = Policy::poll_load>
  [[nodiscard]] Sequence load_acquire() const noexcept {
    return value_.load(order);
  }

  // The owner's view of its own cursor. Relaxed is enough: a thread always sees its own last store.
  [[nodiscard]] Sequence load_own() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  typename Policy::template Atomic<Sequence> value_;
};

// What an end mark holds until its ring is closed: no sequence reaches it.
inline constexpr Sequence no_end = std::numeric_limits<Sequence>::max();

static_assert(sizeof(Cursor<>) == limits::writer_distance_bytes && alignof(Cursor<>) == limits::writer_distance_bytes,
              "cursors of different writers never share a line, nor a pair of adjacent lines");

}  // namespace pawl::ring
