// What each input contributed to the sum of a forest, along the ways that its trees took: where a node splits, the input that it compares gets the
// difference between the mean of the node gone to and the mean of the node itself (Saabas; XGBoost's `approx_contribs`). A node's mean is that of
// the leaves below it, each weighted with what the trainer saw there (its cover: XGBoost's sum of hessians, LightGBM's count).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "pawl/core/model/tree.hpp"

namespace pawl::model {

// Immutable; any thread.
class Contributions {
 public:
  // Null: some node's cover is not known, so there are no means. REQUIRES: trees that check() took; `floats`: inputs and thresholds are compared as floats.
  [[nodiscard]] static std::shared_ptr<const Contributions> make(std::span<const Tree> trees, bool floats);

  // sums[i] += what input i contributed; in the order of trees, in doubles. `inputs`: one each, NaN: missing. No allocation.
  void add(const double* inputs, double* sums) const noexcept;

 private:
  struct Node {
    double threshold = 0;
    double mean = 0;             // of a leaf: what it adds
    std::uint32_t left = 0, right = 0;  // places in nodes_; a leaf has none
    std::uint32_t input = 0;
    Missing missing = Missing::right;
  };

  bool append(const Tree& tree);
  [[nodiscard]] bool goes_left(const Node& node, double input) const noexcept;

  bool floats_ = false;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> roots_;
};

}  // namespace pawl::model
