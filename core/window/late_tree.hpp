// The events of one key in the order of their places, where an event may come late: a B+ tree, entered from its newest leaf.
//
//   leaf   | NodeHead | times | entries: bits and words of each |
//   node   | NodeHead | times: of the first entry below each child | children | blocks: what all entries below a child add up to |
//
// An event that comes d entries late climbs from the newest leaf as far as it must, O(log d), enters its leaf, and is added to the blocks above
// it as far as they have one: what is last on its level, the right spine, grows with nearly every event and so has none until a node stands
// behind it. A range of times is then some blocks and the entries of two leaves, O(log n). Entries leave at the old end alone, one by one; the blocks of the
// left spine still count them and are never asked.
//
// The idea of entering from a finger at the end is that of Tangwongsan, Hirzel and Schneider (Optimal and general out-of-order sliding-window aggregation, 2019).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pawl/core/state/chunk_pool.hpp"
#include "pawl/core/window/layout.hpp"

namespace pawl::window {

namespace late_tree {

using Node = std::uint32_t;
inline constexpr Node no_node = state::ChunkPool::none;
inline constexpr std::size_t node_bytes_min = 512, children_min = 8;
inline constexpr std::size_t child_bytes = sizeof(Time) + sizeof(Node);  // beside its block

struct NodeHead {
  Node next;                    // on the same level; no_node: it is of the right spine
  Node parent;                  // no_node: the root
  std::uint16_t begin, end;     // entries or children in use; those before have left
  std::uint32_t level;          // 0: a leaf
};
static_assert(sizeof(NodeHead) == 16);

}  // namespace late_tree

// What all trees of a group share. Thread: one. No allocation: nodes come from the pool, which must have them.
class LateTrees {
 public:
  using Node = late_tree::Node;

  // `blank`: a block of nothing.
  LateTrees(const Layout& layout, state::ChunkPool& nodes, const std::byte* blank) noexcept : layout_(layout), nodes_(nodes), blank_(blank) {}

  // Nodes for so many entries of so many keys, however they lie.
  [[nodiscard]] static std::uint64_t nodes_max(const Layout& layout, std::uint64_t entries, std::uint64_t keys) noexcept { return 8 * (entries / layout.leaf_entries) + 4 * keys + 64; }
  [[nodiscard]] static TreeHead empty() noexcept { return {late_tree::no_node, late_tree::no_node, late_tree::no_node, 0, no_time, time_end}; }

  void clear_block(std::byte* block) const noexcept;
  using Columns = std::span<const Column>;
  // One entry, in any order of times.
  static void add(Columns columns, std::byte* block, Time time, Bits bits, const std::byte* words) noexcept;
  void add(std::byte* block, Time time, Bits bits, const std::byte* words) const noexcept { add(layout_.edge_others, block, time, bits, words); }

  // Behind all entries of the same time and before. Returns the place.
  NextEntry insert(TreeHead& tree, Time time, Bits bits, const std::byte* words) noexcept;
  // The first entry later than `after`.
  [[nodiscard]] NextEntry next(const TreeHead& tree, Time after) const noexcept;
  // Adds the entries from the due one up to `upto` one by one, and makes the next one due. REQUIRES: those before it are not later than `after`.
  void pass(NextEntry& due, Time after, Time upto, std::byte* block) const noexcept;
  // Adds these columns of the entries in (after, upto]. REQUIRES: what else the block holds are other times.
  void gather(const TreeHead& tree, Columns columns, Time after, Time upto, std::byte* block) const noexcept;
  // Takes the entries up to `upto` out and adds them to the block. Returns whether the others stand in new leaves, and dues are to be looked for again.
  // REQUIRES: no due one goes.
  [[nodiscard]] bool forget(TreeHead& tree, Time upto, std::byte* block, std::span<NextEntry> dues) noexcept;
  void clear(TreeHead& tree) noexcept;

  // visit(time, entry) from the oldest on; an entry is its bits and words.
  template <class Visit>
  void each(const TreeHead& tree, Visit visit) const {
    for (Node leaf = tree.oldest; leaf != late_tree::no_node; leaf = head(leaf).next) {
      for (std::size_t i = head(leaf).begin; i < head(leaf).end; ++i) visit(times(leaf)[i], static_cast<const std::byte*>(entry(leaf, i)));
    }
  }
  void fetch(const TreeHead& tree) const noexcept {
    if (tree.root == late_tree::no_node) return;
    __builtin_prefetch(nodes_.at(tree.newest), 1);
    if (tree.oldest != tree.newest) __builtin_prefetch(nodes_.at(tree.oldest), 1);
  }
  void fetch(const NextEntry& due) const noexcept {
    __builtin_prefetch(nodes_.at(due.leaf));
    __builtin_prefetch(times(due.leaf) + due.place);
    __builtin_prefetch(entry(due.leaf, due.place));
  }
  void fetch_end(const TreeHead& tree) const noexcept;

 private:
  [[nodiscard]] late_tree::NodeHead& head(Node node) const noexcept { return *reinterpret_cast<late_tree::NodeHead*>(nodes_.at(node)); }
  [[nodiscard]] Time* times(Node node) const noexcept { return reinterpret_cast<Time*>(nodes_.at(node) + sizeof(late_tree::NodeHead)); }
  [[nodiscard]] std::byte* entry(Node leaf, std::size_t i) const noexcept {
    return nodes_.at(leaf) + sizeof(late_tree::NodeHead) + layout_.leaf_entries * sizeof(Time) + i * layout_.leaf_entry_bytes;
  }
  [[nodiscard]] Node* children(Node node) const noexcept { return reinterpret_cast<Node*>(times(node) + layout_.node_children); }
  [[nodiscard]] std::byte* block(Node node, std::size_t i) const noexcept {
    return nodes_.at(node) + sizeof(late_tree::NodeHead) + layout_.node_children * late_tree::child_bytes + i * layout_.block_bytes;
  }
  [[nodiscard]] std::size_t room(Node node) const noexcept { return head(node).level == 0 ? layout_.leaf_entries : layout_.node_children; }

  static void add(Columns columns, std::byte* block, const std::byte* part) noexcept;
  void add_entry(Columns columns, std::byte* block, Node leaf, std::size_t i) const noexcept;
  [[nodiscard]] std::size_t first_after(Node node, Time time) const noexcept;
  [[nodiscard]] Node leaf_of(Node node, Time time) const noexcept;
  [[nodiscard]] std::size_t place_in_parent(Node node) const noexcept;
  void gather(Node node, Columns columns, Time after, Time upto, bool left, bool right, Time end, std::byte* block) const noexcept;
  void sum_up(Node node, std::byte* block) const noexcept;

  [[nodiscard]] Node make(std::uint32_t level) noexcept;
  void move_down(Node node) noexcept;
  void move(Node from, std::size_t first, Node to) noexcept;
  void open(Node node, std::size_t at) noexcept;
  [[nodiscard]] Node split(TreeHead& tree, Node node, Time time, bool at_end) noexcept;
  void place_child(Node parent, std::size_t at, Node child, Time time) noexcept;
  [[nodiscard]] bool remove_first(TreeHead& tree, Node node) noexcept;
  [[nodiscard]] bool shorten(TreeHead& tree) noexcept;
  void build_anew(TreeHead& tree) noexcept;
  void free_nodes(Node node) noexcept;

  const Layout& layout_;
  state::ChunkPool& nodes_;
  const std::byte* blank_;
};

}  // namespace pawl::window
