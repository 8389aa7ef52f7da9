// 256-bit unsigned integers: only what exact fractions need.
#pragma once

#include <bit>
#include <compare>

#include "pawl/core/base/types.hpp"

namespace pawl {

struct Uint256 {
  Uint128 high = 0;
  Uint128 low = 0;

  friend constexpr bool operator==(const Uint256&, const Uint256&) = default;
  friend constexpr bool operator<(const Uint256& a, const Uint256& b) { return a.high != b.high ? a.high < b.high : a.low < b.low; }
  [[nodiscard]] constexpr bool fits_128() const { return high == 0; }
};

[[nodiscard]] constexpr int bit_length(Uint128 value) noexcept {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return high != 0 ? 128 - std::countl_zero(high) : 64 - std::countl_zero(static_cast<std::uint64_t>(value));
}
[[nodiscard]] constexpr int bit_length(const Uint256& value) noexcept {
  return value.high != 0 ? 128 + bit_length(value.high) : bit_length(value.low);
}

[[nodiscard]] constexpr Uint256 multiply_wide(Uint128 a, Uint128 b) noexcept {
  constexpr Uint128 half = ~std::uint64_t{0};
  const Uint128 a0 = a & half, a1 = a >> 64, b0 = b & half, b1 = b >> 64;
  const Uint128 low = a0 * b0, left = a1 * b0, right = a0 * b1;
  const Uint128 middle = (low >> 64) + (left & half) + (right & half);
  return {a1 * b1 + (left >> 64) + (right >> 64) + (middle >> 64), middle << 64 | (low & half)};
}

// Both modulo 2^256.
[[nodiscard]] constexpr Uint256 add_wide(const Uint256& a, const Uint256& b) noexcept {
  const Uint128 low = a.low + b.low;
  return {a.high + b.high + (low < a.low ? 1U : 0U), low};
}
[[nodiscard]] constexpr Uint256 subtract_wide(const Uint256& a, const Uint256& b) noexcept {
  return {a.high - b.high - (a.low < b.low ? 1U : 0U), a.low - b.low};
}

[[nodiscard]] constexpr Uint256 shift_left(const Uint256& a, int bits) noexcept {
  if (bits == 0) return a;
  if (bits >= 128) return {a.low << (bits - 128), 0};
  return {a.high << bits | a.low >> (128 - bits), a.low << bits};
}

struct WideDivision {
  Uint256 quotient;
  Uint128 remainder = 0;
};

// Schoolbook, one bit a step: for the rare path. REQUIRES: 0 < divisor <= 2^127.
[[nodiscard]] constexpr WideDivision divide_wide(const Uint256& dividend, Uint128 divisor) noexcept {
  WideDivision result;
  for (int i = bit_length(dividend) - 1; i >= 0; --i) {
    const Uint128 bit = (i >= 128 ? dividend.high >> (i - 128) : dividend.low >> i) & 1U;
    result.remainder = result.remainder << 1 | bit;
    result.quotient = shift_left(result.quotient, 1);
    if (result.remainder < divisor) continue;
    result.remainder -= divisor;
    result.quotient.low |= 1U;
  }
  return result;
}

}  // namespace pawl
