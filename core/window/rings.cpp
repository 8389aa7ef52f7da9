// Rings: the latest entries of one key, for windows of `last N`, for `distinct`, and for what is linked through their entries.
#include <algorithm>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {

void Group::append_chunk(std::byte* record) noexcept {
  RingHead* const ring = ring_of(record);
  const Chunk chunk = chunks_.take();
  PAWL_ASSERT(chunk != state::ChunkPool::none);  // chunks_max_of() gives entries_max entries enough chunks, however they lie
  if (ring->oldest_chunk == no_chunk) {
    ring->oldest_chunk = chunk;
    ring->oldest_end = ring->position + layout_.chunk_entries;
  } else {
    chunks_.link(ring->append >> location_index_bits, chunk);
    chunks_.link_back(chunk, ring->append >> location_index_bits);
  }
  chunks_.link(chunk, chunk);  // until there is a next one: a place that may be fetched
  ring->append = chunk << location_index_bits;
  free_passed_chunks(record);  // the one before, if all of it was passed
}

// Brings all cursors of a key to where its edges stand.
void Group::bring_cursors(Index index) noexcept {
  std::byte* const record = table_.record(index);
  for (const std::uint32_t e : layout_.ring_edges) {
    if (e >= layout_.time_edges) break;
    const auto passed = load<std::uint32_t>(record + layout_.edges[e].passed);
    if (counted_windows_ == 0 && !layout_.links_entries()) {
      move_cursor(*ring_cursor(record, e), passed, ring_of(record)->position);
    } else {
      while (ring_cursor(record, e)->position != passed) pass_in_ring(index, e);
    }
  }
  if (layout_.time_edges != layout_.edges.size()) advance_last_n_edges(index);
  free_passed_chunks(record);
}

// An edge passes one entry of a ring.
void Group::pass_in_ring(Index index, std::size_t edge) noexcept {
  if (counted_windows_ != 0) count_passed(index, edge);
  std::byte* const record = table_.record(index);
  if (!layout_.chains.empty()) pass_in_chains(record, edge, ring_cursor(record, edge)->location);
  if (!layout_.rankings.empty()) pass_in_rankings(record, edge, ring_cursor(record, edge)->location);
  if (!layout_.folds.empty()) pass_in_folds(record, edge, *ring_cursor(record, edge));
  RingCursor& cursor = *ring_cursor(record, edge);
  move_cursor(cursor, cursor.position + 1, ring_of(record)->position);
}

void Group::advance_last_n_edges(Index index) noexcept {
  std::byte* const record = table_.record(index);
  for (std::size_t e = layout_.time_edges; e < layout_.edges.size(); ++e) {
    const Edge& edge = layout_.edges[e];
    while (load<std::uint32_t>(record + edge.match_now) - load<std::uint32_t>(record + edge.match_here) > edge.n) {
      const std::byte* const entry = ring_entry(ring_cursor(record, e)->location);
      const Bits bits = load<Bits>(entry);
      const std::byte* const words = entry + sizeof(Bits);
      add_to_block(record + edge.block, bits, words, layout_.sums, layout_.counts);
      for (const Column& column : layout_.edge_additive) add_other(record + edge.block + column.offset, column, bits, words, no_time);
      if ((bits & wide_bit) != 0) add_wide(index, e + 1, words);
      pass_in_ring(index, e);
    }
  }
}

std::uint32_t Group::passed_by_all(const std::byte* record) const noexcept {
  const std::uint32_t now = ring_of(record)->position;
  std::uint32_t left = 0;
  for (const std::uint32_t edge : layout_.ring_edges) left = std::max(left, now - load<RingCursor>(record + layout_.edges[edge].ring).position);
  return now - left;
}

void Group::free_passed_chunks(std::byte* record) noexcept {
  RingHead* const ring = ring_of(record);
  if (ring->oldest_chunk == ring->append >> location_index_bits || ring->oldest_chunk == no_chunk) return;
  const std::uint32_t passed = passed_by_all(record);
  while (ring->oldest_chunk != ring->append >> location_index_bits && static_cast<std::int32_t>(passed - ring->oldest_end) >= 0) {
    const Chunk chunk = ring->oldest_chunk;
    ring->oldest_chunk = chunks_.next(chunk);
    ring->oldest_end += layout_.chunk_entries;
    chunks_.give_back(chunk);
    ring_entries_ -= layout_.chunk_entries;
  }
}

// Gives back all chunks of a key that is forgotten.
void Group::free_ring(std::byte* record) noexcept {
  const RingHead* const ring = ring_of(record);
  for (Chunk chunk = ring->oldest_chunk; chunk != no_chunk;) {
    const bool last = chunk == ring->append >> location_index_bits;
    const Chunk next = last ? no_chunk : chunks_.next(chunk);
    ring_entries_ -= last ? (ring->append & chunk_entries_max) : layout_.chunk_entries;
    chunks_.give_back(chunk);
    chunk = next;
  }
}

}  // namespace pawl::window
