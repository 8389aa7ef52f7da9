#include "pawl/core/model/tree.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace pawl::model {
namespace {

Error bad(std::size_t node, const std::string& why) { return {ErrorCode::bad_data, std::string("node ") + std::to_string(node) + " " + why}; }

Result<void> check_split(const Tree& tree, std::size_t at, std::size_t inputs) {
  const TreeNode& node = tree[at];
  if (node.input >= inputs) return bad(at, std::string("compares feature ") + std::to_string(node.input) + ", but there are " + std::to_string(inputs));
  for (const std::int64_t child : {node.left, node.right}) {
    if (child <= 0 || static_cast<std::uint64_t>(child) >= tree.size()) {
      return bad(at, std::string("leads to node ") + std::to_string(child) + ", but the tree has nodes 0 to " + std::to_string(tree.size() - 1));
    }
  }
  return {};
}

}  // namespace

Result<std::size_t> check(const Tree& tree, std::size_t inputs) {
  if (tree.empty() || tree.size() > tree_nodes_max) return Error{ErrorCode::bad_data, std::string("it has ") + std::to_string(tree.size()) + " nodes; 1 to " + std::to_string(tree_nodes_max) + " can be evaluated"};
  std::vector<bool> reached(tree.size());
  struct Place { std::size_t node, depth; };
  std::vector<Place> open{{0, 0}};
  reached[0] = true;
  std::size_t deepest = 0;
  while (!open.empty()) {
    const Place place = open.back();
    open.pop_back();
    const TreeNode& node = tree[place.node];
    deepest = std::max(deepest, place.depth);
    if (!std::isfinite(node.value)) return bad(place.node, node.is_leaf ? "has a value that is not a finite number" : "has a threshold that is not a finite number");
    if (node.is_leaf) continue;
    if (place.depth == tree_depth_max) return bad(place.node, std::string("lies deeper than the ") + std::to_string(tree_depth_max) + " levels that a tree may have");
    if (auto sound = check_split(tree, place.node, inputs); !sound.ok()) return std::move(sound).error();
    for (const std::int64_t child : {node.left, node.right}) {
      const auto index = static_cast<std::size_t>(child);
      if (reached[index]) return bad(index, "is reached twice: that is no tree");
      reached[index] = true;
      open.push_back({index, place.depth + 1});
    }
  }
  return deepest;
}

}  // namespace pawl::model
