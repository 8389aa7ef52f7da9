// e^x, the natural logarithm and the logistic function in plain arithmetic, so that they give the same bits with every compiler and on
// every processor; libm's differ. Off the true value by less than two, three and four units of the last place, in this order.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace pawl::model {

inline constexpr double ln_2_high = 0x1.62e42fee00000p-1;   // its product with a whole number of 11 bits is exact
inline constexpr double ln_2_low = 0x1.a39ef35793c76p-33;

inline constexpr std::array<double, 15> inverse_factorials = [] {
  std::array<double, 15> made{1};
  double factorial = 1;
  for (std::size_t n = 1; n < made.size(); ++n) {
    factorial *= static_cast<double>(n);
    made[n] = 1 / factorial;
  }
  return made;
}();

// 0 below -708, infinity above 709: results that are no normal doubles.
[[nodiscard]] constexpr double exponential(double x) noexcept {
  if (x != x) return x;
  if (x < -708) return 0;
  if (x > 709) return std::bit_cast<double>(std::uint64_t{0x7FF} << 52);
  const double scaled = x * 0x1.71547652b82fep+0;
  const auto power = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double rest = (x - static_cast<double>(power) * ln_2_high) - static_cast<double>(power) * ln_2_low;  // |rest| < 0.35
  double sum = 0;
  for (std::size_t n = inverse_factorials.size(); n-- > 0;) sum = sum * rest + inverse_factorials[n];
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(power + 1023) << 52);
}

// REQUIRES: x > 0, a normal double.
[[nodiscard]] constexpr double logarithm(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto power = static_cast<std::int64_t>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0xF'FFFF'FFFF'FFFF) | std::uint64_t{1023} << 52);
  if (mantissa > 0x1.6a09e667f3bcdp+0) {  // the root of 2
    mantissa /= 2;
    ++power;
  }
  const double s = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int n = 27; n >= 1; n -= 2) sum = sum * s * s + 1.0 / n;
  return static_cast<double>(power) * ln_2_high + (2 * s * sum + static_cast<double>(power) * ln_2_low);
}

// 1 / (1 + e^-x)
[[nodiscard]] constexpr double logistic(double x) noexcept {
  const double e = exponential(x < 0 ? x : -x);
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

}  // namespace pawl::model
