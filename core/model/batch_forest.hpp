// Trees for whole tiles: every node of a tree is compared for all lanes, and what comes out selects, level by level, which of them count.
//
//   ranks:    of an input's values among all thresholds of the forest on it, found by one search per lane, 0 to 255: a byte per lane
//   columns:  64 ranks; where a missing value goes is in them, and an input with more thresholds has a column for each 255
//   levels:   the bit of level k is that of the node which the bits above it lead to, selected by them out of 2^k comparisons
//   leaves:   the bits of a lane are its leaf's place
//
// Trees are filled up to complete ones, so up to depth_max levels. A tile costs the same however many lanes it has: few of them walk (forest.hpp).
// That a tree needs no walk if its nodes are all compared: Lucchese and others, "QuickScorer", SIGIR 2015; bytes for thresholds and lanes of
// vectors for rows: Ye and others, "RapidScorer", KDD 2018. They find the leaf by masks of leaves; here it is selected.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pawl/core/model/tree.hpp"
#include "pawl/core/rules/lanes.hpp"

namespace pawl::model {

using rules::Lanes;

// Immutable; readable from any thread.
template <class Value>
class BatchForest {
 public:
  static constexpr std::size_t depth_max = 8;

  struct alignas(limits::tile_events) Column { std::array<std::int8_t, limits::tile_events> ranks; };

  // Nothing if this processor or these trees are not made for it. REQUIRES: trees are checked.
  [[nodiscard]] static std::optional<BatchForest> make(std::span<const Tree> trees);

  [[nodiscard]] std::size_t columns() const noexcept { return ways_.size(); }
  // With fewer lanes a walk is faster: it takes a time for each, and a level doubles that of a tile (measured: DECISIONS.md).
  [[nodiscard]] int lanes_min() const noexcept { return depth_ <= 6 ? 16 : 24; }
  // sums[lane] += the leaves of that lane, in the order of trees, for all 64. `inputs`: 64 cells each, one input after the other; NaN: missing.
  // REQUIRES: columns() of them.
  void add(const double* inputs, Column* columns, Value* sums) const noexcept;

 private:
  using Key = std::conditional_t<sizeof(Value) == 4, std::int32_t, std::int64_t>;  // in the order of values
  static constexpr std::size_t fan_out = 16;      // of a search
  static constexpr std::size_t levels_max = 4;    // up to 65,536 thresholds
  static constexpr std::size_t ranks_per_column = 255;
  static constexpr std::size_t abreast = 4;       // trees whose leaves are added at a time

  // Thresholds of an input, in order, behind every 16th of them, behind every 256th ...
  struct Search {
    std::uint32_t input = 0, way = 0, ways = 0;
    std::uint32_t levels = 0, first_level = 0;  // how many; thresholds on the first
    std::array<std::uint32_t, levels_max> at{};  // in keys_
    bool has_zero_as_missing = false;
  };
  // A column: ranks from `first` on.
  struct Way {
    std::uint32_t first;
    bool zero_is_missing;
    std::int8_t missing;  // the rank of what is missing
  };
  struct Node {
    std::int8_t rank;  // a lane goes right if its own is above
    std::uint16_t column;
  };
  struct Root {
    std::uint32_t node, leaf, depth;
  };
  struct Maker;

  std::vector<Key> keys_;
  std::vector<Search> searches_;
  std::vector<Way> ways_;
  std::vector<Node> nodes_;   // of a tree, by levels; a place without a node is one that nothing is above
  std::vector<Value> leaves_;
  std::vector<Root> roots_;
  std::size_t depth_ = 0;     // of the deepest tree
};

extern template class BatchForest<float>;
extern template class BatchForest<double>;

}  // namespace pawl::model
