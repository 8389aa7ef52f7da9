// Groups with events that may be late. A key's events stand in a tree in the order of their places; its record has totals and edges as other groups' records have them,
// for the latest place that the key was seen at. An event at or behind that moves the edges on and reads the record. One that stands before it reads a copy, put together
// from the tree as of its own place, and is then added to all totals and edges that have passed its place already.
#include <algorithm>
#include <cstring>
#include <utility>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {

void Group::fetch_trees(const Batch& batch) const noexcept {
  const state::Records records = table_.records();
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (work_[i].index == state::KeyTable::none) continue;
    std::byte* const record = records[work_[i].index];
    trees_.fetch(*tree_of(record));
    const NextEntry* const dues = dues_of(record);
    for (std::size_t e = 0; e < layout_.edges.size(); ++e) {
      if (dues[e].time <= earlier(batch.place[i], layout_.edges[e].offset)) trees_.fetch(dues[e]);
    }
  }
}

void Group::fetch_ends_of_trees(const Batch& batch) const noexcept {
  const state::Records records = table_.records();
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (work_[i].index != state::KeyTable::none) trees_.fetch_end(*tree_of(records[work_[i].index]));
  }
}

// Edges move on to `place`; what no event can ask for any more leaves the tree.
void Group::bring_tree(std::byte* record, Time te, Time place) noexcept {
  TreeHead& tree = *tree_of(record);
  if (place > tree.seen) {
    NextEntry* const dues = dues_of(record);
    for (std::size_t e = 0; e < layout_.edges.size(); ++e) {
      const Edge& edge = layout_.edges[e];
      const Time limit = earlier(place, edge.offset);
      if (dues[e].time <= limit) trees_.pass(dues[e], earlier(tree.seen, edge.offset), limit, record + edge.block);
    }
    tree.seen = place;
  }
  const Time forgotten = earlier(te, layout_.horizon);
  if (tree.first > forgotten) return;
  const std::uint32_t entries = tree.entries;
  if (trees_.forget(tree, forgotten, record + layout_.base, {dues_of(record), layout_.edges.size()})) find_dues(record);
  ring_entries_ -= entries - tree.entries;
}

void Group::find_dues(std::byte* record) noexcept {
  const TreeHead& tree = *tree_of(record);
  for (std::size_t e = 0; e < layout_.edges.size(); ++e) dues_of(record)[e] = trees_.next(tree, earlier(tree.seen, layout_.edges[e].offset));
}

bool Group::make_room_in_trees(Index index, Time te) noexcept {
  for (int tries = 0; ring_entries_ >= entries_max_ && tries < 4; ++tries) {  // perhaps a key nearby can be forgotten
    reclaim(next_partition_, 2, index, te);
    next_partition_ = (next_partition_ + 1) % limits::partitions;
  }
  entries_refused_ += ring_entries_ >= entries_max_;
  return ring_entries_ < entries_max_;
}

// A record as it was when the key was seen at `place`, but for the events that have come since and stand before it.
std::byte* Group::look_back(const std::byte* record, Time place) noexcept {
  const TreeHead& tree = *tree_of(record);
  const std::byte* so_far = record + layout_.base;
  Time after = no_time;
  const auto bring = [&](std::size_t block, Time upto) {
    std::byte* const to = past_.data() + block;
    std::memcpy(to, so_far, layout_.block_bytes);
    trees_.gather(tree, layout_.edge_others, after, upto, to);
    so_far = to;
    after = upto;
  };
  for (auto edge = layout_.edges.rbegin(); edge != layout_.edges.rend(); ++edge) bring(edge->block, earlier(place, edge->offset));  // the furthest first
  bring(layout_.totals_offset, place);
  return past_.data();
}

// The least, greatest and first values of windows, for the event at `place`. What stands at `to` is read next. A least or greatest value that is still in its window is still that:
// insert_into_tree() has compared it with all that came.
void Group::gather_fronts(bool before, const std::byte* record, Time place, std::byte* to) noexcept {
  const auto edge = [&](int e) { return earlier(place, layout_.edges[static_cast<std::size_t>(e)].offset); };
  const Gathered* gathered_last = nullptr;
  Time from = place;
  for (const std::uint32_t index : layout_.gather_order) {
    const Gathered& gathered = layout_.gathered[index];
    if (!(before ? gathered.before : gathered.after)) continue;
    std::byte* const kept = gathered.kept != 0 && to == record ? to + gathered.kept : nullptr;
    if (kept != nullptr && load<Time>(kept + carry_te_offset) > edge(gathered.trail)) {
      store(to + gathered.front, Front{.value = load<std::int64_t>(kept), .location = 0, .reserved = 0});
      continue;
    }
    if (gathered_last == nullptr || gathered_last->lead != gathered.lead) {
      trees_.clear_block(gathered_.data());
      from = gathered.lead < 0 ? place : edge(gathered.lead);
    }
    const Time upto = std::exchange(from, edge(gathered.trail));  // of windows that end at the same place the longer one holds the shorter
    trees_.gather(*tree_of(record), layout_.gathered_columns, from, upto, gathered_.data());
    gathered_last = &gathered;
    const std::byte* const found = gathered_.data() + layout_.columns[gathered.column].offset;
    const bool any = load<Time>(found + carry_te_offset) != no_time;
    if (kept != nullptr) std::memcpy(kept, found, sizeof(std::int64_t) + sizeof(Time));
    store(to + gathered.front, Front{.value = any ? load<std::int64_t>(found) : 0, .location = any ? 0 : no_location, .reserved = 0});
  }
}

// REQUIRES: make_room_in_trees() said yes and nothing has happened to the record since.
void Group::insert_into_tree(std::byte* record, const Batch& batch, std::size_t i) noexcept {
  const Time place = batch.place[i];
  const auto* const event_words = reinterpret_cast<const std::byte*>(words(i));
  head_of(record)->last_te = std::max(head_of(record)->last_te, place);
  TreeHead& tree = *tree_of(record);
  const NextEntry inserted = trees_.insert(tree, place, bits_[i], event_words);
  trees_.add(record + layout_.totals_offset, place, bits_[i], event_words);
  NextEntry* const dues = dues_of(record);
  for (std::size_t e = 0; e < layout_.edges.size(); ++e) {
    if (place <= earlier(tree.seen, layout_.edges[e].offset)) trees_.add(record + layout_.edges[e].block, place, bits_[i], event_words);
    else if (place < dues[e].time) dues[e] = inserted;
  }
  for (const Gathered& gathered : layout_.gathered) {
    if (gathered.kept == 0 || load<Time>(record + gathered.kept + carry_te_offset) == no_time) continue;
    if (place <= earlier(tree.seen, layout_.edges[static_cast<std::size_t>(gathered.trail)].offset)) continue;
    const Column& column = layout_.columns[gathered.column];
    trees_.add({&column, 1}, record + gathered.kept - column.offset, place, bits_[i], event_words);
  }
  ++ring_entries_;
  late_ += place < batch.te[i];
  too_late_ += batch.too_late >> i & 1;
}

}  // namespace pawl::window
