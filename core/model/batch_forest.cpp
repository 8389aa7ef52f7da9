#include "pawl/core/model/batch_forest.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include "pawl/core/model/ordered.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pawl::model {
namespace {

constexpr std::size_t tile = limits::tile_events;
constexpr std::int8_t lowest_rank = -128, highest_rank = 127;

constexpr bool takes_zero_for_missing(Missing missing) noexcept { return missing == Missing::zero_left || missing == Missing::zero_right; }

// Of a number, with one zero.
template <class Key, class Value>
constexpr Key signed_key(Value value) noexcept {
  return static_cast<Key>(key_of(value + Value{0}) ^ (Ordered<Value>{1} << (sizeof(Value) * 8 - 1)));
}

bool has_instructions() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
#else
  return false;
#endif
}

}  // namespace

// --- set-up ---

template <class Value>
struct BatchForest<Value>::Maker {
  using Thresholds = std::vector<Key>;  // in order, each once
  std::map<std::uint32_t, Thresholds> thresholds;
  std::map<std::uint32_t, std::vector<Missing>> missings;
  BatchForest made;
  std::map<std::pair<std::uint32_t, Missing>, std::uint32_t> first_columns;

  static Key key(const TreeNode& node) noexcept { return signed_key<Key>(static_cast<Value>(node.value)); }

  void gather(const Tree& tree, std::size_t at) {
    const TreeNode& node = tree[at];
    if (node.is_leaf) return;
    thresholds[node.input].push_back(key(node));
    auto& known = missings[node.input];
    if (std::find(known.begin(), known.end(), node.missing) == known.end()) known.push_back(node.missing);
    gather(tree, static_cast<std::size_t>(node.left));
    gather(tree, static_cast<std::size_t>(node.right));
  }

  static constexpr std::size_t thresholds_max = std::numeric_limits<std::uint16_t>::max();  // of an input: a rank is as many as all of them

  // False: too many thresholds or columns.
  [[nodiscard]] bool place_searches() {
    for (auto& [input, keys] : thresholds) {
      std::sort(keys.begin(), keys.end());
      keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
      Search search{.input = input, .way = static_cast<std::uint32_t>(made.ways_.size())};
      if (!place_levels(keys, search)) return false;
      for (const Missing missing : missings[input]) {
        first_columns[{input, missing}] = static_cast<std::uint32_t>(made.ways_.size());
        for (std::size_t first = 0; first < keys.size(); first += ranks_per_column) made.ways_.push_back(way(keys, first, missing));
        search.has_zero_as_missing |= takes_zero_for_missing(missing);
      }
      search.ways = static_cast<std::uint32_t>(made.ways_.size()) - search.way;
      made.searches_.push_back(search);
    }
    return made.ways_.size() <= std::numeric_limits<std::uint16_t>::max();
  }

  [[nodiscard]] bool place_levels(const Thresholds& keys, Search& search) {
    std::vector<Thresholds> levels{keys};
    while (levels.back().size() > fan_out) {
      Thresholds above;
      for (std::size_t i = 0; i < levels.back().size(); i += fan_out) above.push_back(levels.back()[i]);
      levels.push_back(std::move(above));
    }
    if (keys.size() > thresholds_max) return false;
    search.first_level = static_cast<std::uint32_t>(levels.back().size());
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
      search.at[search.levels++] = static_cast<std::uint32_t>(made.keys_.size());
      made.keys_.insert(made.keys_.end(), level->begin(), level->end());
      made.keys_.resize((made.keys_.size() + fan_out - 1) / fan_out * fan_out, std::numeric_limits<Key>::max());  // above any value
    }
    return true;
  }

  static Way way(const Thresholds& keys, std::size_t first, Missing missing) {
    Way made{.first = static_cast<std::uint32_t>(first), .zero_is_missing = takes_zero_for_missing(missing), .missing = lowest_rank};
    if (missing == Missing::right || missing == Missing::zero_right) made.missing = highest_rank;
    if (missing == Missing::is_zero) {
      const auto rank = std::upper_bound(keys.begin(), keys.end(), signed_key<Key>(Value{0})) - keys.begin();
      made.missing = static_cast<std::int8_t>(std::clamp<std::ptrdiff_t>(rank - static_cast<std::ptrdiff_t>(first), 0, ranks_per_column) + lowest_rank);
    }
    return made;
  }

  // The subtree of `from` to place `at` of its level and below, filled up to `levels` more.
  void place(const Tree& tree, const TreeNode& from, const Root& root, std::size_t level, std::size_t at) {
    if (level == root.depth) {
      made.leaves_[root.leaf + at] = static_cast<Value>(from.value);
      return;
    }
    Node& node = made.nodes_[root.node + (std::size_t{1} << level) - 1 + at];
    node = {highest_rank, 0};
    if (!from.is_leaf) {
      const Thresholds& keys = thresholds[from.input];
      const auto rank = static_cast<std::size_t>(std::lower_bound(keys.begin(), keys.end(), key(from)) - keys.begin());
      node.rank = static_cast<std::int8_t>(static_cast<int>(rank % ranks_per_column) + lowest_rank);
      node.column = static_cast<std::uint16_t>(first_columns[{from.input, from.missing}] + rank / ranks_per_column);
    }
    place(tree, from.is_leaf ? from : tree[static_cast<std::size_t>(from.left)], root, level + 1, 2 * at);
    place(tree, from.is_leaf ? from : tree[static_cast<std::size_t>(from.right)], root, level + 1, 2 * at + 1);
  }
};

