// One event at its turn: edges pass what has become due, features of `prior` are read, the event is inserted, the others are read.
#include "pawl/core/window/avx2.hpp"
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/decay.hpp"
#include "pawl/core/window/deviation.hpp"
#include "pawl/core/window/group.hpp"
#include "pawl/core/window/lowered.hpp"

namespace pawl::window {
namespace {

// From so many bytes on the records of a batch, and what its passes touch, are more than a first-level cache keeps. Two and six turns ahead did less.
constexpr std::size_t many_bytes = 512, turns_ahead = 3;

// Rows are multiples of 32 bytes: one register where there are such.
using Half [[gnu::vector_size(32), gnu::aligned(1), gnu::may_alias]] = std::uint64_t;
[[gnu::always_inline]] inline void copy_row(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  std::size_t at = 0;
  do {
    *reinterpret_cast<Half*>(to + at) = *reinterpret_cast<const Half*>(from + at);
    at += sizeof(Half);
  } while (at != bytes);
}

}  // namespace

// Edges pass in the queue; the ring of a key follows when somebody looks.
void Group::bring_ring(Index index, std::byte* record) noexcept {
  if (lone_ring_edge_ != nullptr && counted_windows_ == 0) {  // as bring_cursors() does it
    const RingHead& ring = *ring_of(record);
    const auto passed = load<std::uint32_t>(record + lone_ring_edge_->passed);
    RingCursor& cursor = *reinterpret_cast<RingCursor*>(record + lone_ring_edge_->ring);
    if (cursor.position == passed) return;
    move_cursor(cursor, passed, ring.position);
    if (ring.oldest_chunk != ring.append >> location_index_bits) free_passed_chunks(record);
    return;
  }
  bool behind = layout_.time_edges != layout_.edges.size();
  for (const std::uint32_t e : layout_.ring_edges) {
    if (e >= layout_.time_edges) break;
    const Edge& edge = layout_.edges[e];
    behind |= load<RingCursor>(record + edge.ring).position != load<std::uint32_t>(record + edge.passed);
  }
  if (behind) bring_cursors(index);
}

void Group::make_room_in_chunk(std::byte* record) noexcept {
  if ((ring_of(record)->append & chunk_entries_max) >= layout_.chunk_entries) [[unlikely]] append_chunk(record);
}

// False: all entries are in use.
bool Group::make_room(Index index, Time te) noexcept {
  if (layout_.keeps_queue() && queue_.full()) [[unlikely]] {
    ++entries_refused_;
    return false;
  }
  if (!layout_.peaks.empty() && !make_room_in_peaks(index, te)) return false;
  return !layout_.keeps_rings() || (layout_.pane != 0 && has_pane(table_.record(index), te)) || make_room_in_rings(index, te);
}

bool Group::make_room_in_peaks(Index index, Time te) noexcept {
  for (int tries = 0; !peaks_.has_room(1) && tries < 4; ++tries) {  // perhaps a key nearby can be forgotten
    reclaim(next_partition_, 2, index, te);
    next_partition_ = (next_partition_ + 1) % limits::partitions;
  }
  entries_refused_ += !peaks_.has_room(1);
  return peaks_.has_room(1);
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
  make_room_in_chunk(table_.record(index));
  return true;
}

void Group::add_other(std::byte* total, const Column& column, Bits bits, const std::byte* words, Time te) noexcept {
  if (column.kind == Column::Kind::carry && (bits >> column.match_bit & 1) != 0) {
    store(total + carry_matched_offset, load<std::uint32_t>(total + carry_matched_offset) + 1);
  }
  if ((bits >> column.bit & 1) == 0) return;
  const auto value = [&] { return load<std::int64_t>(words + column.word * sizeof(std::int64_t)); };
  const auto none_yet = [&] { return load<Time>(total + carry_te_offset) == no_time; };
  const auto keep = [&] {
    store(total, value());
    store(total + carry_te_offset, te);
  };
  switch (column.kind) {
    case Column::Kind::count64: store(total, load<std::uint64_t>(total) + 1); break;
    case Column::Kind::sum128: store(total, static_cast<Int128>(load<Int128>(total) + value())); break;
    case Column::Kind::carry:
      store(total + carry_number_offset, load<std::uint32_t>(total + carry_matched_offset));
      return keep();
    case Column::Kind::latest: return keep();
    case Column::Kind::moments: {
      auto moments = load<Moments>(total);
      moments.add(value());
      return store(total, moments);
    }
    case Column::Kind::decayed: {
      auto decayed = load<Decayed>(total);
      decayed.add(column.floating ? float_of_ordered(value()) : static_cast<double>(value()), te, column.half_life);
      return store(total, decayed);
    }
    case Column::Kind::own: return column.own->add(total, value());
    case Column::Kind::recent: return add_recent(total, column.room, value(), (bits >> column.match_bit & 1) != 0);
    case Column::Kind::earliest: return none_yet() ? keep() : void();
    case Column::Kind::least: return none_yet() || value() < load<std::int64_t>(total) ? keep() : void();
    case Column::Kind::greatest: return none_yet() || value() > load<std::int64_t>(total) ? keep() : void();
    case Column::Kind::count32: case Column::Kind::sum64: break;  // among the common ones
  }
}

void Group::add_latest(std::byte* totals, const Column& column, Bits bits, const std::byte* words, Time te) noexcept {
  if ((bits >> column.bit & 1) == 0) return;
  store(totals + column.offset, load<std::int64_t>(words + column.word * sizeof(std::int64_t)));
  store(totals + column.offset + carry_te_offset, te);
}

void Group::add_others(std::byte* totals, Bits bits, const std::byte* words, Time te) const noexcept {
  for (const Column& column : layout_.edge_others) add_column(totals + column.offset, column, bits, words, te);
  for (const Column& column : layout_.now_others) add_column(totals + column.offset, column, bits, words, te);
}

void Group::enter_wide(Index index, const std::byte* words) noexcept {
  set_wide(index);
  add_wide(index, 0, words);
}

// REQUIRES: make_room() said yes and nothing has happened to the record since.
void Group::insert(Index index, const Batch& batch, std::size_t i) noexcept {
  const Time te = time_of(batch, i);
  const Bits bits = bits_[i];
  const auto* const event_words = reinterpret_cast<const std::byte*>(words(i));
  std::byte* const record = table_.record(index);
  std::byte* const totals = record + layout_.totals_offset;
  head_of(record)->last_te = te;
  if ((bits & wide_bit) != 0) [[unlikely]] enter_wide(index, event_words);
  if (layout_.keeps_queue()) append_entry(te, index, bits, event_words);
  add_to_block(totals, bits, event_words, layout_.sums, layout_.counts);
  for (const Column& column : layout_.latests) add_latest(totals, column, bits, event_words, te);
  add_others(totals, bits, event_words, te);
  if (layout_.pane != 0) return insert_into_pane(record, i, te);
  if (!layout_.raws.empty() || layout_.keeps_rings()) insert_into_ring(index, record, batch, i);
}

// Reads the windows of `min` and `max` before the event, enters it, and reads them after it. Called, not inlined into the loop over events: most groups have none.
void Group::turn_peaks_of(std::byte* record, Time te, Bits bits, bool inserts, std::size_t i, Place place) noexcept {
  const auto write = [&](const PeakList& list, std::uint32_t cell, FoundPeak found) {
    place.numbers[cell + i] = found.any ? found.value ^ list.turned : 0;
    place.valid[cell + i] = found.any;
  };
  for (const PeakList& list : layout_.peaks) {
    Peak& peak = *peak_of(record, list);
    const bool enters = inserts && (bits >> list.bit & 1) != 0;
    if (peak.chunks != 0) [[unlikely]] {
      turn_far(list, peak, te, enters, i, place);
      continue;
    }
    for (const PeakList::Window& window : list.before) write(list, window.cell, front_near(peak, earlier(te, window.offset)));
    if (enters && !push_near(peak, te, values(list.value)[i] ^ list.turned)) [[unlikely]] {
      peaks_.push(peak, te, values(list.value)[i] ^ list.turned, earlier(te, list.longest));
      for (const PeakList::Window& window : list.after) write(list, window.cell, peaks_.front(peak, earlier(te, window.offset)));
      continue;
    }
    for (const PeakList::Window& window : list.after) write(list, window.cell, front_near(peak, earlier(te, window.offset)));
  }
}

void Group::turn_peaks(std::byte* record, Time te, Bits bits, bool inserts, std::size_t i, Place place) noexcept { turn_peaks_of(record, te, bits, inserts, i, place); }
PAWL_AVX2 void Group::turn_peaks_avx2(std::byte* record, Time te, Bits bits, bool inserts, std::size_t i, Place place) noexcept { turn_peaks_of(record, te, bits, inserts, i, place); }

// The same of a list that does not stand in its record alone.
void Group::turn_far(const PeakList& list, Peak& peak, Time te, bool enters, std::size_t i, Place place) noexcept {
  const auto write = [&](const std::vector<PeakList::Window>& windows) {
    for (const PeakList::Window& window : windows) {
      const FoundPeak found = peaks_.front(peak, earlier(te, window.offset));
      place.numbers[window.cell + i] = found.any ? found.value ^ list.turned : 0;
      place.valid[window.cell + i] = found.any;
    }
  };
  const Time outdated = earlier(te, list.longest);
  peaks_.let_go(peak, outdated);
  write(list.before);
  if (enters) peaks_.push(peak, te, values(list.value)[i] ^ list.turned, outdated);
  write(list.after);
}

// Keeps what features read of a record at this moment.
void Group::look(const Reads& reads, Rows& rows, Index index, const std::byte* record, Time te, std::size_t i, Place place) noexcept {
  if (reads.all.empty()) return;
  if (reads.own_alone) return write_own(reads, record, i, place);
  copy_row(rows.copies.data() + i * layout_.row_bytes, record + layout_.row_offset, layout_.row_bytes);
  if (reads.from_record() || is_wide(index)) look_closer(reads, rows, index, record, te, i, place);
}

// False: a bound was reached, the event is in no window of this group and its features are missing.
bool Group::take_in(const Batch& batch, std::size_t i, Place place) noexcept {
  const Work& work = work_[i];
  const Time te = time_of(batch, i);
  Index index = work.role != Role::empty && keys_changed_ ? find(work) : work.index;
  if (work.role == Role::insert && index == state::KeyTable::none) index = create(work, te);
  if (layout_.pane != 0 && index != state::KeyTable::none) pass_panes(table_.record(index), te);
  else if (layout_.keeps_rings() && index != state::KeyTable::none) bring_ring(index, table_.record(index));  // before room is looked for: it may give some back
  if (work.role == Role::insert && (index == state::KeyTable::none || !make_room(index, te))) return false;
  const std::byte* const record = index == state::KeyTable::none ? blank_.data() : table_.record(index);
  look(layout_.before, before_, index, record, te, i, place);
  if (work.role == Role::insert) insert(index, batch, i);
  look(layout_.after, after_, index, record, te, i, place);
  if (!layout_.peaks.empty()) turn_peaks(index == state::KeyTable::none ? blank_.data() : table_.record(index), te, bits_[i], work.role == Role::insert, i, place);
  return true;
}

// The same, of a group whose events may be late.
bool Group::take_in_late(const Batch& batch, std::size_t i, Place place) noexcept {
  const Work& work = work_[i];
  const Time te = batch.te[i], at = batch.place[i];
  Index index = work.role != Role::empty && keys_changed_ ? find(work) : work.index;
  if (work.role == Role::insert && index == state::KeyTable::none) index = create(work, te);
  if (work.role == Role::insert && index == state::KeyTable::none) return false;
  if (index == state::KeyTable::none) {
    look(layout_.before, before_, index, blank_.data(), at, i, place);
    look(layout_.after, after_, index, blank_.data(), at, i, place);
    return true;
  }
  std::byte* const record = table_.record(index);
  bring_tree(record, te, at);
  if (work.role == Role::insert && !make_room_in_trees(index, te)) return false;
  std::byte* const seen = at < tree_of(record)->seen ? look_back(record, at) : record;
  gather_fronts(true, record, at, seen);
  look(layout_.before, before_, index, seen, at, i, place);
  if (work.role == Role::insert) {
    insert_into_tree(record, batch, i);
    if (seen != record) trees_.add(seen + layout_.totals_offset, at, bits_[i], reinterpret_cast<const std::byte*>(words(i)));
  }
  gather_fronts(false, record, at, seen);
  look(layout_.after, after_, index, seen, at, i, place);
  return true;
}

void Group::update_late(const Batch& batch, Place place) noexcept {
  fetch_ends_of_trees(batch);
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (work_[i].role == Role::none || !take_in_late(batch, i, place)) missing_ |= EventBits{1} << i;
  }
}

