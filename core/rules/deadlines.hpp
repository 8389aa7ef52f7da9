// Which key of a partition runs out first: a heap of deadlines per partition, of four children each, in one block of memory. A key's record
// says where in the heap it stands, so that a deadline can be postponed or removed in a few steps, whatever the number of keys.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/state/arena.hpp"
#include "pawl/core/state/key_table.hpp"

namespace pawl::rules {

// Thread: one. No allocation after construction.
class Deadlines {
 public:
  struct Deadline {
    Time at;
    state::KeyTable::Index key;
  };

  // Carves its memory from `arena`; when that only measures, it must not be used. A record has 4 bytes at `place_offset` for this.
  Deadlines(state::Records records, std::size_t place_offset, std::uint32_t partition_keys_max, state::Arena& arena)
      : records_(records), place_offset_(place_offset), partition_keys_max_(partition_keys_max),
        heaps_(reinterpret_cast<Deadline*>(arena.take(limits::partitions * std::size_t{partition_keys_max} * sizeof(Deadline)))) {}

  [[nodiscard]] bool empty(std::size_t partition) const noexcept { return sizes_[partition] == 0; }
  // REQUIRES: !empty(partition).
  [[nodiscard]] const Deadline& first(std::size_t partition) const noexcept { return heap(partition)[0]; }

  // REQUIRES: the key has none.
  void add(std::size_t partition, Deadline deadline) noexcept {
    PAWL_ASSERT(sizes_[partition] < partition_keys_max_);
    rise(partition, sizes_[partition]++, deadline);
  }
  // Of a key that never runs out.
  void note_absent(state::KeyTable::Index key) noexcept { set_place(key, absent); }
  // REQUIRES: the key has one, not later than `at`.
  void postpone(std::size_t partition, state::KeyTable::Index key, Time at) noexcept { sink(partition, place_of(key), {at, key}); }
  // If the key has one.
  void remove(std::size_t partition, state::KeyTable::Index key) noexcept {
    const std::uint32_t place = place_of(key);
    if (place == absent) return;
    const Deadline moved = heap(partition)[--sizes_[partition]];
    set_place(key, absent);
    if (moved.key == key) return;
    if (place > 0 && moved.at < heap(partition)[parent(place)].at) rise(partition, place, moved);
    else sink(partition, place, moved);
  }

 private:
  static constexpr std::uint32_t absent = 0xFFFF'FFFF, children = 4;

  [[nodiscard]] static constexpr std::uint32_t parent(std::uint32_t place) noexcept { return (place - 1) / children; }
  [[nodiscard]] Deadline* heap(std::size_t partition) const noexcept { return heaps_ + partition * std::size_t{partition_keys_max_}; }
  [[nodiscard]] std::uint32_t place_of(state::KeyTable::Index key) const noexcept {
    std::uint32_t place;
    std::memcpy(&place, records_[key] + place_offset_, sizeof place);
    return place;
  }
  void set_place(state::KeyTable::Index key, std::uint32_t place) noexcept { std::memcpy(records_[key] + place_offset_, &place, sizeof place); }
  void put(std::size_t partition, std::uint32_t place, const Deadline& deadline) noexcept {
    heap(partition)[place] = deadline;
    set_place(deadline.key, place);
  }

  // From a free place up, or down, to where it belongs.
  void rise(std::size_t partition, std::uint32_t place, const Deadline deadline) noexcept {
    for (; place > 0 && deadline.at < heap(partition)[parent(place)].at; place = parent(place)) put(partition, place, heap(partition)[parent(place)]);
    put(partition, place, deadline);
  }
  void sink(std::size_t partition, std::uint32_t place, const Deadline deadline) noexcept {
    const Deadline* const all = heap(partition);
    for (;;) {
      const std::uint32_t first = place * children + 1, end = std::min(first + children, sizes_[partition]);
      if (first >= end) break;
      const auto* const least = std::min_element(all + first, all + end, [](const Deadline& a, const Deadline& b) { return a.at < b.at; });
      if (least->at >= deadline.at) break;
      put(partition, place, *least);
      place = static_cast<std::uint32_t>(least - all);
    }
    put(partition, place, deadline);
  }

  state::Records records_;
  std::size_t place_offset_;
  std::uint32_t partition_keys_max_;
  Deadline* heaps_;
  std::array<std::uint32_t, limits::partitions> sizes_{};
};

}  // namespace pawl::rules
