#include "pawl/core/model/forest.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

namespace pawl::model {
namespace {

constexpr std::size_t lanes_of_slot = limits::tile_events;
constexpr std::size_t abreast = 8;  // walks through one tree at a time: what registers hold

// Without branches: what is missing in a lane is nothing that could be foreseen.
template <class Value, bool zero_is_missing>
void place(const double* from, Lanes lanes, Ordered<Value> missing, Ordered<Value>* to) noexcept {
  rules::each_lane(lanes, [&](std::size_t lane) {
    const double value = from[lane];
    const bool there = zero_is_missing ? (value < -as_good_as_zero) | (value > as_good_as_zero) : value == value;
    const auto key = key_of(static_cast<Value>(value) + Value{0});  // of one zero
    to[lane] = there ? key : missing;
  });
}

template <class Value>
void place(const double* from, Lanes lanes, Missing missing, Ordered<Value>* to) noexcept {
  switch (missing) {
    case Missing::left: return place<Value, false>(from, lanes, lowest_key<Value>, to);
    case Missing::right: return place<Value, false>(from, lanes, highest_key<Value>, to);
    case Missing::zero_left: return place<Value, true>(from, lanes, lowest_key<Value>, to);
    case Missing::zero_right: return place<Value, true>(from, lanes, highest_key<Value>, to);
    case Missing::is_zero: return place<Value, false>(from, lanes, key_of(Value{0}), to);
  }
}

}  // namespace

template <class Value>
Result<Forest<Value>> Forest<Value>::make(std::span<const Tree> trees, std::size_t inputs) {
  if (trees.size() > forest_trees_max) return Error{ErrorCode::bad_data, std::string("it has ") + std::to_string(trees.size()) + " trees; up to " + std::to_string(forest_trees_max) + " can be evaluated"};
  Forest forest;
  for (std::size_t i = 0; i < trees.size(); ++i) {
    if (auto appended = forest.append(trees[i], inputs); !appended.ok()) return Error{ErrorCode::bad_data, std::string("tree ") + std::to_string(i) + ": " + appended.error().text};
  }
  forest.batch_ = BatchForest<Value>::make(trees);
  return forest;
}

template <class Value>
Result<void> Forest<Value>::append(const Tree& tree, std::size_t inputs) {
  const auto depth = check(tree, inputs);
  if (!depth.ok()) return depth.error();
  const Root root{static_cast<std::uint32_t>(nodes_.size()), static_cast<std::uint32_t>(*depth)};
  std::vector<Node> placed_nodes;
  place(tree, placed_nodes);
  if (ways_.size() >= std::numeric_limits<std::uint16_t>::max() / lanes_of_slot) return Error{ErrorCode::bad_data, "its trees compare too many features"};
  nodes_.insert(nodes_.end(), placed_nodes.begin(), placed_nodes.end());
  roots_.push_back(root);
  depth_ = std::max(depth_, root.depth);
  return {};
}

// By levels, both children of a node side by side. REQUIRES: checked.
template <class Value>
void Forest<Value>::place(const Tree& tree, std::vector<Node>& out) {
  std::vector<std::size_t> order{0};  // the node of the tree that stands at that place
  for (std::size_t at = 0; at < order.size(); ++at) {
    const TreeNode& node = tree[order[at]];
    if (node.is_leaf) {
      out.push_back({key_of(static_cast<Value>(node.value)), 0, static_cast<std::uint16_t>(at + 1)});
      continue;
    }
    out.push_back({key_of(static_cast<Value>(node.value) + Value{0}), cell_of({node.input, node.missing}), static_cast<std::uint16_t>(order.size() + 1)});
    order.push_back(static_cast<std::size_t>(node.left));
    order.push_back(static_cast<std::size_t>(node.right));
  }
}

template <class Value>
std::uint16_t Forest<Value>::cell_of(const Way& way) {
  auto found = std::find(ways_.begin(), ways_.end(), way);
  if (found == ways_.end()) found = ways_.insert(ways_.end(), way);
  return static_cast<std::uint16_t>((static_cast<std::size_t>(found - ways_.begin()) + 1) * lanes_of_slot);
}

template <class Value>
typename Forest<Value>::Cells Forest<Value>::cells() const {
  Cells made;
  made.slots.resize((ways_.size() + 1) * lanes_of_slot);
  std::fill_n(made.slots.begin(), lanes_of_slot, lowest_key<Value>);
  if (batch_) made.columns.resize(batch_->columns());
  return made;
}

template <class Value>
void Forest<Value>::fill(const double* inputs, Lanes lanes, Key* cells) const noexcept {
  for (const Way& way : ways_) {
    cells += lanes_of_slot;
    model::place<Value>(inputs + way.input * lanes_of_slot, lanes, way.missing, cells);
  }
}

template <class Value>
void Forest<Value>::add(const double* inputs, Lanes lanes, Cells& cells, Value* sums) const noexcept {
  if (batch_ && std::popcount(lanes) >= batch_->lanes_min()) return batch_->add(inputs, cells.columns.data(), sums);
  walk(inputs, lanes, cells, sums);
}

template <class Value>
void Forest<Value>::walk(const double* inputs, Lanes lanes, Cells& memory, Value* sums) const noexcept {
  fill(inputs, lanes, memory.slots.data());
  const Key* const cells = memory.slots.data();
  if (std::has_single_bit(lanes)) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(lanes));
    if (add_single(cells + lane, sums[lane])) return;
  }
  for (const Root& root : roots_) {
    const Node* const node = nodes_.data() + root.node;
    switch (root.depth) {
      case 0: add_tree<0>(node, cells, lanes, sums); break;
      case 1: add_tree<1>(node, cells, lanes, sums); break;
      case 2: add_tree<2>(node, cells, lanes, sums); break;
      case 3: add_tree<3>(node, cells, lanes, sums); break;
      case 4: add_tree<4>(node, cells, lanes, sums); break;
      case 5: add_tree<5>(node, cells, lanes, sums); break;
      case 6: add_tree<6>(node, cells, lanes, sums); break;
      case 7: add_tree<7>(node, cells, lanes, sums); break;
      case unrolled_depth_max: add_tree<unrolled_depth_max>(node, cells, lanes, sums); break;
      default: add_deep_tree(root, cells, lanes, sums);
    }
  }
}