// A batch in which every event enters the record it has: nothing is refused, no key comes or goes.
//
// What is read after the event is copied before it too, and the event added to the copy: a wide load of what narrow stores have just
// written would wait until all stores before them have reached the cache (30 of 50 ns an event, when it was so).
template <std::size_t Sums, std::size_t Counts, bool Others, Group::TurnPeaks Turn>
void Group::update_all(const Batch& batch, Place place) noexcept {
  const state::Records records = table_.records();
  const std::size_t row_bytes = layout_.row_bytes, row_offset = layout_.row_offset, totals_offset = layout_.totals_offset;
  const std::size_t words_of_event = layout_.words.size() * sizeof(std::int64_t), entry_words = layout_.entry_words * sizeof(std::int64_t);
  const bool many_lines = records.record_bytes >= many_bytes;
  const bool rings = layout_.keeps_rings(), peaks = !layout_.peaks.empty(), totals_copied = layout_.row_has_totals, raws = !layout_.raws.empty();
  const bool own_before = layout_.before.own_alone, own_after = layout_.after.own_alone, queued = layout_.keeps_queue(), packed = layout_.packed;
  const bool reads_before = !layout_.before.all.empty() && !own_before, reads_after = !layout_.after.all.empty() && !own_after;
  const bool close_before = layout_.before.from_record(), close_after = layout_.after.from_record() && lone_distinct_ == nullptr;
  const std::span<const Column> latests = layout_.latests;
  const auto* event_words = reinterpret_cast<const std::byte*>(words_.data());
  std::byte *before = before_.copies.data(), *after = after_.copies.data();
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (is_due(i)) pass_deferred(i);
    const Index index = work_[i].index;
    const Time te = batch.te[i];
    const Bits bits = bits_[i];
    std::byte* const record = records[index];
    std::byte* const totals = record + totals_offset;
    if (many_lines && i + turns_ahead < batch.count) [[unlikely]] {  // what locate() fetched first has left the first-level cache
      const std::byte* const next = records[work_[i + turns_ahead].index];
      for (std::size_t at = 0; at < records.record_bytes; at += limits::cache_line_bytes) __builtin_prefetch(next + at, 1);
      if (peaks) fetch_peaks(work_[i + 1].index);
    }
    if (rings) {
      bring_ring(index, record);
      make_room_in_chunk(record);
    }
    if (reads_before) {
      copy_row(before, record + row_offset, row_bytes);
      if (close_before || (Sums != 0 && is_wide(index))) look_closer(layout_.before, before_, index, record, te, i, place);
      before += row_bytes;
    }
    if (Others && own_before) write_own(layout_.before, record, i, place);
    head_of(record)->last_te = te;
    if (reads_after) {
      copy_row(after, record + row_offset, row_bytes);
      if (totals_copied) {
        std::byte* const copied_totals = after + (totals_offset - row_offset);
        add_to_block(copied_totals, bits, event_words, Sums, Counts);
        for (const Column& column : latests) add_latest(copied_totals, column, bits, event_words, te);
        if constexpr (Others) add_others(copied_totals, bits, event_words, te);
      }
      after += row_bytes;
    }
    if (Sums != 0 && (bits & wide_bit) != 0) [[unlikely]] enter_wide(index, event_words);
    if (Sums == 1 && packed) {
      append_packed(te, index, bits, load<std::int64_t>(event_words));
    } else if (queued) [[likely]] {
      std::byte* const entry = queue_.append();
      store(entry, EntryHead{te, index, static_cast<std::uint32_t>(bits)});
      for (std::size_t at = 0; at != entry_words; at += sizeof(std::int64_t)) store(entry + sizeof(EntryHead) + at, load<std::int64_t>(event_words + at));
    }
    add_to_block(totals, bits, event_words, Sums, Counts);
    for (const Column& column : latests) add_latest(totals, column, bits, event_words, te);
    if constexpr (Others) add_others(totals, bits, event_words, te);
    if (rings || raws) insert_into_ring(index, record, batch, i);
    if (Others && own_after) write_own(layout_.after, record, i, place);
    if (peaks) (this->*Turn)(record, te, bits, true, i, place);
    if (close_after || (Sums != 0 && is_wide(index))) look_closer(layout_.after, after_, index, record, te, i, place);
    else if (lone_distinct_ != nullptr) write_distinct(*lone_distinct_, index, record, i, place);
    event_words += words_of_event;
  }
  newest_ = batch.te[batch.count - 1];
}

