// Windows `by` panes: an event counts as if it had come when its pane began, so a key keeps one ring entry for each pane with events, whatever their number.
// An edge passes whole panes, which are over by then, when the key is seen; nobody else looks at its record.
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/deviation.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

// What a pane adds to an edge.
void add_pane(std::byte* total, const std::byte* part, const Column& column) noexcept {
  switch (column.kind) {
    case Column::Kind::count64: return store(total, load<std::uint64_t>(total) + load<std::uint64_t>(part));
    case Column::Kind::sum128: return store(total, load<Uint128>(total) + load<Uint128>(part));
    case Column::Kind::own: return column.own->combine(total, part, total);
    default: break;
  }
  PAWL_ASSERT(column.kind == Column::Kind::moments);
  auto moments = load<Moments>(total);
  moments.add(load<Moments>(part));
  store(total, moments);
}

}  // namespace

// Whether the newest pane of the key is this one.
bool Group::has_pane(std::byte* record, Time pane) const noexcept {
  const std::uint32_t append = ring_of(record)->append;
  return append != no_location && (append & chunk_entries_max) != 0 && pane_in(ring_entry(append - 1)) == pane;
}

// The nearest edge first: what enters a window enters before it leaves.
void Group::pass_panes(std::byte* record, Time pane) noexcept {
  const std::uint32_t end = ring_of(record)->position;
  for (std::size_t e = 0; e < layout_.edges.size(); ++e) {
    const Edge& edge = layout_.edges[e];
    const Time limit = earlier(pane, edge.offset);
    while (ring_cursor(record, e)->position != end) {
      const std::uint32_t location = ring_cursor(record, e)->location;
      std::byte* const entry = ring_entry(location);
      if (pane_in(entry) > limit) break;
      for (const Column& column : layout_.edge_others) add_pane(record + edge.block + column.offset, block_in(entry) + column.offset, column);
      pass_in_chains(record, e, location);
      RingCursor& cursor = *ring_cursor(record, e);
      move_cursor(cursor, cursor.position + 1, ring_of(record)->position);
    }
  }
  free_passed_chunks(record);
}

bool Group::improves(std::byte* ring_entry, const Raw& raw, std::int64_t value) const noexcept {
  if ((load<Bits>(ring_entry) >> raw.bit & 1) == 0) return true;
  const auto known = load<std::int64_t>(raws_of(ring_entry) + raw.offset);
  return raw.greatest ? value > known : value < known;
}

// REQUIRES: the pane is there, or there is room for it.
void Group::insert_into_pane(std::byte* record, std::size_t event, Time pane) noexcept {
  RingHead* const ring = ring_of(record);
  if (!has_pane(record, pane)) {
    const std::uint32_t location = ring->append++, position = ring->position++;
    std::memset(ring_entry(location), 0, layout_.ring_entry_bytes);
    pane_in(ring_entry(location)) = pane;
    ++ring_entries_;
    for (const std::uint32_t edge : layout_.ring_edges) {
      if (RingCursor* const cursor = ring_cursor(record, edge); cursor->position == position) cursor->location = location;
    }
  }
  const std::uint32_t location = ring->append - 1;
  std::byte* const entry = ring_entry(location);
  const Bits bits = bits_[event];
  const auto* const event_words = reinterpret_cast<const std::byte*>(words(event));
  for (const Column& column : layout_.edge_others) add_other(block_in(entry) + column.offset, column, bits, event_words, no_time);
  Bits improved = 0;  // values, by their number
  for (std::size_t r = 0; r < layout_.raws.size(); ++r) {
    const Raw& raw = layout_.raws[r];
    const std::int64_t value = values(raw.value)[event];
    if ((bits >> raw.bit & 1) == 0 || !improves(entry, raw, value)) continue;
    store(raws_of(entry) + raw.offset, value);
    improved |= Bits{1} << r;
  }
  store(entry, load<Bits>(entry) | bits);
  for (const Chain& chain : layout_.chains) {
    if (chain.lead < 0 && (improved >> chain.raw & 1) != 0) extend(record, chain, location);
  }
}

}  // namespace pawl::window