template <class Value>
template <std::uint32_t depth>
void Forest<Value>::add_tree(const Node* root, const Key* cells, Lanes lanes, Value* sums) const noexcept {
  if (lanes == rules::all_lanes) {
    for (std::size_t lane = 0; lane < lanes_of_slot; lane += abreast) {
      std::array<std::uint32_t, abreast> at{};
      for (std::uint32_t level = 0; level < depth; ++level) {
        for (std::size_t i = 0; i < abreast; ++i) at[i] = next(root[at[i]], cells + lane + i);
      }
      for (std::size_t i = 0; i < abreast; ++i) sums[lane + i] += value_of<Value>(root[at[i]].key);
    }
    return;
  }
  rules::each_lane(lanes, [&](std::size_t lane) {
    std::uint32_t at = 0;
    for (std::uint32_t level = 0; level < depth; ++level) at = next(root[at], cells + lane);
    sums[lane] += value_of<Value>(root[at].key);
  });
}

template <class Value>
void Forest<Value>::add_deep_tree(const Root& tree, const Key* cells, Lanes lanes, Value* sums) const noexcept {
  const Node* const root = nodes_.data() + tree.node;
  rules::each_lane(lanes, [&](std::size_t lane) {
    std::uint32_t at = 0;
    for (std::uint32_t level = 0; level < tree.depth; ++level) at = next(root[at], cells + lane);
    sums[lane] += value_of<Value>(root[at].key);
  });
}

// A single lane: its walks through the trees go abreast, so all of them take as many steps as the deepest.
template <class Value>
template <std::uint32_t depth>
void Forest<Value>::add_one(const Key* cells, Value& sum) const noexcept {
  Value total = sum;
  std::size_t tree = 0;
  for (; tree + abreast <= roots_.size(); tree += abreast) {
    std::array<const Node*, abreast> root;
    std::array<std::uint32_t, abreast> at{};
    for (std::size_t i = 0; i < abreast; ++i) root[i] = nodes_.data() + roots_[tree + i].node;
    for (std::uint32_t level = 0; level < depth; ++level) {
      for (std::size_t i = 0; i < abreast; ++i) at[i] = next(root[i][at[i]], cells);
    }
    for (std::size_t i = 0; i < abreast; ++i) total += value_of<Value>(root[i][at[i]].key);
  }
  for (; tree < roots_.size(); ++tree) {
    const Node* const root = nodes_.data() + roots_[tree].node;
    std::uint32_t at = 0;
    for (std::uint32_t level = 0; level < depth; ++level) at = next(root[at], cells);
    total += value_of<Value>(root[at].key);
  }
  sum = total;
}

// False: the trees are too deep for that.
template <class Value>
bool Forest<Value>::add_single(const Key* cells, Value& sum) const noexcept {
  switch (depth_) {
    case 0:
    case 1:
    case 2: add_one<2>(cells, sum); return true;
    case 3: add_one<3>(cells, sum); return true;
    case 4: add_one<4>(cells, sum); return true;
    case 5: add_one<5>(cells, sum); return true;
    case 6: add_one<6>(cells, sum); return true;
    case 7: add_one<7>(cells, sum); return true;
    case unrolled_depth_max: add_one<unrolled_depth_max>(cells, sum); return true;
    default: return false;
  }
}

template class Forest<float>;
template class Forest<double>;

}  // namespace pawl::model
