#include "pawl/core/window/late_tree.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/deviation.hpp"

namespace pawl::window {

using late_tree::no_node;
using late_tree::NodeHead;

namespace {

// Whether a value of this time takes the place of the one kept.
bool replaces(Column::Kind kind, Time time, std::int64_t value, const std::byte* kept) noexcept {
  const Time kept_time = load<Time>(kept + carry_te_offset);
  if (kept_time == no_time) return true;
  const auto kept_value = load<std::int64_t>(kept);
  switch (kind) {
    case Column::Kind::latest: return time >= kept_time;
    case Column::Kind::earliest: return time < kept_time;
    case Column::Kind::least: return value < kept_value;
    default: break;
  }
  PAWL_ASSERT(kind == Column::Kind::greatest);
  return value > kept_value;
}

void keep(std::byte* total, Column::Kind kind, Time time, std::int64_t value) noexcept {
  if (!replaces(kind, time, value, total)) return;
  store(total, value);
  store(total + carry_te_offset, time);
}

}  // namespace

void LateTrees::clear_block(std::byte* block) const noexcept { std::memcpy(block, blank_, layout_.block_bytes); }

void LateTrees::add(Columns columns, std::byte* block, Time time, Bits bits, const std::byte* words) noexcept {
  for (const Column& column : columns) {
    if ((bits >> column.bit & 1) == 0) continue;
    std::byte* const total = block + column.offset;
    const auto value = [&] { return load<std::int64_t>(words + column.word * sizeof(std::int64_t)); };
    switch (column.kind) {
      case Column::Kind::count64: store(total, load<std::uint64_t>(total) + 1); break;
      case Column::Kind::sum128: store(total, load<Uint128>(total) + static_cast<Uint128>(static_cast<Int128>(value()))); break;
      case Column::Kind::moments: {
        auto moments = load<Moments>(total);
        moments.add(value());
        store(total, moments);
        break;
      }
      default: keep(total, column.kind, time, value());
    }
  }
}

void LateTrees::add(Columns columns, std::byte* block, const std::byte* of_part) noexcept {
  for (const Column& column : columns) {
    std::byte* const total = block + column.offset;
    const std::byte* const part = of_part + column.offset;
    switch (column.kind) {
      case Column::Kind::count64: store(total, load<std::uint64_t>(total) + load<std::uint64_t>(part)); break;
      case Column::Kind::sum128: store(total, load<Uint128>(total) + load<Uint128>(part)); break;
      case Column::Kind::moments: {
        auto moments = load<Moments>(total);
        moments.add(load<Moments>(part));
        store(total, moments);
        break;
      }
      default:
        if (const Time time = load<Time>(part + carry_te_offset); time != no_time) keep(total, column.kind, time, load<std::int64_t>(part));
    }
  }
}

void LateTrees::add_entry(Columns columns, std::byte* block, Node leaf, std::size_t i) const noexcept {
  const std::byte* const from = entry(leaf, i);
  add(columns, block, times(leaf)[i], load<Bits>(from), from + sizeof(Bits));
}

void LateTrees::fetch_end(const TreeHead& tree) const noexcept {
  if (tree.root == no_node) return;
  const std::size_t end = std::min<std::size_t>(head(tree.newest).end, layout_.leaf_entries - 1);
  __builtin_prefetch(times(tree.newest) + end, 1);
  __builtin_prefetch(entry(tree.newest, end), 1);
  if (tree.oldest == tree.newest) return;
  __builtin_prefetch(times(tree.oldest) + head(tree.oldest).begin);
  __builtin_prefetch(entry(tree.oldest, head(tree.oldest).begin));
}

// --- reading ---

std::size_t LateTrees::first_after(Node node, Time time) const noexcept {
  const Time* const all = times(node);
  return static_cast<std::size_t>(std::upper_bound(all + head(node).begin, all + head(node).end, time) - all);
}

// Below `node`, the leaf with the last entry up to `time`; the first leaf without one.
LateTrees::Node LateTrees::leaf_of(Node node, Time time) const noexcept {
  while (head(node).level != 0) {
    const std::size_t behind = first_after(node, time);
    node = children(node)[behind == head(node).begin ? behind : behind - 1];
  }
  return node;
}

NextEntry LateTrees::next(const TreeHead& tree, Time after) const noexcept {
  if (tree.root == no_node) return no_entry;
  Node leaf = leaf_of(tree.root, after);
  std::size_t i = first_after(leaf, after);
  if (i == head(leaf).end) {
    leaf = head(leaf).next;
    if (leaf == no_node) return no_entry;
    i = head(leaf).begin;
  }
  return {times(leaf)[i], leaf, static_cast<std::uint32_t>(i)};
}

void LateTrees::pass(NextEntry& due, Time after, Time upto, std::byte* block) const noexcept {
  Node leaf = due.leaf;
  std::size_t i = due.place;
  const bool there = i >= head(leaf).begin && i < head(leaf).end && times(leaf)[i] > after && (i == head(leaf).begin || times(leaf)[i - 1] <= after);
  if (!there) [[unlikely]] {
    // Others came or went before it, in its leaf or so that this was divided: it may have wandered on, behind entries that have been passed.
    while ((i = first_after(leaf, after)) == head(leaf).end) leaf = head(leaf).next;
  }
  for (;; ++i) {
    if (i == head(leaf).end) {
      leaf = head(leaf).next;
      if (leaf == no_node) {
        due = no_entry;
        return;
      }
      i = head(leaf).begin;
    }
    if (times(leaf)[i] > upto) break;
    add_entry(layout_.edge_others, block, leaf, i);
  }
  due = {times(leaf)[i], leaf, static_cast<std::uint32_t>(i)};
}

void LateTrees::gather(const TreeHead& tree, Columns columns, Time after, Time upto, std::byte* block) const noexcept {
  if (tree.root != no_node && after < upto) gather(tree.root, columns, after, upto, true, true, time_end, block);
}

// `left`, `right`: the node is of that spine. `end`: no entry below it is later.
void LateTrees::gather(Node node, Columns columns, Time after, Time upto, bool left, bool right, Time end, std::byte* block) const noexcept {
  const NodeHead& of = head(node);
  if (of.level == 0) {
    for (std::size_t i = first_after(node, after); i < of.end && times(node)[i] <= upto; ++i) add_entry(columns, block, node, i);
    return;
  }
  const std::size_t behind = first_after(node, after);
  for (std::size_t i = behind == of.begin ? behind : behind - 1; i < of.end; ++i) {
    const bool first = left && i == of.begin, last = i + 1 == of.end;
    if (!first && times(node)[i] > upto) return;
    const Time child_end = last ? end : times(node)[i + 1];
    if (!first && !(right && last) && times(node)[i] > after && child_end <= upto) add(columns, block, this->block(node, i));
    else gather(children(node)[i], columns, after, upto, first, right && last, child_end, block);
  }
}

// --- entering ---

LateTrees::Node LateTrees::make(std::uint32_t level) noexcept {
  const Node node = nodes_.take();
  PAWL_ASSERT(node != no_node);  // nodes_max() gives all entries enough of them
  head(node) = {no_node, no_node, 0, 0, level};
  return node;
}

std::size_t LateTrees::place_in_parent(Node node) const noexcept {
  const Node parent = head(node).parent;
  std::size_t i = head(parent).begin;
  while (children(parent)[i] != node) ++i;
  return i;
}

// To the start of the node, over those that have left.
void LateTrees::move_down(Node node) noexcept {
  NodeHead& of = head(node);
  const std::size_t begin = of.begin, count = of.end - begin;
  std::memmove(times(node), times(node) + begin, count * sizeof(Time));
  if (of.level == 0) {
    std::memmove(entry(node, 0), entry(node, begin), count * layout_.leaf_entry_bytes);
  } else {
    std::memmove(children(node), children(node) + begin, count * sizeof(Node));
    std::memmove(block(node, 0), block(node, begin), count * layout_.block_bytes);
  }
  of.begin = 0;
  of.end = static_cast<std::uint16_t>(count);
}

// From `first` on, to the start of an empty node.
void LateTrees::move(Node from, std::size_t first, Node to) noexcept {
  const std::size_t count = head(from).end - first;
  std::memcpy(times(to), times(from) + first, count * sizeof(Time));
  if (head(from).level == 0) {
    std::memcpy(entry(to, 0), entry(from, first), count * layout_.leaf_entry_bytes);
  } else {
    std::memcpy(children(to), children(from) + first, count * sizeof(Node));
    std::memcpy(block(to, 0), block(from, first), count * layout_.block_bytes);
    for (std::size_t i = 0; i < count; ++i) head(children(to)[i]).parent = to;
  }
  head(from).end = static_cast<std::uint16_t>(first);
  head(to).end = static_cast<std::uint16_t>(count);
}

// Makes a gap. REQUIRES: there is room.
void LateTrees::open(Node node, std::size_t at) noexcept {
  NodeHead& of = head(node);
  const std::size_t count = of.end - at;
  std::memmove(times(node) + at + 1, times(node) + at, count * sizeof(Time));
  if (of.level == 0) {
    std::memmove(entry(node, at + 1), entry(node, at), count * layout_.leaf_entry_bytes);
  } else {
    std::memmove(children(node) + at + 1, children(node) + at, count * sizeof(Node));
    std::memmove(block(node, at + 1), block(node, at), count * layout_.block_bytes);
  }
  ++of.end;
}

void LateTrees::place_child(Node parent, std::size_t at, Node child, Time time) noexcept {
  open(parent, at);
  times(parent)[at] = time;
  children(parent)[at] = child;
  head(child).parent = parent;
  if (head(child).next != no_node) sum_up(child, block(parent, at));
}

void LateTrees::sum_up(Node node, std::byte* block) const noexcept {
  clear_block(block);
  for (std::size_t i = head(node).begin; i < head(node).end; ++i) {
    if (head(node).level == 0) add_entry(layout_.edge_others, block, node, i);
    else add(layout_.edge_others, block, this->block(node, i));
  }
}

// A full node gives its upper half to a new one behind it, or nothing if it grows at the end of its level: nodes that are filled in order stay full.
// The new one begins with `time`, if it is empty. Returns it.
LateTrees::Node LateTrees::split(TreeHead& tree, Node node, Time time, bool at_end) noexcept {
  const Node made = make(head(node).level);
  if (!at_end) {
    move(node, layout_.leaf_entries / 2, made);
    time = times(made)[0];
  }
  if (tree.newest == node) tree.newest = made;
  Node right = made;
  for (;;) {
    head(right).next = head(node).next;
    head(node).next = right;
    Node parent = head(node).parent;
    if (parent == no_node) {
      parent = tree.root = make(head(node).level + 1);
      place_child(parent, 0, node, times(node)[head(node).begin]);
    } else {
      sum_up(node, block(parent, place_in_parent(node)));
    }
    if (head(parent).end == layout_.node_children && head(parent).begin != 0) move_down(parent);
    const std::size_t at = place_in_parent(node) + 1;
    if (head(parent).end != layout_.node_children) {
      place_child(parent, at, right, time);
      return made;
    }
    const Node second = make(head(parent).level);
    const std::size_t half = head(parent).next == no_node && at == head(parent).end ? at : layout_.node_children / 2;
    move(parent, half, second);
    if (at >= half && (at != half || half == layout_.node_children)) place_child(second, at - half, right, time);
    else place_child(parent, at, right, time);
    node = parent;
    right = second;
    time = times(second)[0];
  }
}

NextEntry LateTrees::insert(TreeHead& tree, Time time, Bits bits, const std::byte* words) noexcept {
  if (tree.root == no_node) tree.root = tree.oldest = tree.newest = make(0);
  Node node = tree.newest;
  while (node != tree.root && times(node)[head(node).begin] > time) node = head(node).parent;
  Node leaf = leaf_of(node, time);
  std::size_t at = first_after(leaf, time);
  if (head(leaf).end == layout_.leaf_entries && head(leaf).begin != 0) {
    at -= head(leaf).begin;
    move_down(leaf);
  }
  if (head(leaf).end == layout_.leaf_entries) {
    const bool at_end = head(leaf).next == no_node && at == head(leaf).end;
    const Node behind = split(tree, leaf, time, at_end);
    if (at > head(leaf).end || at_end) {
      at -= head(leaf).end;
      leaf = behind;
    }
  }
  open(leaf, at);
  times(leaf)[at] = time;
  store(entry(leaf, at), bits);
  std::memcpy(entry(leaf, at) + sizeof(Bits), words, layout_.entry_words * sizeof(std::int64_t));
  ++tree.entries;
  tree.first = std::min(tree.first, time);
  for (node = leaf; head(node).next != no_node; node = head(node).parent) add(block(head(node).parent, place_in_parent(node)), time, bits, words);
  return {time, leaf, static_cast<std::uint32_t>(at)};
}

// --- leaving ---

bool LateTrees::forget(TreeHead& tree, Time upto, std::byte* block, std::span<NextEntry> dues) noexcept {
  bool anew = false;
  while (tree.first <= upto && tree.entries != 0) {
    const Node leaf = tree.oldest;
    NodeHead& of = head(leaf);
    add_entry(layout_.edge_others, block, leaf, of.begin++);
    if (--tree.entries == 0) return clear(tree), false;
    if (of.begin == of.end) {
      tree.oldest = of.next;
      for (NextEntry& due : dues) {
        if (due.leaf == leaf) due.leaf = tree.oldest;  // its entry went there when the leaf was divided
      }
      anew |= remove_first(tree, leaf);
    }
    tree.first = times(tree.oldest)[head(tree.oldest).begin];
  }
  return anew;
}

// REQUIRES: the node is the first of its level, and not the last.
bool LateTrees::remove_first(TreeHead& tree, Node node) noexcept {
  for (;;) {
    const Node parent = head(node).parent;
    nodes_.give_back(node);
    if (++head(parent).begin != head(parent).end) break;
    node = parent;
  }
  return shorten(tree);
}

// A tree that has lost nearly all of its entries would keep too many nodes for those that are left.
bool LateTrees::shorten(TreeHead& tree) noexcept {
  while (head(tree.root).level != 0 && head(tree.root).end - head(tree.root).begin == 1) {
    const Node root = tree.root;
    tree.root = children(root)[head(root).begin];
    head(tree.root).parent = no_node;
    nodes_.give_back(root);
  }
  std::uint64_t least = layout_.leaf_entries / 4;
  for (std::uint32_t level = 1; level < head(tree.root).level; ++level) least *= layout_.node_children / 2;
  if (head(tree.root).level == 0 || tree.entries >= least) return false;
  build_anew(tree);
  return true;
}

void LateTrees::build_anew(TreeHead& tree) noexcept {
  Node leaf = tree.oldest;
  free_nodes(tree.root);
  TreeHead made = empty();
  made.seen = tree.seen;
  while (leaf != no_node) {
    for (std::size_t i = head(leaf).begin; i < head(leaf).end; ++i) insert(made, times(leaf)[i], load<Bits>(entry(leaf, i)), entry(leaf, i) + sizeof(Bits));
    const Node next = head(leaf).next;
    nodes_.give_back(leaf);
    leaf = next;
  }
  tree = made;
}

// All but leaves.
void LateTrees::free_nodes(Node node) noexcept {
  if (head(node).level == 0) return;
  for (std::size_t i = head(node).begin; i < head(node).end; ++i) free_nodes(children(node)[i]);
  nodes_.give_back(node);
}

void LateTrees::clear(TreeHead& tree) noexcept {
  if (tree.root == no_node) return;
  free_nodes(tree.root);
  for (Node leaf = tree.oldest; leaf != no_node;) {
    const Node next = head(leaf).next;
    nodes_.give_back(leaf);
    leaf = next;
  }
  const Time seen = tree.seen;
  tree = empty();
  tree.seen = seen;
}

}  // namespace pawl::window