template <class Value>
std::optional<BatchForest<Value>> BatchForest<Value>::make(std::span<const Tree> trees) {
  if (!has_instructions()) return std::nullopt;
  std::vector<std::size_t> depths;
  for (const Tree& tree : trees) {
    const auto depth = check(tree, model_inputs_max);
    if (!depth.ok() || *depth > depth_max) return std::nullopt;
    depths.push_back(*depth);
  }
  Maker maker;
  for (const Tree& tree : trees) maker.gather(tree, 0);
  if (!maker.place_searches()) return std::nullopt;
  BatchForest& made = maker.made;
  for (std::size_t i = 0; i < trees.size(); ++i) {
    const Root root{static_cast<std::uint32_t>(made.nodes_.size()), static_cast<std::uint32_t>(made.leaves_.size()), static_cast<std::uint32_t>(depths[i])};
    made.nodes_.resize(made.nodes_.size() + (std::size_t{1} << depths[i]) - 1);
    made.leaves_.resize(made.leaves_.size() + (std::size_t{1} << depths[i]));
    maker.place(trees[i], trees[i][0], root, 0, 0);
    made.roots_.push_back(root);
    made.depth_ = std::max(made.depth_, depths[i]);
  }
  made.keys_.shrink_to_fit();  // so that AddressSanitizer sees a read behind them
  return std::move(maker.made);
}

// --- the data path ---

#if defined(__x86_64__)
#define PAWL_AVX2 __attribute__((target("avx2,popcnt")))

namespace {

// How many of 16 are not above it.
PAWL_AVX2 inline unsigned count_up_to(const std::int32_t* keys, std::int32_t key) noexcept {
  const __m256i all = _mm256_set1_epi32(key);
  const __m256i low = _mm256_cmpgt_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys)), all);
  const __m256i high = _mm256_cmpgt_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys + 8)), all);
  const auto bytes = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_packs_epi32(low, high)));
  return 16U - static_cast<unsigned>(_mm_popcnt_u32(bytes)) / 2;
}

PAWL_AVX2 inline unsigned count_up_to(const std::int64_t* keys, std::int64_t key) noexcept {
  const __m256i all = _mm256_set1_epi64x(key);
  unsigned above = 0;
  for (std::size_t i = 0; i < 16; i += 4) {
    const __m256i mask = _mm256_cmpgt_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys + i)), all);
    above |= static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(mask))) << i;
  }
  return 16U - static_cast<unsigned>(_mm_popcnt_u32(above));
}

// Byte i: all ones if bit i of 32.
PAWL_AVX2 inline __m256i bytes_of(Lanes lanes, unsigned half) noexcept {
  const __m256i byte_of_lane = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i bit_of_lane = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201U));
  const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(static_cast<std::uint32_t>(lanes >> (32 * half)))), byte_of_lane);
  return _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit_of_lane), bit_of_lane);
}

struct Places {
  Lanes no_number = 0;  // where nothing is there
  Lanes no_more_than_zero = 0;
};

