// Entries and the cursors that pass them.
#include <algorithm>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {

std::uint32_t Group::following(std::uint32_t location) const noexcept {
  if ((location & chunk_entries_max) + 1 < layout_.chunk_entries) return location + 1;
  return chunks_.next(location >> location_index_bits) << location_index_bits;
}

// Passes one entry. The totals behind it are those before the next one, so only the next one is touched.
void Group::step(std::byte* record, CursorHead* cursor) noexcept {
  std::byte* const totals = reinterpret_cast<std::byte*>(cursor) + sizeof(CursorHead);
  if (++cursor->position == static_cast<std::uint32_t>(head_of(record)->position)) {
    cursor->te_next = INT64_MAX;
    copy_words(totals, record + layout_.totals_offset, layout_.entry_columns_bytes);
    return;
  }
  cursor->location = following(cursor->location);
  const std::byte* const next = entry(cursor->location);
  cursor->te_next = load<Time>(next);
  copy_words(totals, next + sizeof(Time), layout_.entry_columns_bytes);
}

void Group::advance_time_edges(std::byte* record, Time te) noexcept {
  for (std::size_t e = 0; e < layout_.time_edges; ++e) {
    CursorHead* const cursor = cursor_of(record, layout_.edges[e]);
    const Time limit = earlier(te, layout_.edges[e].offset);
    while (cursor->te_next <= limit) step(record, cursor);
  }
}

void Group::advance_last_n_edges(std::byte* record) noexcept {
  for (std::size_t e = layout_.time_edges; e < layout_.edges.size(); ++e) {
    const Edge& edge = layout_.edges[e];
    CursorHead* const cursor = cursor_of(record, edge);
    while (load<std::uint32_t>(record + edge.match_now) - load<std::uint32_t>(record + edge.match_here) > edge.n) step(record, cursor);
  }
}

std::uint32_t Group::passed_by_all(const std::byte* record) const noexcept {
  if (layout_.slowest >= 0) return cursor_of(record, layout_.edges[static_cast<std::size_t>(layout_.slowest)])->position;
  const auto now = static_cast<std::uint32_t>(head_of(record)->position);
  std::uint32_t left = 0;
  for (const Edge& edge : layout_.edges) left = std::max(left, now - cursor_of(record, edge)->position);
  return now - left;
}

void Group::free_passed_chunks(std::byte* record) noexcept {
  RecordHead* const head = head_of(record);
  if (head->oldest_chunk == head->append >> location_index_bits || head->oldest_chunk == no_chunk) return;
  const std::uint32_t passed = passed_by_all(record);
  while (head->oldest_chunk != head->append >> location_index_bits && static_cast<std::int32_t>(passed - head->oldest_end) >= 0) {
    const Chunk chunk = head->oldest_chunk;
    head->oldest_chunk = chunks_.next(chunk);
    head->oldest_end += layout_.chunk_entries;
    chunks_.give_back(chunk);
    entries_ -= layout_.chunk_entries;
  }
}

// What the cursors of counted windows pass enters and leaves the table.
template <class Move>
void Group::move_cursors(Index index, Move move) noexcept {
  if (counted_windows_ == 0) return move();
  save_counted(index);
  move();
  count_moved(index);
}

// Brings all edges of a key to effective time te.
void Group::advance(Index index, Time te) noexcept {
  std::byte* const record = table_.record(index);
  move_cursors(index, [&] {
    advance_time_edges(record, te);
    advance_last_n_edges(record);
  });
  free_passed_chunks(record);
}

// False: all entries are in use, and no key nearby could be forgotten.
bool Group::make_room(Index index, Time te) noexcept {
  if (!layout_.keeps_entries()) return true;
  if (entries_ >= entries_max_ && !find_room(index, te)) return false;
  RecordHead* const head = head_of(table_.record(index));
  if ((head->append & chunk_entries_max) >= layout_.chunk_entries) append_chunk(head);
  return true;
}

bool Group::find_room(Index index, Time te) noexcept {
  for (int tries = 0; entries_ >= entries_max_ && tries < 4; ++tries) {
    reclaim(next_partition_, 2, index, te);
    next_partition_ = (next_partition_ + 1) % limits::partitions;
  }
  entries_refused_ += entries_ >= entries_max_;
  return entries_ < entries_max_;
}

void Group::append_chunk(RecordHead* head) noexcept {
  const Chunk chunk = chunks_.take();
  PAWL_ASSERT(chunk != state::ChunkPool::none);  // chunks_max_of() gives entries_max entries enough chunks, however they lie
  if (head->oldest_chunk == no_chunk) {
    head->oldest_chunk = chunk;
    head->oldest_end = static_cast<std::uint32_t>(head->position) + layout_.chunk_entries;
  } else {
    chunks_.link(head->append >> location_index_bits, chunk);
  }
  chunks_.link(chunk, chunk);  // until there is a next one: a place that may be fetched
  head->append = chunk << location_index_bits;
}

