// Ring<Event>: slots of one type, in memory of its own.
#pragma once

#include <cstddef>
#include <memory>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/policy.hpp"
#include "pawl/core/ring/prefetch.hpp"
#include "pawl/core/ring/storage.hpp"

namespace pawl::ring {

// Whether each slot carries a stamp beside its event. A stamp lets a reader in latency mode watch the slot itself (one line transfer
// instead of two), and costs one word per slot and one store per event. Without it, an event of 64 bytes fills exactly one line.
enum class Stamp { none, in_slot };

namespace detail {

template <class Event, class Policy, Stamp stamp>
struct Slot {
  typename Policy::template Cell<Event> event{};
};

template <class Event, class Policy>
struct Slot<Event, Policy, Stamp::in_slot> {
  typename Policy::template Atomic<Sequence> stamp{0};
  typename Policy::template Cell<Event> event{};
};

// An event of whole cache lines starts on one.
template <class S>
inline constexpr std::size_t slot_alignment = sizeof(S) % limits::cache_line_bytes == 0 ? limits::cache_line_bytes : alignof(S);

}  // namespace detail

// Slots of default-constructed events, reused in place: an event is assigned, never constructed, in the data path, so what an Event
// owns (a string's buffer) is kept from lap to lap. Event: default-constructible, trivially copyable or not.
// Thread: only through Writer and Reader, which say who may touch which slot when. Allocates at construction only.
template <class Event, Stamp stamp = Stamp::none, class PolicyType = StdAtomics>
class Ring {
 public:
  using Policy = PolicyType;
  static constexpr bool has_stamp = stamp == Stamp::in_slot;

  // REQUIRES: capacity is a power of two.
  explicit Ring(std::int64_t capacity) : mask_(capacity - 1) {
    PAWL_ASSERT(is_power_of_two(capacity));
    slots_ = std::make_unique<Slot[]>(static_cast<std::size_t>(capacity));
  }

  [[nodiscard]] std::int64_t capacity() const noexcept { return mask_ + 1; }

  // REQUIRES: the calling thread has claimed `sequence` (to write) or polled it (to read), and not yet passed it on.
  [[nodiscard]] auto& operator[](Sequence sequence) noexcept { return at(sequence).event; }
  [[nodiscard]] const auto& operator[](Sequence sequence) const noexcept { return at(sequence).event; }

  // The first line of a slot, which carries the stamp and header. (The hardware streams the others of a large slot.)
  void prefetch(Sequence sequence) const noexcept { ring::prefetch_to_read(&at(sequence)); }

  // Release: the event in the slot is complete. Pairs with stamped_acquire.
  void stamp_release(Sequence sequence) noexcept
    requires has_stamp
  {
    at(sequence).stamp.store(sequence + 1, Policy::stamp_store);
  }
  [[nodiscard]] bool stamped_acquire(Sequence sequence) const noexcept
    requires has_stamp
  {
    return at(sequence).stamp.load(Policy::stamp_load) == sequence + 1;
  }

 private:
  using Bare = detail::Slot<Event, Policy, stamp>;
  struct alignas(detail::slot_alignment<Bare>) Slot : Bare {};

  Slot& at(Sequence sequence) noexcept { return slots_[static_cast<std::size_t>(sequence & mask_)]; }
  const Slot& at(Sequence sequence) const noexcept { return slots_[static_cast<std::size_t>(sequence & mask_)]; }

  std::int64_t mask_;
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace pawl::ring
