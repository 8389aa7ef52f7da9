// ByteRing: slots whose size is chosen at run time, in memory of the caller.
//
//   byte  0        8                                            slot_bytes = 64 k
//         +--------+---------------------------------------------+
//         | stamp  | body: the event's other header words, payload |
//         +--------+---------------------------------------------+
//
// stamp: int64, sequence + 1 once published, 0 when never. Owned by this class: a writer fills the body alone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/policy.hpp"
#include "pawl/core/ring/prefetch.hpp"
#include "pawl/core/ring/storage.hpp"

namespace pawl::ring {

// One slot, as the thread that has claimed or polled it sees it.
class ByteSlot {
 public:
  static constexpr std::size_t stamp_bytes = sizeof(Sequence);

  ByteSlot(std::byte* start, std::size_t bytes) noexcept : start_(start), bytes_(bytes) {}

  // The slot without its stamp: what a writer may fill.
  [[nodiscard]] std::span<std::byte> body() const noexcept { return {start_ + stamp_bytes, bytes_ - stamp_bytes}; }
  // The slot with its stamp: what a reader may read, once it has polled the slot.
  [[nodiscard]] std::span<const std::byte> whole() const noexcept { return {start_, bytes_}; }
  [[nodiscard]] std::byte* data() const noexcept { return start_; }

 private:
  std::byte* start_;
  std::size_t bytes_;
};

// Thread: only through Writer and Reader. Ownership: the memory stays the caller's and outlives the ring; core does no system calls, so
// huge pages and pre-faulting are the caller's too.
class ByteRing {
 public:
  using Policy = StdAtomics;
  static constexpr bool has_stamp = true;

  // Zeroes the stamps (and so touches every slot: first-touch placement is by the calling thread).
  // REQUIRES: slot_bytes is a multiple of 64; memory is aligned to 64 and holds a power of two of slots, exactly.
  ByteRing(std::span<std::byte> memory, std::size_t slot_bytes) noexcept
      : start_(memory.data()), slot_bytes_(slot_bytes), mask_(slots_in(memory.size(), slot_bytes) - 1) {
    PAWL_ASSERT(reinterpret_cast<std::uintptr_t>(start_) % limits::cache_line_bytes == 0);
    for (Sequence s = 0; s < capacity(); ++s) stamp(s).store(0, std::memory_order_relaxed);  // no other thread knows the ring yet
  }

  [[nodiscard]] std::int64_t capacity() const noexcept { return mask_ + 1; }
  [[nodiscard]] std::size_t slot_bytes() const noexcept { return slot_bytes_; }

  // REQUIRES: the calling thread has claimed `sequence` (to write) or polled it (to read), and not yet passed it on.
  [[nodiscard]] ByteSlot operator[](Sequence sequence) const noexcept { return {at(sequence), slot_bytes_}; }

  // The first line of a slot, which carries the stamp and header. (The hardware streams the others of a large slot.)
  void prefetch(Sequence sequence) const noexcept { ring::prefetch_to_read(at(sequence)); }

  // As in Ring.
  void stamp_release(Sequence sequence) noexcept { stamp(sequence).store(sequence + 1, Policy::stamp_store); }
  [[nodiscard]] bool stamped_acquire(Sequence sequence) const noexcept { return stamp(sequence).load(Policy::stamp_load) == sequence + 1; }

 private:
  static std::int64_t slots_in(std::size_t memory_bytes, std::size_t slot_bytes) noexcept {
    PAWL_ASSERT(slot_bytes > 0 && slot_bytes % limits::cache_line_bytes == 0);
    PAWL_ASSERT(memory_bytes % slot_bytes == 0);
    const auto slots = static_cast<std::int64_t>(memory_bytes / slot_bytes);
    PAWL_ASSERT(is_power_of_two(slots));
    return slots;
  }

  [[nodiscard]] std::byte* at(Sequence sequence) const noexcept { return start_ + static_cast<std::size_t>(sequence & mask_) * slot_bytes_; }
  // The memory is the caller's bytes, so the atomic is a reference into it; alignment was checked at construction.
  [[nodiscard]] std::atomic_ref<Sequence> stamp(Sequence sequence) const noexcept {
    return std::atomic_ref<Sequence>(*reinterpret_cast<Sequence*>(static_cast<void*>(at(sequence))));
  }

  std::byte* start_;
  std::size_t slot_bytes_;
  std::int64_t mask_;
};

static_assert(StampedStorage<ByteRing>);

}  // namespace pawl::ring
