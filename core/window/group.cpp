#include "pawl/core/window/group.hpp"

#include <algorithm>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/hash.hpp"

namespace pawl::window {
namespace {

std::uint64_t keys_max_of(const Layout& layout, const StateLimits& limits) noexcept { return layout.key_bytes == 0 ? 1 : limits.keys_max; }

// Every key may leave one chunk partly unused, beside the chunks that entries_max fills.
std::uint64_t chunks_max_of(const Layout& layout, const StateLimits& limits, std::uint64_t keys) noexcept {
  return layout.keeps_entries() ? limits.entries_max / layout.chunk_entries + 2 * keys : 0;
}

std::size_t raw_bytes_max(const Layout& layout) noexcept {
  std::size_t bytes = 8;
  for (const Raw& raw : layout.raws) bytes = std::max(bytes, raw.bytes);
  return bytes;
}

// A record as a new key has it, and as an event without a key reads it.
std::vector<std::byte> blank_record(const Layout& layout) {
  std::vector<std::byte> blank(layout.record_bytes);
  *head_of(blank.data()) = {.hash = 0, .position = 0, .last_te = no_time, .largest = 0, .append = no_location, .oldest_chunk = no_chunk, .oldest_end = 0, .reserved = 0};
  for (const Edge& edge : layout.edges) *cursor_of(blank.data(), edge) = {INT64_MAX, 0, 0};
  const auto clear_carries = [&](std::size_t totals, bool edge) {
    for (const Column& column : layout.columns) {
      if (column.kind == Column::Kind::carry && (column.in_entry || !edge)) store(blank.data() + totals + column.offset + carry_te_offset, no_time);
    }
  };
  clear_carries(layout.totals_offset, false);
  for (const Edge& edge : layout.edges) clear_carries(edge.cursor + sizeof(CursorHead), true);
  for (const Distinct& distinct : layout.distincts) {
    store(blank.data() + distinct.state, DistinctState{.counted = distinct.trail < 0, .values = 0});
  }
  return blank;
}

}  // namespace

Group::Group(Layout layout, const StateLimits& limits, state::Arena& arena)
    : layout_(std::move(layout)),
      table_({layout_.record_bytes, layout_.key_offset, layout_.key_bytes, keys_max_of(layout_, limits)}, arena),
      chunks_(std::max(layout_.chunk_bytes, limits::cache_line_bytes),
              chunks_max_of(layout_, limits, limits::partitions * std::uint64_t{table_.partition_keys_max()}), arena),
      counted_(raw_bytes_max(layout_), layout_.distincts.empty() ? 0 : limits.distinct_max, arena),
      blank_(blank_record(layout_)),
      keys_((layout_.key_bytes + 1) * batch_events),
      values_(layout_.values),
      raws_(layout_.raw_facts_offset - std::min(layout_.raw_facts_offset, sizeof(Time) + layout_.entry_columns_bytes)),
      saved_(layout_.distincts.size()),
      entries_max_(limits.entries_max) {
  // Windows since the start are counted always; those with a delay take in what their edge passes.
  for (const Distinct& distinct : layout_.distincts) counted_windows_ += distinct.trail < 0 && distinct.lead >= 0;
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

void Group::gather(const Batch& batch) noexcept {
  for (std::size_t i = 0; i < batch.count; ++i) {
    Work& work = work_[i];
    std::byte* const key = keys_.data() + i * layout_.key_bytes;
    work.key = key;
    work.candidate = state::KeyTable::none;
    work.role = Role::none;
    if (batch.type[i] == no_event) continue;
    const TypePlan& type = layout_.types[batch.type[i]];
    if (!type.reads) continue;
    if (type.quick_key) {
      if (!type.quick_key->valid(batch.slot[i])) {
        work.role = Role::empty;
        continue;
      }
      store(key, type.quick_key->number(batch.slot[i]));
      work.role = type.inserts ? Role::insert : Role::read;
      work.hash = hash_bytes(key, sizeof(std::uint64_t));
      table_.prefetch(work.hash);
      continue;
    }
    work.role = read_key(type, batch.slot[i], key);
    if (work.role == Role::empty) continue;
    work.hash = hash_bytes(key, layout_.key_bytes);
    table_.prefetch(work.hash);
  }
}

void Group::locate(const Batch& batch) noexcept {
  for (std::size_t i = 0; i < batch.count; ++i) {
    Work& work = work_[i];
    if (work.role < Role::read) continue;
    work.candidate = table_.candidate(work.hash);
    if (work.candidate == state::KeyTable::none) continue;
    const std::byte* const record = table_.record(work.candidate);
    for (std::size_t at = 0; at < layout_.record_bytes; at += limits::cache_line_bytes) __builtin_prefetch(record + at, 1);
  }
}

void Group::approach(const Batch& batch) noexcept {
  if (!layout_.keeps_entries()) return;
  const Edge* const edges = layout_.edges.data();
  const Edge* const end = edges + layout_.time_edges;
  const std::size_t two_entries = 2 * layout_.entry_bytes - 1;
  std::array<Chunk, 4 * batch_events> leaving;  // chunks whose next one is entered; when there are more, they are fetched late
  std::size_t leavings = 0;
  for (std::size_t i = 0; i < batch.count; ++i) {
    const Index candidate = work_[i].candidate;
    if (candidate == state::KeyTable::none) continue;
    const std::byte* const record = table_.record(candidate);
    const Time te = batch.te[i];
    for (const Edge* edge = edges; edge != end; ++edge) {
      const CursorHead* const cursor = cursor_of(record, *edge);
      if (cursor->te_next > earlier(te, edge->offset)) continue;
      const Chunk chunk = cursor->location >> location_index_bits;
      if ((cursor->location & chunk_entries_max) + 1 < layout_.chunk_entries) {
        __builtin_prefetch(entry(cursor->location + 1));
        __builtin_prefetch(entry(cursor->location + 1) + two_entries);
        continue;
      }
      __builtin_prefetch(chunks_.at(chunk));
      if (leavings < leaving.size()) leaving[leavings++] = chunk;
    }
    const std::uint32_t append = head_of(record)->append;
    if (append != no_location) __builtin_prefetch(entry(append), 1);
  }
  for (std::size_t i = 0; i < leavings; ++i) {
    const std::byte* const following_entry = entry(chunks_.next(leaving[i]) << location_index_bits);
    __builtin_prefetch(following_entry);
    __builtin_prefetch(following_entry + two_entries);
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

GroupCounters Group::counters() const noexcept {
  return {.keys = table_.size(),
          .keys_evicted = keys_evicted_,
          .keys_refused = keys_refused_,
          .entries = entries_,
          .entries_refused = entries_refused_,
          .overflow = overflow_,
          .distinct_values = counted_.used(),
          .distinct_refused = distinct_refused_};
}

}  // namespace pawl::window
