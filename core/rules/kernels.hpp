// Loops over the lanes of columns, in the widest form that the processor at hand has. Chosen once, at start.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pawl/core/rules/lanes.hpp"

namespace pawl::rules {

// The 64 cells of a column.
using Cells = const std::int64_t*;

// Fractions whose parts fit 64 bits, denominators > 0, column by column.
struct RatioCells {
  Cells numerators, denominators;
};

// A column in every width, saturated: what conditions.hpp compares. All 64 cells of it are used, whatever stands in lanes outside of a span.
struct alignas(64) NarrowCells {
  std::int16_t in16[limits::tile_events];
  std::int32_t in32[limits::tile_events];
  Cells in64;
  unsigned bits;  // every cell lies in -2^bits .. 2^bits - 1
};

// words[word] = lanes where a < b, or a = b; words[word + 1] = the others. a, b: indices of columns.
struct PairTask {
  std::uint32_t a, b;
  bool equal;
  std::uint32_t word;
};

// out = the sum of `count` of the columns that `terms` names, below 2^31 each on the way; compared with steps as Kernels::Steps does.
struct SumTask {
  const std::uint32_t* terms;
  std::size_t count;
  const std::int32_t* steps;
  std::size_t step_count;
  Lanes* words;
};
using Cells32 = std::int32_t[limits::tile_events];

// Every set computes the same. `lanes`: a span, never empty. Only lanes of it are written; cells of other lanes may be read, and what
// stands there does not matter.
struct Kernels {
  // Bit i: the comparison of cells i. Bits outside `lanes` are unspecified.
  using Compare = Lanes (*)(Cells a, Cells b, Lanes lanes) noexcept;
  using CompareRatios = Lanes (*)(RatioCells a, RatioCells b, Lanes lanes) noexcept;  // exact: by cross-multiplication
  // out = a op b in lanes of `valid`, else 0. Returns which of these lanes overflowed: they hold 0 too.
  using Add = Lanes (*)(Cells a, Cells b, std::int64_t* out, Lanes lanes, Lanes valid) noexcept;
  // out = a * b in lanes of `valid`, else `empty`. False: a product might not fit 64 bits, and nothing was written.
  using Multiply = bool (*)(Cells a, Cells b, std::int64_t* out, Lanes lanes, Lanes valid, std::int64_t empty) noexcept;
  // out = a in lanes of `take_a`, b in others, and `empty` outside `valid`.
  using Choose = void (*)(Cells a, Cells b, std::int64_t* out, Lanes lanes, Lanes take_a, Lanes valid, std::int64_t empty) noexcept;

  // words[2 i] = lanes of all 64 where cell >= steps[i], words[2 i + 1] = the others.
  template <class Cell>
  using Steps = void (*)(const Cell* cells, const Cell* steps, std::size_t count, Lanes* words) noexcept;
  using Narrow = void (*)(Cells cells, NarrowCells& out) noexcept;
  using Pairs = void (*)(const PairTask* tasks, std::size_t count, const NarrowCells* columns, Lanes* words) noexcept;
  using Scale = void (*)(const std::int32_t* cells, std::int32_t factor, std::int32_t* out) noexcept;  // REQUIRES: the products fit
  using Sums = void (*)(const SumTask* tasks, std::size_t count, const Cells32* columns) noexcept;
  // bits[i / 64], bit i % 64: words[i] != 0. Whole words of bits: as many as hold `count`.
  using NonZero = void (*)(const Lanes* words, std::size_t count, std::uint64_t* bits) noexcept;

  Compare equal, less, less_equal;
  CompareRatios ratio_equal, ratio_less, ratio_less_equal;
  Add add, subtract;
  Multiply multiply;
  Choose choose;
  Steps<std::int16_t> steps16;
  Steps<std::int32_t> steps32;
  Steps<std::int64_t> steps64;
  Narrow narrow;
  Pairs pairs;
  Scale scale;
  Sums sums;
  NonZero non_zero;
  const char* name;  // "avx512", "avx2", "portable": for reports
};

// What this processor runs best. Pure but for asking the processor.
[[nodiscard]] const Kernels& best_kernels() noexcept;

// Every set that this processor can run, the portable one first: for tests that hold them against each other.
[[nodiscard]] std::size_t available_kernels(const Kernels* (&sets)[3]) noexcept;

// Bit i: valid[i] != 0, for the 64 bytes of a tile's validity column.
[[nodiscard]] Lanes lanes_of_bytes(const std::uint8_t* valid) noexcept;

}  // namespace pawl::rules
