// Which key of a partition runs out first: a heap of deadlines per partition, of four children each, in one block of memory. A key's record
// says where in the heap it stands, so that a deadline can be postponed or removed in a few steps, whatever the number of keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/state/arena.hpp"
#include "pawl/core/state/heap.hpp"
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
    state::heap_rise(heap(partition), sizes_[partition]++, deadline, is_before, put_into(partition));
  }
  // Of a key that never runs out.
  void note_absent(state::KeyTable::Index key) noexcept { set_place(key, absent); }
  // REQUIRES: the key has one, not later than `at`.
  void postpone(std::size_t partition, state::KeyTable::Index key, Time at) noexcept {
    state::heap_sink(heap(partition), sizes_[partition], place_of(key), Deadline{at, key}, is_before, put_into(partition));
  }
  // If the key has one.
  void remove(std::size_t partition, state::KeyTable::Index key) noexcept {
    const std::uint32_t place = place_of(key);
    if (place == absent) return;
    const Deadline moved = heap(partition)[--sizes_[partition]];
    set_place(key, absent);
    if (moved.key == key) return;
    state::heap_settle(heap(partition), sizes_[partition], place, moved, is_before, put_into(partition));
  }

 private:
  static constexpr std::uint32_t absent = 0xFFFF'FFFF;

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

  [[nodiscard]] static bool is_before(const Deadline& a, const Deadline& b) noexcept { return a.at < b.at; }
  struct PutInto {
    Deadlines& deadlines;
    std::size_t partition;
    void operator()(std::uint32_t place, const Deadline& deadline) const noexcept { deadlines.put(partition, place, deadline); }
  };
  [[nodiscard]] PutInto put_into(std::size_t partition) noexcept { return {*this, partition}; }

  state::Records records_;
  std::size_t place_offset_;
  std::uint32_t partition_keys_max_;
  Deadline* heaps_;
  std::array<std::uint32_t, limits::partitions> sizes_{};
};

}  // namespace pawl::rules
