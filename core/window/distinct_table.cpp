#include "pawl/core/window/distinct_table.hpp"

#include <bit>
#include <cstring>

#include "pawl/core/window/hash.hpp"

namespace pawl::window {

DistinctTable::DistinctTable(std::size_t value_bytes, std::uint64_t values_max, state::Arena& arena)
    : slot_bytes_(sizeof(SlotHead) + value_bytes),
      values_max_(values_max),
      mask_(std::bit_ceil(values_max + values_max / 2 + 2) - 1),
      slots_(values_max == 0 ? nullptr : arena.take((mask_ + 1) * slot_bytes_)) {}

std::uint64_t DistinctTable::home(Owner owner, Value value) const noexcept {
  const std::uint64_t of_owner = (std::uint64_t{owner.record} << 32 | owner.feature) * 0x9E37'79B9'7F4A'7C15;
  const std::uint64_t mixed = hash_bytes(value.data(), value.size()) ^ of_owner;
  return (mixed ^ mixed >> 29) & mask_;
}

std::uint64_t DistinctTable::find(Owner owner, Value value) const noexcept {
  std::uint64_t at = home(owner, value);
  for (;; at = (at + 1) & mask_) {  // ends: a third of the slots is free
    const SlotHead* head = slot(at);
    if (head->count == 0) return at;
    if (head->owner.record == owner.record && head->owner.feature == owner.feature && std::memcmp(value_of(at), value.data(), value.size()) == 0) return at;
  }
}

DistinctTable::Added DistinctTable::add(Owner owner, Value value) noexcept {
  if (values_max_ == 0) return Added::no_room;
  const std::uint64_t at = find(owner, value);
  SlotHead* head = slot(at);
  if (head->count != 0) {
    ++head->count;
    return Added::again;
  }
  if (used_ == values_max_) return Added::no_room;
  ++used_;
  *head = {owner, 1, static_cast<std::uint32_t>(value.size())};
  std::memcpy(value_of(at), value.data(), value.size());
  return Added::first;
}

bool DistinctTable::restore(Owner owner, Value value, std::uint32_t count) noexcept {
  if (count == 0 || add(owner, value) != Added::first) return false;
  slot(find(owner, value))->count = count;
  return true;
}

bool DistinctTable::remove(Owner owner, Value value) noexcept {
  std::uint64_t hole = find(owner, value);
  SlotHead* head = slot(hole);
  PAWL_ASSERT(head->count != 0);
  if (--head->count != 0) return false;
  --used_;
  for (std::uint64_t at = (hole + 1) & mask_; slot(at)->count != 0; at = (at + 1) & mask_) {
    const std::uint64_t wanted = home(slot(at)->owner, {value_of(at), slot(at)->bytes});
    if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;  // it stands between its home and the hole: leave it
    std::memcpy(slots_ + hole * slot_bytes_, slots_ + at * slot_bytes_, slot_bytes_);
    slot(at)->count = 0;
    hole = at;
  }
  return true;
}

}  // namespace pawl::window
