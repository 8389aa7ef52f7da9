// Short functions of a group that its loops are made of. Part of group.hpp.
#pragma once

#include "pawl/core/window/group.hpp"

namespace pawl::window {

inline void Group::add_column(std::byte* total, const Column& column, Bits bits, const std::byte* words, Time te) noexcept {
  if (column.kind != Column::Kind::moments) return add_other(total, column, bits, words, te);
  if ((bits >> column.bit & 1) != 0) reinterpret_cast<Moments*>(total)->add(*reinterpret_cast<const std::int64_t*>(words + column.word * sizeof(std::int64_t)));
}

inline std::uint32_t Group::following(std::uint32_t location) const noexcept {
  if ((location & chunk_entries_max) + 1 < layout_.chunk_entries) [[likely]] return location + 1;
  return chunks_.next(location >> location_index_bits) << location_index_bits;
}

inline void Group::move_cursor(RingCursor& cursor, std::uint32_t to, std::uint32_t end) const noexcept {
  std::uint32_t position = cursor.position, location = cursor.location;
  while (position != to) {
    if (++position != end) location = following(location);
  }
  cursor = {.location = location, .position = position};
}

inline bool Group::is_wide(Index index) const noexcept {
  return wide_seen_ != 0 && index != state::KeyTable::none && (wide_keys_[index / 64] >> index % 64 & 1) != 0;
}

inline void Group::set_wide(Index index) noexcept {
  wide_seen_ = 1;
  wide_keys_[index / 64] |= std::uint64_t{1} << index % 64;
}

inline bool Group::has_due(const Pass& pass, Time limit) const noexcept {
  const std::uint64_t word = pass.cursor.first_word();
  return layout_.packed ? packed::is_due(word, packed::near(limit, newest_)) : static_cast<Time>(word) <= limit;
}

inline void Group::append_packed(Time te, Index index, Bits bits, std::int64_t value) noexcept {
  store(queue_.append(), packed::make(te, index, bits, value));
  if (!packed::fits(value)) [[unlikely]] {
    std::byte* const slot = queue_.append();
    store(slot, packed::make(te, index, 0, 0));
    store(slot + sizeof(std::uint64_t), value);
    ++wide_slots_;
  }
}

// REQUIRES: the queue is not full.
inline void Group::append_entry(Time te, Index index, Bits bits, const std::byte* words) noexcept {
  if (layout_.packed) {
    newest_ = te;
    return append_packed(te, index, bits, load<std::int64_t>(words));
  }
  std::byte* const entry = queue_.append();
  store(entry, EntryHead{te, index, static_cast<std::uint32_t>(bits)});
  for (std::size_t at = 0; at < layout_.entry_words * sizeof(std::int64_t); at += sizeof(std::int64_t)) {
    store(entry + sizeof(EntryHead) + at, load<std::int64_t>(words + at));
  }
}

inline void Group::write_distinct(const Read& read, Index index, const std::byte* record, std::size_t i, Place place) noexcept {
  const Distinct& plan = layout_.distincts[read.total];
  Scalar value;
  const auto* const trail = reinterpret_cast<const RingCursor*>(record + plan.trail_cursor);  // one half may just have been written: no load of both
  const std::uint32_t entries = plan.trail < 0 ? 0 : *reinterpret_cast<const std::uint32_t*>(record + plan.lead_position) - trail->position;
  if (plan.trail < 0 || entries > 1 || reinterpret_cast<const DistinctState*>(record + plan.state)->counted != 0) [[unlikely]] {
    value = read_distinct(index, record, read.total);
  } else {
    const auto bits = entries == 0 ? Bits{0} : *reinterpret_cast<const Bits*>(ring_entry(trail->location));
    value = {static_cast<std::int64_t>(bits >> layout_.raws[plan.raw].bit & 1), true};
  }
  place.numbers[read.cell + i] = value.number;
  place.valid[read.cell + i] = value.valid;
}

}  // namespace pawl::window
