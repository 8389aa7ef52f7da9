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

  Compare equal, less, less_equal;
  CompareRatios ratio_equal, ratio_less, ratio_less_equal;
  Add add, subtract;
  Multiply multiply;
  Choose choose;
  const char* name;  // "avx512", "avx2", "portable": for reports
};

// What this processor runs best. Pure but for asking the processor.
[[nodiscard]] const Kernels& best_kernels() noexcept;

// Every set that this processor can run, the portable one first: for tests that hold them against each other.
[[nodiscard]] std::size_t available_kernels(const Kernels* (&sets)[3]) noexcept;

// Bit i: valid[i] != 0, for the 64 bytes of a tile's validity column.
[[nodiscard]] Lanes lanes_of_bytes(const std::uint8_t* valid) noexcept;

}  // namespace pawl::rules
