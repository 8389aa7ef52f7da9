// Chains: for `first`, and for `min` and `max` that have no list of peaks. What a chain gains in front it loses behind, so an entry costs a constant on average. One that outdoes a long row of values at once
// finds its end by jumps, laid as Myers lays them (An Applicative Random-Access Stack, 1983): their lengths are the digits of skew binary numbers, and no
// search takes more than some 3 log2 n steps.
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

constexpr unsigned length_bits = 5;
constexpr std::uint32_t length_max = 25;  // a jump of 2^25 links: less than half of what numbers tell apart

std::uint32_t length_of(const Links& links) noexcept { return links.number & ((1U << length_bits) - 1); }

// Whether the chain still reaches as far back as the jump goes. Numbers are compared modulo 2^27; of a chain that is longer than half of it some jumps are not taken.
bool may_jump(const Links& links, const ChainEnds& ends) noexcept {
  const std::uint32_t length = length_of(links);
  const std::uint32_t target = (links.number >> length_bits) - ((1U << length) - 1);
  return length != 0 && static_cast<std::int32_t>((target - (ends.oldest_number >> length_bits)) << length_bits) >= 0;
}

}  // namespace

std::int64_t Group::value_in(const Chain& chain, std::uint32_t location) const noexcept {
  return load<std::int64_t>(raws_of(ring_entry(location)) + layout_.raws[chain.raw].offset);
}

// The latest one, from a place of the chain backwards, that the value does not outdo.
std::uint32_t Group::find_better(const Chain& chain, const ChainEnds& ends, std::uint32_t from, std::int64_t value) const noexcept {
  constexpr int steps_without_jumps = 4;  // nearly all searches are that short
  std::uint32_t at = from;
  for (int steps = 0; at != no_location && outdoes(chain.order, value, value_in(chain, at)); ++steps) {
    const Links& links = *links_of(chain, at);
    const bool jumps = steps >= steps_without_jumps && may_jump(links, ends) && outdoes(chain.order, value, value_in(chain, links.jump));
    at = jumps ? links.jump : at == ends.oldest ? no_location : links.earlier;
  }
  return at;
}

// Of a new entry behind another one. Two jumps of one length become one, over both and the link to them.
Links Group::links_behind(const Chain& chain, const ChainEnds& ends, std::uint32_t earlier) const noexcept {
  if (earlier == no_location) return {no_location, no_location, no_location, 0};
  const Links& before = *links_of(chain, earlier);
  const std::uint32_t number = ((before.number >> length_bits) + 1) << length_bits, length = length_of(before);
  if (chain.order != Chain::Order::first && length < length_max && may_jump(before, ends) && length_of(*links_of(chain, before.jump)) == length) {
    return {earlier, no_location, links_of(chain, before.jump)->jump, number | (length + 1)};
  }
  return {earlier, no_location, earlier, number | 1};
}

// What the newest entries of the chains lead to, for events of a batch.
void Group::fetch_behind_newest(std::size_t count) const noexcept {
  const state::Records records = table_.records();
  for (std::size_t i = 0; i < count; ++i) {
    if (work_[i].index == state::KeyTable::none) continue;
    for (const Chain& chain : layout_.chains) {
      const auto ends = load<ChainEnds>(records[work_[i].index] + chain.ends);
      if (ends.newest == no_location) continue;
      const Links& links = *links_of(chain, ends.newest);
      if (ends.newest != ends.oldest) fetch_ring_entry(links.earlier);
      if (may_jump(links, ends)) fetch_ring_entry(links.jump);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {  // the newest is outdone by every second value
    if (work_[i].index == state::KeyTable::none) continue;
    for (const Chain& chain : layout_.chains) {
      const auto ends = load<ChainEnds>(records[work_[i].index] + chain.ends);
      if (ends.newest == ends.oldest) continue;
      const std::uint32_t second = links_of(chain, ends.newest)->earlier;
      const Links& links = *links_of(chain, second);
      if (second != ends.oldest) fetch_ring_entry(links.earlier);
      if (may_jump(links, ends)) fetch_ring_entry(links.jump);
    }
  }
}

// The lead passes an entry, or the newest one has a better value: it enters all windows of the chain.
void Group::extend(std::byte* record, const Chain& chain, std::uint32_t location) noexcept {
  if ((load<Bits>(ring_entry(location)) >> layout_.raws[chain.raw].bit & 1) == 0) return;
  const std::int64_t value = value_in(chain, location);
  auto ends = load<ChainEnds>(record + chain.ends);
  std::uint32_t before = ends.newest;
  if (before == location) before = before == ends.oldest ? no_location : links_of(chain, before)->earlier;  // a pane whose value is a better one now
  before = find_better(chain, ends, before, value);
  const Links links = links_behind(chain, ends, before);
  *links_of(chain, location) = links;
  (before == no_location ? ends.oldest : links_of(chain, before)->later) = location;
  if (before == no_location) ends.oldest_number = links.number;
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
  if (later != no_location) ends.oldest_number = links_of(chain, later)->number;
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
