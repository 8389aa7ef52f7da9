// Whole tiles against walks: random trees of every shape, values at, beside and far from thresholds, everything that can be missing.
#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "pawl/core/model/forest.hpp"

using namespace pawl;
using namespace pawl::model;

namespace {

constexpr std::size_t tile = limits::tile_events;

struct Shape {
  std::uint64_t seed = 1;
  std::size_t inputs = 5, trees = 30, depth_max = 6;
  unsigned leaf_percent = 15;  // of nodes above the last level
  int thresholds = 40;         // that an input may have
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return random_() % bound; }

  // One of 2 * n + 1, both signs and zero, of several magnitudes.
  template <class Value>
  Value value(int n) {
    const auto step = static_cast<Value>(static_cast<int>(below(static_cast<std::size_t>(2 * n + 1))) - n);
    const std::array<Value, 3> scales{Value{1}, static_cast<Value>(1e-3), static_cast<Value>(7919.37)};
    return step * scales[below(3)];
  }

 private:
  std::mt19937_64 random_;
};

template <class Value>
std::int64_t grow(Tree& tree, Random& random, const Shape& shape, std::size_t depth) {
  const auto at = static_cast<std::int64_t>(tree.size());
  tree.emplace_back();
  if (depth == shape.depth_max || random.below(100) < shape.leaf_percent) {
    tree.back().value = static_cast<double>(random.value<Value>(1000) / Value{7});
    return at;
  }
  TreeNode node{.is_leaf = false, .value = static_cast<double>(random.value<Value>(shape.thresholds)), .input = static_cast<std::uint32_t>(random.below(shape.inputs)),
                .missing = static_cast<Missing>(random.below(5))};
  node.left = grow<Value>(tree, random, shape, depth + 1);
  node.right = grow<Value>(tree, random, shape, depth + 1);
  tree[static_cast<std::size_t>(at)] = node;
  return at;
}

template <class Value>
std::vector<Tree> trees_of(const Shape& shape) {
  Random random(shape.seed);
  std::vector<Tree> trees(shape.trees);
  for (Tree& tree : trees) grow<Value>(tree, random, shape, 0);
  return trees;
}

template <class Value>
std::vector<double> inputs_of(const Shape& shape, Random& random) {
  std::vector<double> inputs(shape.inputs * tile);
  constexpr double endless = std::numeric_limits<double>::infinity();
  const std::array<double, 9> edges{std::numeric_limits<double>::quiet_NaN(), std::bit_cast<double>(INT64_MAX), 0.0, -0.0, 1e-36, -1e-34, endless, -endless, 1e30};
  for (double& input : inputs) {
    const std::size_t kind = random.below(10);
    const auto value = random.value<Value>(shape.thresholds);
    if (kind < 3) input = edges[random.below(edges.size())];
    else if (kind < 5) input = static_cast<double>(std::nextafter(value, kind == 3 ? std::numeric_limits<Value>::max() : std::numeric_limits<Value>::lowest()));
    else input = static_cast<double>(value);
  }
  return inputs;
}

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

template <class Value>
void check_like_a_walk(const Shape& shape) {
  CAPTURE(shape.seed);
  const std::vector<Tree> trees = trees_of<Value>(shape);
  const auto forest = Forest<Value>::make(trees, shape.inputs);
  REQUIRE(forest.ok());
  const auto batch = BatchForest<Value>::make(trees);
  REQUIRE(batch.has_value() == has_avx2());
  if (!batch) return;
  auto cells = forest->cells();
  std::vector<typename BatchForest<Value>::Column> columns(batch->columns());
  Random random(shape.seed + 1000);
  std::size_t different = 0;
  for (int round = 0; round < 40; ++round) {
    const std::vector<double> inputs = inputs_of<Value>(shape, random);
    std::array<Value, tile> walked, together;
    walked.fill(static_cast<Value>(0.3));
    together.fill(static_cast<Value>(0.3));
    forest->walk(inputs.data(), rules::all_lanes, cells, walked.data());
    batch->add(inputs.data(), columns.data(), together.data());
    for (std::size_t lane = 0; lane < tile; ++lane) different += std::bit_cast<Ordered<Value>>(walked[lane]) != std::bit_cast<Ordered<Value>>(together[lane]) ? 1U : 0U;
  }
  CHECK(different == 0);
}

}  // namespace