PAWL_AVX2 inline Places places_of(const double* values, bool with_zeros) noexcept {
  Places places;
  const __m256d zero = _mm256_set1_pd(as_good_as_zero), sign = _mm256_set1_pd(-0.0);
  for (std::size_t i = 0; i < tile; i += 4) {
    const __m256d value = _mm256_loadu_pd(values + i);
    places.no_number |= static_cast<Lanes>(_mm256_movemask_pd(_mm256_cmp_pd(value, value, _CMP_UNORD_Q))) << i;
    if (with_zeros) places.no_more_than_zero |= static_cast<Lanes>(_mm256_movemask_pd(_mm256_cmp_pd(_mm256_andnot_pd(sign, value), zero, _CMP_LE_OQ))) << i;
  }
  return places;
}

// clamp(rank - first, 0, 255) - 128 of 32 lanes, `missing` where `is_missing`.
PAWL_AVX2 inline __m256i ranks_from(const std::uint16_t* ranks, unsigned first, std::int8_t missing, __m256i is_missing) noexcept {
  const __m256i begin = _mm256_set1_epi16(static_cast<short>(first)), last = _mm256_set1_epi16(255);
  const __m256i low = _mm256_subs_epu16(_mm256_load_si256(reinterpret_cast<const __m256i*>(ranks)), begin);
  const __m256i high = _mm256_subs_epu16(_mm256_load_si256(reinterpret_cast<const __m256i*>(ranks + 16)), begin);
  const __m256i packed = _mm256_packus_epi16(_mm256_min_epu16(low, last), _mm256_min_epu16(high, last));
  const __m256i in_order = _mm256_permute4x64_epi64(packed, 0xD8);
  return _mm256_blendv_epi8(_mm256_xor_si256(in_order, _mm256_set1_epi8(-128)), _mm256_set1_epi8(missing), is_missing);
}

// Of 32 lanes: what `left` levels of bits select out of the comparisons of 2^left nodes.
template <unsigned left, class Node, class Column>
[[gnu::always_inline]] PAWL_AVX2 inline __m256i select(const Node* nodes, const Column* columns, unsigned half, const __m256i* bits) noexcept {
  if constexpr (left == 0) {
    const auto* const ranks = reinterpret_cast<const __m256i*>(columns[nodes->column].ranks.data()) + half;
    return _mm256_cmpgt_epi8(_mm256_load_si256(ranks), _mm256_set1_epi8(nodes->rank));
  } else {
    const __m256i to_left = select<left - 1>(nodes, columns, half, bits + 1);
    const __m256i to_right = select<left - 1>(nodes + (std::size_t{1} << (left - 1)), columns, half, bits + 1);
    return _mm256_blendv_epi8(to_left, to_right, bits[0]);
  }
}

template <unsigned level, unsigned depth, class Node, class Column>
[[gnu::always_inline]] PAWL_AVX2 inline __m256i add_levels(const Node* nodes, const Column* columns, unsigned half, __m256i* bits, __m256i leaves) noexcept {
  if constexpr (level == depth) {
    return leaves;
  } else {
    bits[level] = select<level>(nodes, columns, half, bits);
    const __m256i place = _mm256_and_si256(bits[level], _mm256_set1_epi8(static_cast<char>(1U << (depth - 1 - level))));
    return add_levels<level + 1, depth>(nodes + (std::size_t{1} << level), columns, half, bits, _mm256_or_si256(leaves, place));
  }
}

template <unsigned depth, class Node, class Column>
PAWL_AVX2 void find_leaves_of(const Node* nodes, const Column* columns, std::uint8_t* leaves) noexcept {
  for (unsigned half = 0; half < 2; ++half) {
    __m256i bits[depth + 1];
    const __m256i found = add_levels<0, depth>(nodes, columns, half, bits, _mm256_setzero_si256());
    _mm256_store_si256(reinterpret_cast<__m256i*>(leaves) + half, found);
  }
}

// ranks[lane] = how many thresholds are not above `sought`. The first level by vectors of lanes, and then level by level, so that no lane waits
// for another.
template <std::size_t fan_out, class Search, class Key>
PAWL_AVX2 inline void find_ranks(const Search& search, const Key* keys, const Key* sought, Key* ranks) noexcept {
  using Vector [[gnu::vector_size(32)]] = Key;
  constexpr std::size_t width = 32 / sizeof(Key);
  const Key* const first = keys + search.at[0];
  for (std::size_t lane = 0; lane < tile; lane += width) {
    Vector of_lanes, rank = Vector{} + static_cast<Key>(search.first_level);
    std::memcpy(&of_lanes, sought + lane, sizeof of_lanes);
    for (std::uint32_t i = 0; i < search.first_level; ++i) rank += (Vector{} + first[i]) > of_lanes;  // true is -1
    std::memcpy(ranks + lane, &rank, sizeof rank);
  }
  for (std::uint32_t level = 1; level < search.levels; ++level) {
    const Key* const at = keys + search.at[level];
    for (std::size_t lane = 0; lane < tile; ++lane) {
      const auto above = static_cast<std::size_t>(ranks[lane]);
      const std::size_t block = (above - (above > 0 ? 1 : 0)) * fan_out;
      ranks[lane] = static_cast<Key>(block + count_up_to(at + block, sought[lane]));
    }
  }
}

