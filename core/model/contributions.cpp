#include "pawl/core/model/contributions.hpp"

#include <cmath>

namespace pawl::model {

std::shared_ptr<const Contributions> Contributions::make(std::span<const Tree> trees, bool floats) {
  auto made = std::make_shared<Contributions>();
  made->floats_ = floats;
  for (const Tree& tree : trees) {
    if (!made->append(tree)) return nullptr;
  }
  return made;
}

// Children first, as a node's mean is made of theirs: without recursion, as the trees of a file may be deep.
bool Contributions::append(const Tree& tree) {
  const auto first = static_cast<std::uint32_t>(nodes_.size());
  roots_.push_back(first);
  nodes_.resize(nodes_.size() + tree.size());
  std::vector<std::size_t> order{0};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const TreeNode& node = tree[order[i]];
    if (node.is_leaf) continue;
    for (const std::int64_t child : {node.left, node.right}) order.push_back(static_cast<std::size_t>(child));
  }
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const TreeNode& node = tree[*at];
    Node& made = nodes_[first + *at];
    made = {.threshold = node.value, .mean = node.value, .left = 0, .right = 0, .input = node.input, .missing = node.missing};
    if (node.is_leaf) continue;
    const auto left = static_cast<std::size_t>(node.left), right = static_cast<std::size_t>(node.right);
    if (!(node.cover > 0) || !std::isfinite(node.cover)) return false;
    made.left = first + static_cast<std::uint32_t>(left);
    made.right = first + static_cast<std::uint32_t>(right);
    made.mean = (nodes_[made.left].mean * tree[left].cover + nodes_[made.right].mean * tree[right].cover) / node.cover;
    if (!std::isfinite(made.mean)) return false;
  }
  return true;
}

// As the forest does (ordered.hpp).
bool Contributions::goes_left(const Node& node, double input) const noexcept {
  const double compared = floats_ ? static_cast<double>(static_cast<float>(input)) : input;
  const bool nothing = std::isnan(input), as_good_as_nothing = nothing || std::fabs(input) <= as_good_as_zero;
  switch (node.missing) {
    case Missing::left: return nothing || compared < node.threshold;
    case Missing::right: return !nothing && compared < node.threshold;
    case Missing::zero_left: return as_good_as_nothing || compared < node.threshold;
    case Missing::zero_right: return !as_good_as_nothing && compared < node.threshold;
    case Missing::is_zero: break;
  }
  return (nothing ? 0 : compared) < node.threshold;
}

void Contributions::add(const double* inputs, double* sums) const noexcept {
  for (const std::uint32_t root : roots_) {
    const Node* node = &nodes_[root];
    while (node->right != 0) {
      const Node* const next = &nodes_[goes_left(*node, inputs[node->input]) ? node->left : node->right];
      sums[node->input] += next->mean - node->mean;
      node = next;
    }
  }
}

}  // namespace pawl::model