void Group::evaluate_programs(const TypePlan& type, const std::byte* slot, Time te) noexcept {
  Facts facts = 0;
  unsigned bit = 0;
  for (const Program& where : type.wheres) facts |= static_cast<Facts>(where.run(slot, te).number != 0) << bit++;
  std::int64_t* value = values_.data();
  for (const Program& program : type.values) {
    const Scalar result = program.run(slot, te);
    *value++ = result.number;
    facts |= (static_cast<Facts>(result.valid) | static_cast<Facts>(result.number != 0) << 1) << bit;
    bit += 2;
  }
  for (const FieldRef& text : type.texts) facts |= static_cast<Facts>(!text.missing(slot)) << bit++;
  facts_ = facts;
}

void Group::evaluate(const TypePlan& type, const std::byte* slot, Time te) noexcept {
  if (type.quick) {
    Facts facts = 0;
    unsigned bit = 0;
    for (const Quick& where : type.quick_wheres) facts |= (static_cast<Facts>(where.valid(slot)) & static_cast<Facts>(where.in_range(slot))) << bit++;
    std::int64_t* value = values_.data();
    for (const Quick& quick : type.quick_values) {
      const bool valid = quick.valid(slot);
      const std::uint64_t number = quick.number(slot) & (0 - static_cast<std::uint64_t>(valid));
      *value++ = static_cast<std::int64_t>(number);
      facts |= (static_cast<Facts>(valid) | static_cast<Facts>(number != 0) << 1) << bit;
      bit += 2;
    }
    facts_ = facts;
  } else {
    evaluate_programs(type, slot, te);
  }
  std::byte* to = raws_.data();
  for (const Raw& raw : layout_.raws) {
    if (raw.text) {
      std::memset(to, 0, raw.bytes);
      std::memcpy(to, type.texts[raw.value].bytes(slot), type.texts[raw.value].byte_count());
    } else {
      store(to, values_[raw.value]);
    }
    to += raw.bytes;
  }
}

void Group::write_entry(std::byte* record, Time te) noexcept {
  RecordHead* const head = head_of(record);
  const std::uint32_t location = head->append++;
  std::byte* const at = entry(location);
  store(at, te);
  copy_words(at + sizeof(Time), record + layout_.totals_offset, layout_.entry_columns_bytes);
  if (!layout_.raws.empty()) {
    copy_words(at + layout_.raws[0].offset, raws_.data(), raws_.size());
    store(at + layout_.raw_facts_offset, facts_);
  }
  ++entries_;
  for (const Edge& edge : layout_.edges) {
    CursorHead* const cursor = cursor_of(record, edge);
    if (cursor->position != static_cast<std::uint32_t>(head->position)) continue;
    cursor->te_next = te;
    cursor->location = location;
  }
}

void Group::add_to_totals(std::byte* record, Time te) noexcept {
  const Facts facts = facts_;
  for (const Add& add : layout_.counts) {
    const auto one = static_cast<std::uint32_t>((facts & add.facts) == add.facts);
    store(record + add.offset, load<std::uint32_t>(record + add.offset) + one);
  }
  std::uint64_t largest = head_of(record)->largest;
  for (const Add& add : layout_.sums) {
    const std::int64_t value = (facts & add.facts) == add.facts ? values_[add.value] : 0;
    const auto bits = static_cast<std::uint64_t>(value);
    store(record + add.offset, load<std::uint64_t>(record + add.offset) + bits);
    largest = std::max(largest, value < 0 ? 0 - bits : bits);
  }
  head_of(record)->largest = largest;
  for (const Column& column : layout_.others) add_to_other(record, column, te);
}

void Group::add_to_other(std::byte* record, const Column& column, Time te) noexcept {
  std::byte* const total = record + layout_.totals_offset + column.offset;
  if (column.kind == Column::Kind::carry && (facts_ & column.match) == column.match) {
    store(total + carry_matched_offset, load<std::uint32_t>(total + carry_matched_offset) + 1);
  }
  if ((facts_ & column.facts) != column.facts) return;
  switch (column.kind) {
    case Column::Kind::count64: store(total, load<std::uint64_t>(total) + 1); break;
    case Column::Kind::sum128: store(total, static_cast<Int128>(load<Int128>(total) + values_[column.value])); break;
    case Column::Kind::carry:
      store(total, values_[column.value]);
      store(total + carry_te_offset, te);
      store(total + carry_number_offset, load<std::uint32_t>(total + carry_matched_offset));
      break;
    case Column::Kind::count32: case Column::Kind::sum64: break;  // among the common ones
  }
}