// All columns of an input.
template <class Value, std::size_t fan_out, class Search, class Way, class Key, class Column>
PAWL_AVX2 void fill_columns(const Search& search, const Way* ways, const Key* keys, const double* values, Column* columns) noexcept {
  alignas(64) Key sought[tile];
  alignas(64) Key found[tile];
  alignas(64) std::uint16_t ranks[tile];
  // A NaN of all ones has the key of what levels are filled up with, and would be looked for behind their end.
  constexpr Key highest = std::numeric_limits<Key>::max() - 1;
  for (std::size_t lane = 0; lane < tile; ++lane) sought[lane] = std::min(signed_key<Key>(static_cast<Value>(values[lane])), highest);
  find_ranks<fan_out>(search, keys, sought, found);
  for (std::size_t lane = 0; lane < tile; ++lane) ranks[lane] = static_cast<std::uint16_t>(found[lane]);
  const Places places = places_of(values, search.has_zero_as_missing);
  for (std::size_t i = search.way; i < search.way + search.ways; ++i) {
    const Way& way = ways[i];
    const Lanes missing = places.no_number | (way.zero_is_missing ? places.no_more_than_zero : 0);
    for (unsigned half = 0; half < 2; ++half) {
      const __m256i filled = ranks_from(ranks + 32 * half, way.first, way.missing, bytes_of(missing, half));
      _mm256_store_si256(reinterpret_cast<__m256i*>(columns[i].ranks.data()) + half, filled);
    }
  }
}

template <class Root, class Node, class Column>
void find_leaves(const Root& root, const Node* nodes, const Column* columns, std::uint8_t* leaves) noexcept {
  switch (root.depth) {
    case 0: return find_leaves_of<0>(nodes, columns, leaves);
    case 1: return find_leaves_of<1>(nodes, columns, leaves);
    case 2: return find_leaves_of<2>(nodes, columns, leaves);
    case 3: return find_leaves_of<3>(nodes, columns, leaves);
    case 4: return find_leaves_of<4>(nodes, columns, leaves);
    case 5: return find_leaves_of<5>(nodes, columns, leaves);
    case 6: return find_leaves_of<6>(nodes, columns, leaves);
    case 7: return find_leaves_of<7>(nodes, columns, leaves);
    default: return find_leaves_of<8>(nodes, columns, leaves);
  }
}

}  // namespace

template <class Value>
void BatchForest<Value>::add(const double* inputs, Column* columns, Value* sums) const noexcept {
  for (const Search& search : searches_) fill_columns<Value, fan_out>(search, ways_.data(), keys_.data(), inputs + search.input * tile, columns);
  alignas(64) std::array<std::array<std::uint8_t, tile>, abreast> found;
  std::size_t tree = 0;
  for (; tree + abreast <= roots_.size(); tree += abreast) {
    std::array<const Value*, abreast> leaves;
    for (std::size_t i = 0; i < abreast; ++i) {
      find_leaves(roots_[tree + i], nodes_.data() + roots_[tree + i].node, columns, found[i].data());
      leaves[i] = leaves_.data() + roots_[tree + i].leaf;
    }
    for (std::size_t lane = 0; lane < tile; ++lane) {
      Value sum = sums[lane];
      for (std::size_t i = 0; i < abreast; ++i) sum += leaves[i][found[i][lane]];
      sums[lane] = sum;
    }
  }
  for (; tree < roots_.size(); ++tree) {
    find_leaves(roots_[tree], nodes_.data() + roots_[tree].node, columns, found[0].data());
    for (std::size_t lane = 0; lane < tile; ++lane) sums[lane] += leaves_[roots_[tree].leaf + found[0][lane]];
  }
}
#else
template <class Value>
void BatchForest<Value>::add(const double*, Column*, Value*) const noexcept {}
#endif

template class BatchForest<float>;
template class BatchForest<double>;

}  // namespace pawl::model
