// Standard deviations: exact sums in whole numbers, rounded once at the end, so that no compiler and no order of events can change a bit.
#pragma once

#include <array>
#include <cstdint>

#include "pawl/core/base/types.hpp"

namespace pawl::window {

// Of values and of their squares, modulo 2^128 and 2^192: exact for 2^64 values.
struct Moments {
  std::array<std::uint64_t, 2> sum{};
  std::array<std::uint64_t, 3> squares{};  // least significant first

  void add(std::int64_t value) noexcept;
  void add(const Moments& other) noexcept;
  [[nodiscard]] Moments operator-(const Moments& other) const noexcept;
};
static_assert(sizeof(Moments) == 40, "stands in records as it is");

// The sample's standard deviation of `count` values of units 10^-scale: the double nearest to it, ties to even. REQUIRES: count >= 2, scale <= 18.
[[nodiscard]] double deviation(std::uint64_t count, const Moments& moments, unsigned scale) noexcept;

}  // namespace pawl::window
