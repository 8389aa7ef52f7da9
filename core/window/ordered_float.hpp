// Doubles as whole numbers of the same order, so that what compares or keeps numbers does so with doubles.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace pawl::window {

// From bits to number and from number to bits: it is its own inverse.
[[nodiscard]] constexpr std::int64_t ordered_float(std::int64_t bits) noexcept { return bits < 0 ? bits ^ std::numeric_limits<std::int64_t>::max() : bits; }

[[nodiscard]] constexpr double float_of_ordered(std::int64_t number) noexcept { return std::bit_cast<double>(ordered_float(number)); }

// Neither infinite nor no number.
[[nodiscard]] constexpr bool is_finite_float(std::int64_t bits) noexcept {
  constexpr std::int64_t exponent = std::int64_t{0x7FF} << 52;
  return (bits & exponent) != exponent;
}

// The two zeros are one value.
inline constexpr std::int64_t negative_zero = std::numeric_limits<std::int64_t>::min();

}  // namespace pawl::window
