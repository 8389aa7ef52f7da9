#include "pawl/core/window/group.hpp"

#include <algorithm>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/hash.hpp"

namespace pawl::window {
namespace {

std::uint64_t keys_max_of(const Layout& layout, const StateLimits& limits) noexcept { return layout.key_bytes == 0 ? 1 : limits.keys_max; }

// Every key may leave one chunk partly unused, beside the chunks that entries_max fills.
std::uint64_t chunks_max_of(const Layout& layout, const StateLimits& limits, std::uint64_t keys) noexcept {
  if (layout.late != 0) return LateTrees::nodes_max(layout, limits.entries_max, keys);
  return layout.keeps_rings() ? limits.entries_max / layout.chunk_entries + 2 * keys : 0;
}

std::size_t raw_bytes_max(const Layout& layout) noexcept {
  std::size_t bytes = 8;
  for (const Raw& raw : layout.raws) bytes = std::max(bytes, raw.bytes);
  return bytes;
}

bool keeps_value(Column::Kind kind) noexcept {
  switch (kind) {
    case Column::Kind::latest: case Column::Kind::carry: case Column::Kind::earliest: case Column::Kind::least: case Column::Kind::greatest: case Column::Kind::decayed:
      return true;
    default: return false;
  }
}

// A record as a new key has it, and as an event without a key reads it.
std::vector<std::byte> blank_record(const Layout& layout) {
  std::vector<std::byte> blank(layout.record_bytes);
  *head_of(blank.data()) = {.hash = 0, .last_te = no_time};
  if (layout.keeps_rings()) store(blank.data() + layout.ring_head_offset, RingHead{.append = no_location, .position = 0, .oldest_chunk = no_chunk, .oldest_end = 0});
  const auto clear_carries = [&](const std::vector<Column>& columns, std::size_t block) {
    for (const Column& column : columns) {
      if (keeps_value(column.kind)) store(blank.data() + block + column.offset + carry_te_offset, no_time);
    }
  };
  clear_carries(layout.edge_others, layout.totals_offset);
  clear_carries(layout.now_others, layout.totals_offset);
  clear_carries(layout.latests, layout.totals_offset);
  for (const Edge& edge : layout.edges) clear_carries(layout.edge_others, edge.block);
  for (const Distinct& distinct : layout.distincts) {
    store(blank.data() + distinct.state, DistinctState{.counted = distinct.trail < 0, .values = 0});
  }
  for (const Chain& chain : layout.chains) {
    store(blank.data() + chain.ends, ChainEnds{.oldest = no_location, .newest = no_location, .oldest_number = 0, .reserved = 0});
    for (const Chain::Window& window : chain.windows) store(blank.data() + window.front, Front{.value = 0, .location = no_location, .reserved = 0});
  }
  for (const PeakList& list : layout.peaks) store(blank.data() + list.offset, Peaks::empty());
  for (const Ranking& ranking : layout.rankings) store(blank.data() + ranking.root, no_location);
  if (layout.late != 0) {
    store(blank.data() + layout.tree, LateTrees::empty());
    clear_carries(layout.edge_others, layout.base);
    for (std::size_t e = 0; e < layout.edges.size(); ++e) store(blank.data() + layout.dues + e * sizeof(NextEntry), no_entry);
    for (const Gathered& gathered : layout.gathered) {
      store(blank.data() + gathered.front, Front{.value = 0, .location = no_location, .reserved = 0});
      if (gathered.kept != 0) store(blank.data() + gathered.kept + carry_te_offset, no_time);
    }
  }
  return blank;
}

std::int64_t* take_wide_words(const Layout& layout, std::uint64_t records, state::Arena& arena) {
  return reinterpret_cast<std::int64_t*>(arena.take(records * (layout.edges.size() + 1) * layout.sums * sizeof(std::int64_t)));
}

}  // namespace

Group::Group(Layout layout, const StateLimits& limits, state::Arena& arena)
    : layout_(std::move(layout)),
      table_({layout_.record_bytes, layout_.key_offset, layout_.key_bytes, keys_max_of(layout_, limits)}, arena),
      queue_(layout_.entry_bytes, layout_.packed ? std::uint64_t{1} << 63 : std::uint64_t{INT64_MAX}, layout_.keeps_queue() ? limits.entries_max : 0, arena),
      chunks_(std::max(layout_.chunk_bytes, limits::cache_line_bytes), chunks_max_of(layout_, limits, table_.records_max()), arena),
      counted_(raw_bytes_max(layout_), layout_.distincts.empty() ? 0 : limits.distinct_max, arena),
      wide_(take_wide_words(layout_, table_.records_max(), arena)),
      wide_keys_(reinterpret_cast<std::uint64_t*>(arena.take(layout_.sums == 0 ? 0 : (table_.records_max() + 63) / 64 * sizeof(std::uint64_t)))),
      blank_(blank_record(layout_)),
      trees_(layout_, chunks_, blank_.data() + layout_.totals_offset),
      peaks_(limits.entries_max * layout_.peaks.size(), table_.records_max() * layout_.peaks.size(), layout_.peaks.size(), arena),
      past_(blank_),
      gathered_(layout_.block_bytes),
      keys_((layout_.key_bytes + 1) * batch_events),
      pass_batch_(choose_pass_batch()),
      update_plain_(choose_update()),
      update_run_(choose_update_run()),
      values_(std::max<std::size_t>(1, layout_.values) * batch_events),  // at least one of each: a place to point to
      words_(std::max<std::size_t>(1, layout_.words.size()) * batch_events),
      raws_(layout_.raws_bytes),
      before_(layout_, layout_.before),
      after_(layout_, layout_.after),
      entries_max_(limits.entries_max) {
  for (std::uint32_t i = 0; layout_.keeps_queue() && i < layout_.time_edges; ++i) {
    passes_.push_back({queue_.end(), layout_.edges[i].offset, layout_.edges[i].block, i});
  }
  const bool last_n = layout_.time_edges != layout_.edges.size();
  if (layout_.ring_edges.size() == 1 && !last_n && layout_.pane == 0 && !layout_.links_entries()) lone_ring_edge_ = &layout_.edges[layout_.ring_edges[0]];
  if (layout_.after.distincts.size() == 1 && layout_.after.rare.empty()) lone_distinct_ = &layout_.after.distincts[0];
  for (const Distinct& distinct : layout_.distincts) counted_windows_ += distinct.trail < 0;  // always counted
  if (update_run_ != nullptr) plan_runs();
}

Group::Role Group::read_key(const TypePlan& type, const std::byte* slot, std::byte* key) const noexcept {
  for (std::size_t i = 0; i < type.key.size(); ++i) {
    const KeyPart& part = type.key[i];
    if (part.field.missing(slot)) return Role::empty;
    if (part.bytes == 8) {
      std::memcpy(key + part.offset, part.field.bytes(slot), 8);
      continue;
    }
    const std::size_t end = i + 1 < type.key.size() ? type.key[i + 1].offset : layout_.key_bytes;
    std::memcpy(key + part.offset, part.field.bytes(slot), part.bytes);
    std::memset(key + part.offset + part.bytes, 0, end - part.offset - part.bytes);  // a text shorter than in other events
  }
  return type.inserts ? Role::insert : Role::read;
}

// A word of the event is the key, and there is one in each.
void Group::gather_plain(const Batch& batch, const TypePlan& type) noexcept {
  const Quick key = *type.quick_key;
  const Role role = type.inserts ? Role::insert : Role::read;
  std::byte* to = keys_.data();
  for (std::size_t i = 0; i < batch.count; ++i, to += sizeof(std::uint64_t)) {
    const std::uint64_t number = key.number(batch.slot[i]);
    store(to, number);
    const std::uint64_t hash = hash_bytes(&number, sizeof number);
    work_[i] = {.key = to, .hash = hash, .index = state::KeyTable::none, .role = role};
    table_.prefetch(hash);
  }
}

void Group::gather(const Batch& batch) noexcept {
  run_ = false;
  if (batch.uniform && is_plain(batch, layout_.types[batch.type[0]])) {
    const TypePlan& type = layout_.types[batch.type[0]];
    if (type.reads && is_of_one_key(batch, type)) return gather_one_key(batch, type);
    if (type.reads) return gather_plain(batch, type);
  }
  for (std::size_t i = 0; i < batch.count; ++i) {
    Work& work = work_[i];
    std::byte* const key = keys_.data() + i * layout_.key_bytes;
    work.key = key;
    work.index = state::KeyTable::none;
    work.role = Role::none;
    if (batch.type[i] == no_event) continue;
    const TypePlan& type = layout_.types[batch.type[i]];
    if (!type.reads) continue;
    work.role = read_key(type, batch.slot[i], key);
    if (work.role == Role::empty) continue;
    work.hash = hash_bytes(key, layout_.key_bytes);
    table_.prefetch(work.hash);
  }
}

void Group::locate(const Batch& batch) noexcept {
  const state::Records records = table_.records();
  for (std::size_t i = 0; i < (run_ ? 1 : batch.count); ++i) {
    Work& work = work_[i];
    if (work.role < Role::read) continue;
    if (work.index == state::KeyTable::none) work.index = table_.candidate(work.hash);
    if (work.index == state::KeyTable::none) continue;
    const std::byte* const record = records[work.index];
    for (std::size_t at = 0; at < records.record_bytes; at += limits::cache_line_bytes) __builtin_prefetch(record + at, 1);
  }
}

void Group::settle(const Batch& batch) noexcept {
  if (run_ && settle_run(batch)) return;
  all_found_ = true;
  for (std::size_t i = 0; i < batch.count; ++i) {
    Work& work = work_[i];
    if (work.role >= Role::read) work.index = find(work);
    all_found_ &= work.index != state::KeyTable::none;
  }
  if (layout_.keeps_rings()) fetch_rings(batch.count);
  if (!layout_.peaks.empty()) {
    for (std::size_t i = 0; i < batch.count; ++i) {
      if (work_[i].index != state::KeyTable::none) fetch_peaks(work_[i].index);
    }
  }
  if (layout_.late != 0) fetch_trees(batch);
  keys_changed_ = false;
  passed_early_ = may_pass_early(batch);
  if (passed_early_) pass_early(batch);
  if (!layout_.chains.empty()) fetch_behind_newest(batch.count);
}

void Group::fetch_ring_entry(std::uint32_t location) const noexcept {
  if (location == no_location) return;
  const std::byte* const entry = ring_entry(location);
  __builtin_prefetch(entry, 1);
  __builtin_prefetch(entry + layout_.ring_entry_bytes - 1, 1);
}

// Where each event will stand, and the newest entries of chains, which it is compared with.
void Group::fetch_rings(std::size_t count) const noexcept {
  const state::Records records = table_.records();
  for (std::size_t i = 0; i < count; ++i) {
    if (work_[i].index == state::KeyTable::none) continue;
    const std::byte* const record = records[work_[i].index];
    fetch_ring_entry(ring_of(record)->append);
    for (const Chain& chain : layout_.chains) fetch_ring_entry(load<ChainEnds>(record + chain.ends).newest);
  }
}

Group::Index Group::create(const Work& work, Time te) noexcept {
  const std::size_t partition = state::KeyTable::partition_of(work.hash);
  if (2 * table_.partition_keys(partition) > table_.partition_keys_max()) reclaim(partition, 2, state::KeyTable::none, te);
  const Index index = table_.insert(work.hash, work.key);
  if (index == state::KeyTable::none) {
    ++keys_refused_;
    return index;
  }
  keys_changed_ = true;
  if (wide_seen_ != 0) wide_keys_[index / 64] &= ~(std::uint64_t{1} << index % 64);
  std::byte* const record = table_.record(index);
  std::memcpy(record + sizeof(std::uint64_t), blank_.data() + sizeof(std::uint64_t), sizeof(RecordHead) - sizeof(std::uint64_t));
  std::memcpy(record + layout_.totals_offset, blank_.data() + layout_.totals_offset, layout_.record_bytes - layout_.totals_offset);
  return index;
}

// Looks at a few records of the partition, in turn, and forgets those that read as if they had never been.
void Group::reclaim(std::size_t partition, std::size_t records, Index spare, Time te) noexcept {
  for (std::size_t i = 0; i < records; ++i) {
    const Index index = table_.next(partition, hands_[partition]);
    if (index == state::KeyTable::none) return;
    if (index != spare) examine(index, te);
  }
}

void Group::examine(Index index, Time te) noexcept {
  std::byte* const record = table_.record(index);
  if (layout_.immortal || head_of(record)->last_te > earlier(te, layout_.reach)) return;
  if (layout_.keeps_rings()) {
    if (layout_.pane == 0) bring_cursors(index);
    for (const Distinct& distinct : layout_.distincts) {
      counted_windows_ -= distinct.trail >= 0 && load<DistinctState>(record + distinct.state).counted != 0;
    }
    free_ring(record);
  }
  if (layout_.late != 0) {
    ring_entries_ -= tree_of(record)->entries;
    trees_.clear(*tree_of(record));
  }
  for (const PeakList& list : layout_.peaks) peaks_.clear(*peak_of(record, list));
  table_.erase(index);
  keys_changed_ = true;
  ++keys_evicted_;
}

GroupCounters Group::counters() const noexcept {
  return {.keys = table_.size(),
          .keys_evicted = keys_evicted_,
          .keys_refused = keys_refused_,
          .entries = layout_.keeps_queue() ? queue_entries() : ring_entries_ + peaks_.used_values(),
          .entries_refused = entries_refused_,
          .overflow = overflow_,
          .distinct_values = counted_.used(),
          .distinct_refused = distinct_refused_,
          .late = late_,
          .too_late = too_late_};
}

}  // namespace pawl::window
