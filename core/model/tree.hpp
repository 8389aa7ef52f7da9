// Decision trees as a model file says them, whichever trainer wrote it. Set-up only: forest.hpp makes them flat.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pawl/core/base/result.hpp"

namespace pawl::model {

// Where a value goes that is not there. `zero` takes what is as good as zero for missing too, as LightGBM's zero_as_missing does.
enum class Missing : std::uint8_t { left, right, zero_left, zero_right, is_zero };
inline constexpr double as_good_as_zero = 1e-35F;  // LightGBM's, a float

struct TreeNode {
  bool is_leaf = true;
  double value = 0;  // of a leaf: what it adds; else the threshold: an input below it goes left
  std::uint32_t input = 0;
  Missing missing = Missing::right;
  std::int64_t left = 0, right = 0;  // as the file says: nothing is known of them before check()
  double cover = 0;                  // how much of what the trainer saw came here; 0: the file does not say
};

using Tree = std::vector<TreeNode>;  // node 0 is the root

inline constexpr std::size_t tree_nodes_max = 65'000;    // places are 16 bits
inline constexpr std::size_t tree_depth_max = 128;
inline constexpr std::size_t forest_trees_max = 20'000;
inline constexpr std::size_t model_inputs_max = 1000;

// Whether every node that the root leads to exists, is reached once, and compares an input there is with a finite threshold. Returns the
// tree's depth: 0 for a leaf alone. Errors: bad_data.
[[nodiscard]] Result<std::size_t> check(const Tree& tree, std::size_t inputs);

}  // namespace pawl::model