template <std::size_t Sums, std::size_t Counts, bool Others>
void Group::update_plain(const Batch& batch, Place place) noexcept {
  update_all<Sums, Counts, Others, &Group::turn_peaks>(batch, place);
}

// The same loop for processors with registers of 32 bytes.
template <std::size_t Sums, std::size_t Counts, bool Others>
PAWL_AVX2 void Group::update_plain_avx2(const Batch& batch, Place place) noexcept {
  update_all<Sums, Counts, Others, &Group::turn_peaks_avx2>(batch, place);
}

// A batch of a group whose records hold the latest values for one operator, and nothing else.
void Group::update_recent(const Batch& batch, Place place) noexcept {
  const state::Records records = table_.records();
  const Column& column = layout_.now_others[0];
  const Read read = layout_.after.own[0];
  const std::size_t offset = layout_.totals_offset + column.offset, row = layout_.words.size();
  const std::int64_t* value = words_.data() + column.word;
  for (std::size_t i = 0; i < batch.count; ++i, value += row) {
    std::byte* const record = records[work_[i].index];
    head_of(record)->last_te = batch.te[i];
    if ((bits_[i] >> column.bit & 1) != 0) add_recent(record + offset, column.room, *value, (bits_[i] >> column.match_bit & 1) != 0);
    write_lowered(read, lowered(read, record + read.lead, nullptr), i, place);
  }
}

