// How often each value occurs in a window, for windows of `distinct` too large to scan: one bounded table for a group.
// Linear probing, erasing by shifting back (Knuth 6.4, algorithm R), so there are no tombstones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pawl/core/state/arena.hpp"

namespace pawl::window {

// Thread: one. A value is counted for one owner: a record and one of its distinct features.
class DistinctTable {
 public:
  struct Owner {
    std::uint32_t record;
    std::uint32_t feature;
  };
  using Value = std::span<const std::byte>;
  enum class Added : std::uint8_t { first, again, no_room };

  // value_bytes: of the longest value, a multiple of 8. No memory is taken for values_max 0.
  DistinctTable(std::size_t value_bytes, std::uint64_t values_max, state::Arena& arena);

  [[nodiscard]] Added add(Owner owner, Value value) noexcept;
  // True: it was the last of its kind. REQUIRES: it was added.
  bool remove(Owner owner, Value value) noexcept;

  [[nodiscard]] static constexpr std::size_t slot_bytes(std::size_t value_bytes) noexcept { return sizeof(SlotHead) + value_bytes; }

  // visit(owner, count, value) for each value, in no order that means anything. For snapshots.
  template <class Visit>
  void each(Visit visit) const {
    std::uint64_t left = used_;
    for (std::uint64_t at = 0; left != 0; ++at) {
      const SlotHead* const head = slot(at);
      if (head->count == 0) continue;
      visit(head->owner, head->count, Value{value_of(at), head->bytes});
      --left;
    }
  }
  // As KeyTable's.
  template <class Visit>
  void each_register(Visit&& visit) {
    visit(used_);
  }
  // As `count` times add(). False: no room, or count is 0, or it is there already.
  [[nodiscard]] bool restore(Owner owner, Value value, std::uint32_t count) noexcept;

  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  [[nodiscard]] std::uint64_t room() const noexcept { return values_max_ - used_; }

 private:
  struct SlotHead {
    Owner owner;
    std::uint32_t count;  // 0: free
    std::uint32_t bytes;
  };

  [[nodiscard]] SlotHead* slot(std::uint64_t at) const noexcept { return reinterpret_cast<SlotHead*>(slots_ + at * slot_bytes_); }
  [[nodiscard]] std::byte* value_of(std::uint64_t at) const noexcept { return slots_ + at * slot_bytes_ + sizeof(SlotHead); }
  [[nodiscard]] std::uint64_t home(Owner owner, Value value) const noexcept;
  // Where the value stands, or the free slot where it would.
  [[nodiscard]] std::uint64_t find(Owner owner, Value value) const noexcept;

  std::size_t slot_bytes_;
  std::uint64_t values_max_;
  std::uint64_t mask_;
  std::byte* slots_;
  std::uint64_t used_ = 0;
};

}  // namespace pawl::window