TEST_CASE_TEMPLATE("a tile at once comes to what its lanes' walks come to, to the last bit", Value, float, double) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (std::size_t depth = 0; depth <= BatchForest<Value>::depth_max; ++depth) check_like_a_walk<Value>({.seed = seed * 10 + depth, .trees = 7 + depth, .depth_max = depth});
  }
  check_like_a_walk<Value>({.seed = 100, .inputs = 1, .trees = 60, .depth_max = 8, .leaf_percent = 0, .thresholds = 3000});  // many columns of one input
  check_like_a_walk<Value>({.seed = 101, .inputs = 1, .trees = 5, .thresholds = 2});
  check_like_a_walk<Value>({.seed = 102, .inputs = 70, .trees = 101, .leaf_percent = 40});
}

TEST_CASE_TEMPLATE("lanes of a forest, few and many, are summed alike", Value, float, double) {
  const Shape shape{.seed = 7, .trees = 25};
  const auto forest = Forest<Value>::make(trees_of<Value>(shape), shape.inputs);
  REQUIRE(forest.ok());
  auto cells = forest->cells();
  Random random(8);
  for (const Lanes lanes : {Lanes{1} << 63, Lanes{0xFFFF} << 20, Lanes{0x5555'5555'5555'5555}, rules::all_lanes, Lanes{0x7FFF}}) {
    const std::vector<double> inputs = inputs_of<Value>(shape, random);
    std::array<Value, tile> walked{}, added{};
    forest->walk(inputs.data(), lanes, cells, walked.data());
    forest->add(inputs.data(), lanes, cells, added.data());
    rules::each_lane(lanes, [&](std::size_t lane) { CHECK(std::bit_cast<Ordered<Value>>(walked[lane]) == std::bit_cast<Ordered<Value>>(added[lane])); });
  }
}

// One input, and each whole number below `count` a threshold of one tree.
TEST_CASE("as many thresholds as ranks can be, and one more") {
  for (const std::size_t count : {std::size_t{65'535}, std::size_t{65'536}}) {
    std::vector<Tree> trees;
    for (std::size_t first = 0; first < count; first += 255) {  // complete trees of 8 levels
      Tree tree;
      const auto split = [&](auto&& self, std::size_t from, std::size_t to) -> std::int64_t {
        const auto at = static_cast<std::int64_t>(tree.size());
        tree.emplace_back();
        if (from == to) {
          tree.back().value = static_cast<double>(from - first);
          return at;
        }
        const std::size_t middle = from + (to - from) / 2;
        TreeNode node{.is_leaf = false, .value = static_cast<double>(middle)};
        node.left = self(self, from, middle);
        node.right = self(self, middle + 1, to);
        tree[static_cast<std::size_t>(at)] = node;
        return at;
      };
      split(split, first, std::min(first + 255, count));
      trees.push_back(std::move(tree));
    }
    const auto batch = BatchForest<double>::make(trees);
    CHECK(batch.has_value() == (has_avx2() && count == 65'535));
    const auto forest = Forest<double>::make(trees, 1);
    REQUIRE(forest.ok());
    auto cells = forest->cells();
    std::vector<double> inputs(tile);
    for (std::size_t lane = 0; lane < tile; ++lane) inputs[lane] = static_cast<double>(lane < 3 ? count - 2 + lane : lane * 1031);
    std::array<double, tile> walked{}, added{};
    forest->walk(inputs.data(), rules::all_lanes, cells, walked.data());
    forest->add(inputs.data(), rules::all_lanes, cells, added.data());
    CHECK(walked == added);
    CHECK(added[2] == static_cast<double>(count));  // above all
  }
}

TEST_CASE("trees that are too deep are left to walks") {
  const std::vector<Tree> deep = trees_of<float>({.trees = 1, .depth_max = 9, .leaf_percent = 0});
  CHECK_FALSE(BatchForest<float>::make(deep).has_value());
  CHECK(Forest<float>::make(deep, 5).ok());
}
