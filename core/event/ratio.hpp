// Exact fractions: compared by cross-multiplication, added and multiplied without rounding. The value decides, never the way it is
// written: 1/2 and 2/4 compare equal, and an operation overflows exactly when its reduced result does not fit.
#pragma once

#include <compare>
#include <optional>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/event/wide.hpp"

namespace pawl {

// Need not be reduced. REQUIRES (of every function below): denominator > 0.
struct Fraction {
  Int128 numerator = 0;
  Int128 denominator = 1;
};

[[nodiscard]] constexpr Uint128 magnitude(Int128 value) noexcept {
  return value < 0 ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value);
}

// a / b against c / d, for the data path: two 128-bit products. REQUIRES: b > 0, d > 0.
[[nodiscard]] constexpr std::strong_ordering compare_ratios(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) noexcept {
  return static_cast<Int128>(a) * d <=> static_cast<Int128>(c) * b;
}

[[nodiscard]] constexpr bool fits_64(Int128 value) noexcept { return static_cast<std::int64_t>(value) == value; }

[[nodiscard]] constexpr std::strong_ordering compare(const Fraction& a, const Fraction& b) noexcept {
  if (fits_64(a.numerator) && fits_64(b.numerator) && fits_64(a.denominator) && fits_64(b.denominator))
    return a.numerator * b.denominator <=> b.numerator * a.denominator;
  const bool a_negative = a.numerator < 0;
  const bool b_negative = b.numerator < 0;
  if (a_negative != b_negative) return a_negative ? std::strong_ordering::less : std::strong_ordering::greater;
  const Uint256 left = multiply_wide(magnitude(a.numerator), static_cast<Uint128>(b.denominator));
  const Uint256 right = multiply_wide(magnitude(b.numerator), static_cast<Uint128>(a.denominator));
  if (left == right) return std::strong_ordering::equal;
  return (left < right) != a_negative ? std::strong_ordering::less : std::strong_ordering::greater;
}

// Lowest terms.
[[nodiscard]] Fraction reduced(const Fraction& fraction) noexcept;

// nullopt: the reduced result does not fit in 128-bit numerator and denominator; divide: also for a zero divisor.
[[nodiscard]] std::optional<Fraction> add(const Fraction& a, const Fraction& b) noexcept;
[[nodiscard]] std::optional<Fraction> subtract(const Fraction& a, const Fraction& b) noexcept;
[[nodiscard]] std::optional<Fraction> multiply(const Fraction& a, const Fraction& b) noexcept;
[[nodiscard]] std::optional<Fraction> divide(const Fraction& a, const Fraction& b) noexcept;

// fraction / 10^scale as a whole number: the greatest that is not above it, or the nearest, a half away from zero. REQUIRES: scale <= 18.
[[nodiscard]] Int128 floor_of(const Fraction& fraction, unsigned scale = 0) noexcept;
[[nodiscard]] Int128 round_of(const Fraction& fraction, unsigned scale = 0) noexcept;

// fraction / 10^scale, rounded once, to the nearest double, ties to even. REQUIRES: scale <= 18.
[[nodiscard]] double nearest_double(const Fraction& fraction, unsigned scale = 0) noexcept;

}  // namespace pawl
