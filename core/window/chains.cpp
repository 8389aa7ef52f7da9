// Chains: for `first`, `min` and `max`. What a chain gains in front it loses behind, so an entry costs a constant on average; the worst single one
// outdoes all values in the window before it.
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

// An older value that equals the newer one leaves the window before it: it is outdone too.
bool outdoes(Chain::Order order, std::int64_t value, std::int64_t older) noexcept {
  switch (order) {
    case Chain::Order::first: return false;
    case Chain::Order::least: return value <= older;
    case Chain::Order::greatest: return value >= older;
  }
  return false;
}

}  // namespace

std::int64_t Group::value_in(const Chain& chain, std::uint32_t location) const noexcept {
  return load<std::int64_t>(raws_of(ring_entry(location)) + layout_.raws[chain.raw].offset);
}

// The lead passes an entry, or the newest one has a better value: it enters all windows of the chain.
void Group::extend(std::byte* record, const Chain& chain, std::uint32_t location) noexcept {
  if ((load<Bits>(ring_entry(location)) >> layout_.raws[chain.raw].bit & 1) == 0) return;
  const std::int64_t value = value_in(chain, location);
  auto ends = load<ChainEnds>(record + chain.ends);
  std::uint32_t before = ends.newest;
  if (before == location) before = before == ends.oldest ? no_location : links_of(chain, before)->earlier;  // a pane whose value is a better one now
  while (before != no_location && outdoes(chain.order, value, value_in(chain, before))) {
    before = before == ends.oldest ? no_location : links_of(chain, before)->earlier;
  }
  *links_of(chain, location) = {before, no_location};
  (before == no_location ? ends.oldest : links_of(chain, before)->later) = location;
  ends.newest = location;
  store(record + chain.ends, ends);
  for (const Chain::Window& window : chain.windows) {
    const auto front = load<Front>(record + window.front);
    if (front.location == no_location || outdoes(chain.order, value, front.value)) store(record + window.front, Front{value, location, 0});
  }
}

// An entry leaves a window; the chain lets go of it when it has left all of them.
void Group::leave(std::byte* record, const Chain& chain, const Chain::Window& window, std::uint32_t location) noexcept {
  if (load<Front>(record + window.front).location != location) return;
  const std::uint32_t later = links_of(chain, location)->later;
  store(record + window.front, Front{later == no_location ? 0 : value_in(chain, later), later, 0});
  for (const Chain::Window& other : chain.windows) {
    if (load<Front>(record + other.front).location == location) return;
  }
  auto ends = load<ChainEnds>(record + chain.ends);
  if (ends.oldest != location) return;
  ends.oldest = later;
  if (later == no_location) ends.newest = no_location;
  store(record + chain.ends, ends);
}

void Group::pass_in_chains(std::byte* record, std::size_t edge, std::uint32_t location) noexcept {
  for (const Chain& chain : layout_.chains) {
    if (chain.lead == static_cast<int>(edge)) extend(record, chain, location);
    for (const Chain::Window& window : chain.windows) {
      if (window.trail == static_cast<int>(edge)) leave(record, chain, window, location);
    }
  }
}

}  // namespace pawl::window