Group::Update Group::choose_update() const noexcept {
  const auto choose = [&]<bool Others>() {
    static constexpr Update known[3][4] = {
        {&Group::update_plain<0, 0, Others>, &Group::update_plain<0, 2, Others>, &Group::update_plain<0, 4, Others>, &Group::update_plain<0, 8, Others>},
        {&Group::update_plain<1, 0, Others>, &Group::update_plain<1, 2, Others>, &Group::update_plain<1, 4, Others>, &Group::update_plain<1, 8, Others>},
        {&Group::update_plain<2, 0, Others>, &Group::update_plain<2, 2, Others>, &Group::update_plain<2, 4, Others>, &Group::update_plain<2, 8, Others>}};
    static constexpr Update wide[3][4] = {
        {&Group::update_plain_avx2<0, 0, Others>, &Group::update_plain_avx2<0, 2, Others>, &Group::update_plain_avx2<0, 4, Others>, &Group::update_plain_avx2<0, 8, Others>},
        {&Group::update_plain_avx2<1, 0, Others>, &Group::update_plain_avx2<1, 2, Others>, &Group::update_plain_avx2<1, 4, Others>, &Group::update_plain_avx2<1, 8, Others>},
        {&Group::update_plain_avx2<2, 0, Others>, &Group::update_plain_avx2<2, 2, Others>, &Group::update_plain_avx2<2, 4, Others>, &Group::update_plain_avx2<2, 8, Others>}};
    const std::size_t counts = place_of_counts(layout_.counts);
    return has_avx2() ? wide[layout_.sums][counts] : known[layout_.sums][counts];
  };
  const bool last_n = layout_.time_edges != layout_.edges.size();
  const bool plain = !last_n && !layout_.has_wide_totals() && layout_.sums < 3 && layout_.counts <= 8;
  if (!plain) return nullptr;
  const bool recent = layout_.columns.size() == 1 && layout_.columns[0].kind == Column::Kind::recent && layout_.edges.empty() && layout_.raws.empty();
  if (recent && layout_.before.all.empty() && layout_.after.all.size() == 1) return &Group::update_recent;
  return layout_.edge_others.empty() && layout_.now_others.empty() ? choose.operator()<false>() : choose.operator()<true>();
}

