#include "pawl/core/window/describe_state.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "pawl/core/language/print.hpp"
#include "pawl/core/window/distinct_table.hpp"
#include "pawl/core/window/peaks.hpp"

namespace pawl::window {
namespace {

using language::print;

Duration farthest(const Layout& layout) noexcept {
  Duration offset = 0;
  for (const Edge& edge : layout.edges) offset = std::max(offset, edge.offset);
  return offset;
}

// Of events in the key's own ring: as far back as any of its edges looks.
std::string in_ring(const Layout& layout) {
  Duration offset = 0;
  std::uint64_t latest = 0;
  for (const std::uint32_t e : layout.ring_edges) {
    offset = std::max(offset, layout.edges[e].offset);
    latest = std::max(latest, layout.edges[e].n);
  }
  std::string of;
  if (offset != 0) of = "each event of the last " + print(offset);
  if (latest != 0) of += (of.empty() ? "" : " and ") + fmt::format("the latest {} events", latest);
  return fmt::format("; in rings of their keys {} bytes for {}", layout.ring_entry_bytes, of);
}

}  // namespace

std::string describe_state(const Layout& layout) {
  std::string text = fmt::format("{} bytes a key", layout.record_bytes);
  if (layout.keeps_queue()) text += fmt::format("; {} bytes for each event of the last {}", layout.entry_bytes, print(farthest(layout)));
  if (layout.pane != 0) {
    text += fmt::format("; {} bytes for each pane of {} with an event, at most {} of them", layout.ring_entry_bytes, print(layout.pane), farthest(layout) + 1);
  } else if (layout.keeps_rings()) {
    text += in_ring(layout);
  }
  if (layout.late != 0) text += fmt::format("; trees of {} bytes a node, {} events at most in each, of the last {}", layout.chunk_bytes, layout.leaf_entries, print(layout.horizon));
  for (const PeakList& list : layout.peaks) {
    text += fmt::format("; {} bytes for every {} values of the last {} that no later one outdoes, but the newest {}", sizeof(PeakChunk), peak_values, print(list.longest), peak_values);
  }
  if (!layout.distincts.empty()) {
    std::size_t bytes = 0;
    for (const Distinct& distinct : layout.distincts) bytes = std::max(bytes, layout.raws[distinct.raw].bytes);
    text += fmt::format("; {} bytes for each different value of a window that is too large to look through", DistinctTable::slot_bytes(bytes));
  }
  return text;
}

}  // namespace pawl::window