void Group::save_counted(Index index) noexcept {
  const std::byte* const record = table_.record(index);
  for (std::size_t d = 0; d < layout_.distincts.size(); ++d) {
    const Distinct& distinct = layout_.distincts[d];
    if (load<DistinctState>(record + distinct.state).counted == 0) continue;
    saved_[d] = {place_of(record, distinct.lead), place_of(record, distinct.trail)};
  }
}

void Group::count_moved(Index index) noexcept {
  const std::byte* const record = table_.record(index);
  for (std::size_t d = 0; d < layout_.distincts.size(); ++d) {
    const Distinct& distinct = layout_.distincts[d];
    if (load<DistinctState>(record + distinct.state).counted == 0) continue;
    if (distinct.lead >= 0) count_passed(index, d, saved_[d].lead, saved_[d].trail);
    if (load<DistinctState>(record + distinct.state).counted == 0) continue;
    if (distinct.trail >= 0) uncount(index, d, {saved_[d].trail, place_of(record, distinct.trail).position});
  }
}

// REQUIRES: make_room() said yes and nothing has happened to the record since.
void Group::insert(Index index, const TypePlan& type, const std::byte* slot, Time te) noexcept {
  std::byte* const record = table_.record(index);
  RecordHead* const head = head_of(record);
  evaluate(type, slot, te);
  if (layout_.keeps_entries()) write_entry(record, te);
  count_inserted(index);
  add_to_totals(record, te);
  ++head->position;
  head->last_te = te;
  if (layout_.time_edges == layout_.edges.size()) return;
  move_cursors(index, [&] { advance_last_n_edges(record); });
  free_passed_chunks(record);
}

Group::Index Group::find(const Work& work) const noexcept {
  if (work.candidate != state::KeyTable::none && table_.holds(work.candidate, work.hash, work.key)) return work.candidate;
  return table_.find(work.hash, work.key);
}

// False: a bound was reached, the event is in no window of this group and its features are missing.
bool Group::take_in(const Work& work, const Batch& batch, std::size_t i, Place place) noexcept {
  const Time te = batch.te[i];
  if (work.role != Role::insert) {
    const Index index = work.role == Role::empty ? state::KeyTable::none : find(work);
    if (index != state::KeyTable::none) advance(index, te);
    const std::byte* const record = index == state::KeyTable::none ? blank_.data() : table_.record(index);
    read_all(layout_.before, index, record, te, place);
    read_all(layout_.after, index, record, te, place);
    return true;
  }
  Index index = find(work);
  if (index == state::KeyTable::none) index = create(work, te);
  if (index == state::KeyTable::none) return false;
  advance(index, te);
  if (!make_room(index, te)) return false;
  const std::byte* const record = table_.record(index);
  read_all(layout_.before, index, record, te, place);
  insert(index, layout_.types[batch.type[i]], batch.slot[i], te);
  read_all(layout_.after, index, record, te, place);
  return true;
}

void Group::update(const Batch& batch, state::Tiles& tiles) noexcept {
  for (std::size_t i = 0; i < batch.count; ++i) {
    const Sequence sequence = batch.first + static_cast<Sequence>(i);
    const std::size_t cell = static_cast<std::size_t>(sequence) % state::Tiles::events;
    const Place place{tiles.numbers(0, sequence) + cell, tiles.valid(0, sequence) + cell};
    const Work& work = work_[i];
    if (work.role == Role::none || !take_in(work, batch, i, place)) write_missing(place);
  }
}

void Group::examine(Index index, Time te) noexcept {
  advance(index, te);
  RecordHead* const head = head_of(table_.record(index));
  if (layout_.immortal || head->last_te > earlier(te, layout_.reach)) return;
  for (Chunk chunk = head->oldest_chunk; chunk != no_chunk;) {
    const bool last = chunk == head->append >> location_index_bits;
    const Chunk following_chunk = last ? no_chunk : chunks_.next(chunk);
    entries_ -= last ? (head->append & chunk_entries_max) : layout_.chunk_entries;
    chunks_.give_back(chunk);
    chunk = following_chunk;
  }
  for (const Distinct& distinct : layout_.distincts) {
    counted_windows_ -= distinct.trail >= 0 && load<DistinctState>(table_.record(index) + distinct.state).counted != 0;
  }
  table_.erase(index);
  ++keys_evicted_;
}

}  // namespace pawl::window