// All edges, if there are any, stand where the batch will end, every event has its record, and no bound is near.
bool Group::may_update_plain(const Batch& batch) const noexcept {
  if (update_plain_ == nullptr || !all_found_ || (!passed_early_ && !passes_.empty()) || deferred_count_ == deferred_max) return false;
  if (ring_entries_ + batch.count > entries_max_ || !peaks_.has_room(batch.count)) return false;
  return batch.uniform && layout_.types[batch.type[0]].inserts;
}

void Group::update(const Batch& batch, state::Tiles& tiles) noexcept {
  missing_ = before_.wide = after_.wide = 0;
  if (run_) {
    (this->*update_run_)(batch, cells_of(batch, tiles));
  } else if (layout_.late != 0) {
    update_late(batch, cells_of(batch, tiles));
  } else if (may_update_plain(batch)) {
    (this->*update_plain_)(batch, cells_of(batch, tiles));
  } else {
    update_one_by_one(batch, cells_of(batch, tiles));
  }
  deferred_count_ = deferred_done_ = 0;
  free_passed();
}

void Group::update_one_by_one(const Batch& batch, Place place) noexcept {
  const bool settled = passed_early_ && deferred_count_ < deferred_max;  // all edges stand where the batch will end
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (is_due(i)) pass_deferred(i);
    if (!settled && batch.type[i] != no_event) advance(batch.te[i]);
    if (work_[i].role == Role::none || !take_in(batch, i, place)) missing_ |= EventBits{1} << i;
  }
}

