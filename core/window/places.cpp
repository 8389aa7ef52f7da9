#include "pawl/core/window/places.hpp"

#include <algorithm>

#include "pawl/core/state/chunk_pool.hpp"
#include "pawl/core/window/late_tree.hpp"

namespace pawl::window {
namespace {

// The number of lines of a chunk that wastes least: the more entries a line, the fewer lines a cursor meets.
bool place_chunk(Layout& layout) {
  double best = 0;
  for (std::size_t lines = 2; lines <= 64; ++lines) {
    const std::size_t bytes = lines * limits::cache_line_bytes;
    const std::size_t entries = std::min<std::size_t>((bytes - state::ChunkPool::head_bytes) / layout.ring_entry_bytes, chunk_entries_max);
    const double density = static_cast<double>(entries) / static_cast<double>(bytes);
    if (density <= best * 1.1) continue;
    best = density;
    layout.chunk_bytes = bytes;
    layout.chunk_entries = static_cast<std::uint32_t>(entries);
  }
  return layout.chunk_entries != 0;
}

}  // namespace

std::size_t place_tree(Layout& layout, std::size_t offset) {
  const Duration furthest = layout.edges.empty() ? 0 : layout.edges.back().offset;
  if (__builtin_add_overflow(furthest, layout.late, &layout.horizon)) layout.horizon = INT64_MAX;
  layout.tree = offset;
  layout.dues = layout.tree + sizeof(TreeHead);
  layout.base = layout.dues + layout.edges.size() * sizeof(NextEntry);
  offset = layout.base + layout.block_bytes;
  for (Gathered& gathered : layout.gathered) {
    layout.gather_order.push_back(static_cast<std::uint32_t>(layout.gather_order.size()));
    gathered.front = static_cast<std::uint32_t>(offset);
    offset += sizeof(Front);
    const Column::Kind kind = layout.columns[gathered.column].kind;
    if (gathered.lead >= 0 || (kind != Column::Kind::least && kind != Column::Kind::greatest)) continue;
    gathered.kept = static_cast<std::uint32_t>(offset);
    offset += sizeof(std::int64_t) + sizeof(Time);
  }
  for (std::size_t column = 0; column < layout.columns.size(); ++column) {
    const auto of_column = [&](const Gathered& gathered) { return gathered.column == column; };
    if (std::any_of(layout.gathered.begin(), layout.gathered.end(), of_column)) layout.gathered_columns.push_back(layout.columns[column]);
  }
  const auto window = [&](std::uint32_t index) { return std::pair(layout.gathered[index].lead, layout.gathered[index].trail); };
  std::stable_sort(layout.gather_order.begin(), layout.gather_order.end(), [&](std::uint32_t a, std::uint32_t b) { return window(a) < window(b); });
  return offset;
}

std::size_t place_kept(Layout& layout, std::size_t offset) {
  for (Distinct& distinct : layout.distincts) {
    distinct.state = static_cast<std::uint32_t>(offset);
    offset += sizeof(DistinctState);
    const auto cursor = [&](int edge) { return layout.edges[static_cast<std::size_t>(edge)].ring; };
    const std::size_t now = layout.ring_head_offset + offsetof(RingHead, position);
    distinct.lead_position = static_cast<std::uint32_t>(distinct.lead < 0 ? now : cursor(distinct.lead) + offsetof(RingCursor, position));
    if (distinct.trail >= 0) distinct.trail_cursor = cursor(distinct.trail);
  }
  for (Chain& chain : layout.chains) {
    chain.ends = static_cast<std::uint32_t>(offset);
    offset += sizeof(ChainEnds);
    for (Chain::Window& window : chain.windows) {
      window.front = static_cast<std::uint32_t>(offset);
      offset += sizeof(Front);
    }
  }
  for (Ranking& ranking : layout.rankings) {
    ranking.root = static_cast<std::uint32_t>(offset);
    offset += sizeof(std::uint32_t);
  }
  for (Fold& fold : layout.folds) {
    fold.state = static_cast<std::uint32_t>(offset);
    offset += sizeof(FoldState) + 2 * fold.own->state_bytes;
  }
  if (!layout.peaks.empty()) offset = (offset + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes;
  for (PeakList& list : layout.peaks) {
    list.offset = static_cast<std::uint32_t>(offset);
    offset += sizeof(Peak);
  }
  return offset;
}

void place_tree_nodes(Layout& layout) {
  layout.leaf_entry_bytes = sizeof(Bits) + layout.entry_words * sizeof(std::int64_t);
  const std::size_t leaf_each = sizeof(Time) + layout.leaf_entry_bytes, child_each = late_tree::child_bytes + layout.block_bytes;
  const std::size_t least = sizeof(late_tree::NodeHead) + late_tree::children_min * std::max(leaf_each, child_each);
  layout.chunk_bytes = (std::max<std::size_t>(late_tree::node_bytes_min, least) + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes;
  layout.leaf_entries = static_cast<std::uint32_t>((layout.chunk_bytes - sizeof(late_tree::NodeHead)) / leaf_each);
  layout.node_children = static_cast<std::uint32_t>((layout.chunk_bytes - sizeof(late_tree::NodeHead)) / child_each);
}

bool place_ring_entry(Layout& layout) {
  layout.ring_entry_bytes = sizeof(Bits) + layout.ring_words * sizeof(std::int64_t) + layout.raws_bytes;
  for (Fold& fold : layout.folds) {
    fold.part = layout.ring_entry_bytes;
    layout.ring_entry_bytes += fold.own->state_bytes;
  }
  for (Chain& chain : layout.chains) {
    chain.links = layout.ring_entry_bytes;
    layout.ring_entry_bytes += sizeof(Links);
  }
  for (Ranking& ranking : layout.rankings) {
    ranking.node = layout.ring_entry_bytes;
    layout.ring_entry_bytes += sizeof(RankNode);
  }
  layout.ring_entry_bytes = (layout.ring_entry_bytes + 7) & ~std::size_t{7};
  return !layout.keeps_rings() || place_chunk(layout);
}

}  // namespace pawl::window
