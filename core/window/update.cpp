// One event at its turn: edges pass what has become due, features of `prior` are read, the event is inserted, the others are read.
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

// A constant length makes straight moves of it.
inline void copy_row(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  switch (bytes) {
    case 64: std::memcpy(to, from, 64); return;
    case 96: std::memcpy(to, from, 96); return;
    case 128: std::memcpy(to, from, 128); return;
    case 160: std::memcpy(to, from, 160); return;
    case 192: std::memcpy(to, from, 192); return;
    default: std::memcpy(to, from, bytes);
  }
}

}  // namespace

// False: all entries are in use.
bool Group::make_room(Index index, Time te) noexcept {
  if (layout_.keeps_log() && queue_.full()) [[unlikely]] {
    ++entries_refused_;
    return false;
  }
  return !layout_.keeps_rings() || make_room_in_rings(index, te);
}

bool Group::make_room_in_rings(Index index, Time te) noexcept {
  for (int tries = 0; ring_entries_ >= entries_max_ && tries < 4; ++tries) {  // perhaps a key nearby can be forgotten
    reclaim(next_partition_, 2, index, te);
    next_partition_ = (next_partition_ + 1) % limits::partitions;
  }
  if (ring_entries_ >= entries_max_) {
    ++entries_refused_;
    return false;
  }
  RingHead* const ring = ring_of(table_.record(index));
  if ((ring->append & chunk_entries_max) >= layout_.chunk_entries) append_chunk(ring);
  return true;
}

void Group::add_other(std::byte* total, const Column& column, Bits bits, const std::byte* words, Time te) noexcept {
  if (column.kind == Column::Kind::carry && (bits >> column.match_bit & 1) != 0) {
    store(total + carry_matched_offset, load<std::uint32_t>(total + carry_matched_offset) + 1);
  }
  if ((bits >> column.bit & 1) == 0) return;
  const auto value = [&] { return load<std::int64_t>(words + column.word * sizeof(std::int64_t)); };
  switch (column.kind) {
    case Column::Kind::count64: store(total, load<std::uint64_t>(total) + 1); break;
    case Column::Kind::sum128: store(total, static_cast<Int128>(load<Int128>(total) + value())); break;
    case Column::Kind::carry:
      store(total + carry_number_offset, load<std::uint32_t>(total + carry_matched_offset));
      [[fallthrough]];
    case Column::Kind::latest:
      store(total, value());
      store(total + carry_te_offset, te);
      break;
    case Column::Kind::count32: case Column::Kind::sum64: break;  // among the common ones
  }
}

// REQUIRES: make_room() said yes and nothing has happened to the record since.
void Group::insert(Index index, const Batch& batch, std::size_t i) noexcept {
  const Time te = batch.te[i];
  const Bits bits = bits_[i];
  const auto* const event_words = reinterpret_cast<const std::byte*>(words(i));
  std::byte* const record = table_.record(index);
  std::byte* const totals = record + layout_.totals_offset;
  head_of(record)->last_te = te;
  if ((bits & wide_bit) != 0) [[unlikely]] {
    head_of(record)->wide = 1;
    add_wide(index, 0, event_words);
  }
  if (layout_.keeps_log()) {
    std::byte* const entry = queue_.append();
    store(entry, EntryHead{te, index, static_cast<std::uint32_t>(bits)});
    for (std::size_t at = 0; at < layout_.entry_words * sizeof(std::int64_t); at += sizeof(std::int64_t)) {
      store(entry + sizeof(EntryHead) + at, load<std::int64_t>(event_words + at));
    }
  }
  add_to_block(totals, bits, event_words, layout_.sums, layout_.quads);
  for (const Column& column : layout_.edge_others) add_other(totals + column.offset, column, bits, event_words, te);
  for (const Column& column : layout_.latests) {
    if ((bits >> column.bit & 1) == 0) continue;
    std::memcpy(totals + column.offset, event_words + column.word * sizeof(std::int64_t), sizeof(std::int64_t));
    store(totals + column.offset + carry_te_offset, te);
  }
  for (const Column& column : layout_.now_others) add_other(totals + column.offset, column, bits, event_words, te);
  if (!layout_.raws.empty() || layout_.keeps_rings()) insert_into_ring(index, batch, i);
}

// Keeps what features read of a record at this moment.
void Group::look(const Reads& reads, Rows& rows, Index index, const std::byte* record, const Batch& batch, std::size_t i, state::Tiles& tiles) noexcept {
  if (reads.all.empty()) return;
  copy_row(rows.copies.data() + i * layout_.row_bytes, record + layout_.row_offset, layout_.row_bytes);
  if (!reads.rare.empty() || head_of(record)->wide != 0) look_closer(reads, rows, index, record, batch, i, tiles);
}

// False: a bound was reached, the event is in no window of this group and its features are missing.
bool Group::take_in(const Batch& batch, std::size_t i, state::Tiles& tiles) noexcept {
  const Work& work = work_[i];
  const Time te = batch.te[i];
  Index index = work.role != Role::empty && keys_changed_ ? find(work) : work.index;
  if (work.role == Role::insert && index == state::KeyTable::none) index = create(work, te);
  if (layout_.keeps_rings() && index != state::KeyTable::none) bring_ring(index);  // before room is looked for: it may give some back
  if (work.role == Role::insert && (index == state::KeyTable::none || !make_room(index, te))) return false;
  const std::byte* const record = index == state::KeyTable::none ? blank_.data() : table_.record(index);
  look(layout_.before, before_, index, record, batch, i, tiles);
  if (work.role == Role::insert) insert(index, batch, i);
  look(layout_.after, after_, index, record, batch, i, tiles);
  return true;
}

void Group::update(const Batch& batch, state::Tiles& tiles) noexcept {
  missing_ = before_.wide = after_.wide = 0;
  const bool settled = passed_early_ && deferred_count_ < deferred_max;  // all edges stand where the batch will end
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (deferred_count_ != 0) pass_deferred(i);
    if (!settled && batch.type[i] != no_event) advance(batch.te[i]);
    if (work_[i].role == Role::none || !take_in(batch, i, tiles)) missing_ |= 1U << i;
  }
  deferred_count_ = deferred_done_ = 0;
  free_passed();
}

void Group::insert_into_ring(Index index, const Batch& batch, std::size_t i) noexcept {
  if (!layout_.raws.empty()) copy_raws(layout_.types[batch.type[i]], batch.slot[i], i);
  if (counted_windows_ != 0) count_inserted(index, bits_[i]);
  if (!layout_.keeps_rings()) return;
  std::byte* const record = table_.record(index);
  append_to_ring(record, bits_[i], words(i));
  ++ring_of(record)->position;
  if (layout_.time_edges == layout_.edges.size()) return;
  advance_last_n_edges(index);
  free_passed_chunks(record);
}

}  // namespace pawl::window