void Group::copy_raws(const TypePlan& type, const std::byte* slot, std::size_t i, std::byte* to) const noexcept {
  for (const Raw& raw : layout_.raws) {
    if (raw.text) [[unlikely]] {
      std::memset(to, 0, raw.bytes);
      std::memcpy(to, type.texts[raw.value].bytes(slot), type.texts[raw.value].byte_count());
    } else {
      store(to, values(raw.value)[i]);
    }
    to += raw.bytes;
  }
}

void Group::insert_into_ring(Index index, std::byte* record, const Batch& batch, std::size_t i) noexcept {
  const TypePlan& type = layout_.types[batch.type[i]];
  if (counted_windows_ != 0) {
    copy_raws(type, batch.slot[i], i, raws_.data());
    count_inserted(index, bits_[i]);
  }
  if (!layout_.keeps_rings()) return;
  RingHead* const ring = ring_of(record);
  const std::uint32_t location = ring->append++, position = ring->position++;
  std::byte* const entry = ring_entry(location);
  store(entry, bits_[i]);
  if (layout_.ring_words != 0) std::memcpy(entry + sizeof(Bits), words(i), layout_.ring_words * sizeof(std::int64_t));
  copy_raws(type, batch.slot[i], i, raws_of(entry));
  ++ring_entries_;
  for (const std::uint32_t edge : layout_.ring_edges) {
    if (RingCursor* const cursor = ring_cursor(record, edge); cursor->position == position) cursor->location = location;
  }
  for (const Chain& chain : layout_.chains) {
    if (chain.lead < 0) extend(record, chain, location);
  }
  for (const Ranking& ranking : layout_.rankings) {
    if (ranking.lead < 0) enter(record, ranking, location);
  }
  for (const Fold& fold : layout_.folds) {
    if (fold.lead < 0) enter(record, fold, location, position);
  }
  if (layout_.time_edges != layout_.edges.size()) bring_cursors(index);
}

}  // namespace pawl::window
