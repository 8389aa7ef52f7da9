// Trees made flat: a node is 8 bytes (of floats), siblings lie side by side, and a walk has no branches.
//
//   slots of one lane:   [ lowest | input 0, missing goes left | input 0, missing goes right | input 1 ... ]
//   node:                { threshold, slot, right }     next = right - (slots[slot] < threshold)
//   leaf:                { what it adds, slot 0, behind itself }: slot 0 is below anything, so a walk that has arrived stays
//
// Numbers are keys (ordered.hpp). Where a missing value goes is decided when slots are filled, once per input instead of at every node: it is
// below or above everything there. All walks of a tree take as many steps as it is deep, whatever way they go, and go eight abreast: lanes of
// a batch through one tree, a single lane through eight trees. Each step waits for memory alone, and there are seven others meanwhile. Tiles with many
// lanes are summed otherwise, where the processor can: see batch_forest.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/result.hpp"
#include "pawl/core/model/batch_forest.hpp"
#include "pawl/core/model/ordered.hpp"
#include "pawl/core/model/tree.hpp"
#include "pawl/core/rules/lanes.hpp"

namespace pawl::model {

// Value: float or double, as the trainer compares and adds.
template <class Value>
class Forest {
 public:
  using Key = Ordered<Value>;

  // Errors: bad_data, with the tree's number.
  [[nodiscard]] static Result<Forest> make(std::span<const Tree> trees, std::size_t inputs);

  // Memory of one evaluation.
  struct Cells {
    std::vector<Key> slots;  // 64 lanes each
    std::vector<typename BatchForest<Value>::Column> columns;
  };
  // Allocates.
  [[nodiscard]] Cells cells() const;
  // sums[lane] += the leaves of that lane, in the order of trees; sums of other lanes get something. `inputs`: 64 cells each, one input after the
  // other; NaN: missing. REQUIRES: sums has 64 numbers.
  void add(const double* inputs, Lanes lanes, Cells& cells, Value* sums) const noexcept;
  // The same, walking whatever the lanes.
  void walk(const double* inputs, Lanes lanes, Cells& cells, Value* sums) const noexcept;

 private:
  struct Node {
    Key key;
    std::uint16_t cell;   // first of its slot
    std::uint16_t right;  // from the tree's root; the left one stands before it
  };
  struct Root {
    std::uint32_t node;
    std::uint32_t depth;
  };
  struct Way {
    std::uint32_t input;
    Missing missing;

    friend bool operator==(const Way&, const Way&) = default;
  };
  static constexpr std::uint32_t unrolled_depth_max = 8;

  [[nodiscard]] Result<void> append(const Tree& tree, std::size_t inputs);
  void place(const Tree& tree, std::vector<Node>& out);
  [[nodiscard]] std::uint16_t cell_of(const Way& way);
  void fill(const double* inputs, Lanes lanes, Key* cells) const noexcept;
  static std::uint32_t next(const Node& node, const Key* cells) noexcept { return std::uint32_t{node.right} - std::uint32_t{cells[node.cell] < node.key}; }
  template <std::uint32_t depth>
  void add_tree(const Node* root, const Key* cells, Lanes lanes, Value* sums) const noexcept;
  void add_deep_tree(const Root& root, const Key* cells, Lanes lanes, Value* sums) const noexcept;
  template <std::uint32_t depth>
  void add_one(const Key* cells, Value& sum) const noexcept;
  [[nodiscard]] bool add_single(const Key* cells, Value& sum) const noexcept;

  std::vector<Node> nodes_;
  std::vector<Root> roots_;
  std::vector<Way> ways_;  // slot i + 1
  std::uint32_t depth_ = 0;
  std::optional<BatchForest<Value>> batch_;  // for tiles with many lanes
};

extern template class Forest<float>;
extern template class Forest<double>;

}  // namespace pawl::model
