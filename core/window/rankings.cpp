// Rankings: for `median` and `percentile`. A tree of the window's entries in the order of their values, equal ones in that of their coming, balanced by
// weight as Hirai and Yamamoto proved (Balancing weight-balanced trees, 2011): 3 to a side, 2 for the simple rotation. With n entries no path is longer than
// 2.41 log2 n, whatever comes, so entering, leaving and reading are bounded for every single event.
#include <array>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

constexpr std::uint64_t side_max = 3, simple_max = 2;

// The links from the root to a node, to be balanced from the last on.
struct Path {
  static constexpr std::size_t links_max = 80;  // 2.41 * 30 for 2^30 entries, and some
  std::array<std::uint32_t*, links_max> links;
  std::size_t count = 0;

  void push(std::uint32_t* link) noexcept {
    PAWL_ASSERT(count < links_max);
    links[count++] = link;
  }
};
static_assert(entries_max_max <= std::uint64_t{1} << 30, "the longest path is known");

std::uint64_t weight(std::uint32_t entries) noexcept { return std::uint64_t{entries} + 1; }

}  // namespace

bool Group::has_value(const Ranking& ranking, std::uint32_t location) const noexcept {
  return (load<Bits>(ring_entry(location)) >> layout_.raws[ranking.raw].bit & 1) != 0;
}

std::int64_t Group::value_in(const Ranking& ranking, std::uint32_t location) const noexcept {
  return load<std::int64_t>(raws_of(ring_entry(location)) + layout_.raws[ranking.raw].offset);
}

// The lead passes an entry.
void Group::enter(std::byte* record, const Ranking& ranking, std::uint32_t location) noexcept {
  if (!has_value(ranking, location)) return;
  const std::int64_t value = value_in(ranking, location);
  Path path;
  auto* link = reinterpret_cast<std::uint32_t*>(record + ranking.root);
  while (*link != no_location) {
    RankNode* const node = node_of(ranking, *link);
    ++node->entries;
    path.push(link);
    link = value < value_in(ranking, *link) ? &node->less : &node->more;
  }
  *link = location;
  *node_of(ranking, location) = {no_location, no_location, 1};
  while (path.count != 0) balance(ranking, path.links[--path.count]);
}

// The trail passes an entry. The oldest of the window is the first of those with its value.
void Group::leave(std::byte* record, const Ranking& ranking, std::uint32_t location) noexcept {
  if (!has_value(ranking, location)) return;
  const std::int64_t value = value_in(ranking, location);
  Path path;
  auto* link = reinterpret_cast<std::uint32_t*>(record + ranking.root);
  while (*link != location) {
    PAWL_ASSERT(*link != no_location);
    RankNode* const node = node_of(ranking, *link);
    --node->entries;
    path.push(link);
    link = value <= value_in(ranking, *link) ? &node->less : &node->more;
  }
  const RankNode leaving = *node_of(ranking, location);
  if (leaving.less == no_location || leaving.more == no_location) {
    *link = leaving.less == no_location ? leaving.more : leaving.less;
  } else {  // the next one in the order takes its place
    path.push(link);
    const std::size_t below = path.count;
    RankNode* const place = node_of(ranking, location);
    std::uint32_t* next = &place->more;
    for (; node_of(ranking, *next)->less != no_location; next = &node_of(ranking, *next)->less) {
      --node_of(ranking, *next)->entries;
      path.push(next);
    }
    const std::uint32_t heir = *next;
    *next = node_of(ranking, heir)->more;
    *node_of(ranking, heir) = {place->less, place->more, leaving.entries - 1};
    *link = heir;
    if (path.count > below) path.links[below] = &node_of(ranking, heir)->more;
  }
  while (path.count != 0) balance(ranking, path.links[--path.count]);
}

// The heavier child takes the place of the node, which becomes its child on the other side.
void Group::rotate(const Ranking& ranking, std::uint32_t* link, bool to_less) noexcept {
  const std::uint32_t down = *link;
  RankNode* const node = node_of(ranking, down);
  std::uint32_t& outer = to_less ? node->more : node->less;
  const std::uint32_t up = outer;
  RankNode* const child = node_of(ranking, up);
  std::uint32_t& inner = to_less ? child->less : child->more;
  outer = inner;
  inner = down;
  child->entries = node->entries;
  node->entries = entries_below(ranking, node->less) + entries_below(ranking, node->more) + 1;
  *link = up;
}

void Group::balance(const Ranking& ranking, std::uint32_t* link) noexcept {
  RankNode* const node = node_of(ranking, *link);
  const std::uint64_t less = weight(entries_below(ranking, node->less)), more = weight(entries_below(ranking, node->more));
  if (more <= side_max * less && less <= side_max * more) [[likely]] return;
  const bool to_less = more > less;
  std::uint32_t& heavy = to_less ? node->more : node->less;
  const RankNode child = *node_of(ranking, heavy);
  const std::uint32_t inner = to_less ? child.less : child.more, outer = to_less ? child.more : child.less;
  if (weight(entries_below(ranking, inner)) >= simple_max * weight(entries_below(ranking, outer))) rotate(ranking, &heavy, !to_less);
  rotate(ranking, link, to_less);
}

void Group::pass_in_rankings(std::byte* record, std::size_t edge, std::uint32_t location) noexcept {
  for (const Ranking& ranking : layout_.rankings) {
    if (ranking.lead == static_cast<int>(edge)) enter(record, ranking, location);
    if (ranking.trail == static_cast<int>(edge)) leave(record, ranking, location);
  }
}

// Of n values the one of nearest rank: the ceil(percentile * n / 100)-th smallest.
Scalar Group::read_ranked(const Read& read, const std::byte* record) const noexcept {
  const Ranking& ranking = layout_.rankings[read.total];
  auto location = load<std::uint32_t>(record + read.lead);
  if (location == no_location) return {};
  std::uint64_t rank = (read.n * entries_below(ranking, location) + 99) / 100;
  for (;;) {
    const RankNode node = *node_of(ranking, location);
    const std::uint64_t below = entries_below(ranking, node.less);
    if (rank == below + 1) return {value_in(ranking, location), true};
    location = rank <= below ? node.less : node.more;
    rank -= rank <= below ? 0 : below + 1;
  }
}

}  // namespace pawl::window
