#include "pawl/core/window/decay.hpp"

#include <array>
#include <bit>

#include "pawl/core/event/wide.hpp"

namespace pawl::window {
namespace {

// Fractions of 1 in 128 bits, and numbers below 2 in 128 bits.
constexpr Uint128 one = Uint128{1} << 127;
constexpr Uint128 ln2 = Uint128{0xB17217F7D1CF79AB} << 64 | 0xC9E3B39803F2F6AF;  // as a fraction

constexpr Uint128 times(Uint128 number, Uint128 fraction) noexcept { return multiply_wide(number, fraction).high; }

// 2^w = sum of (w ln 2)^k / k!. Beyond these terms nothing is left for w < 1/16.
constexpr std::size_t terms = 20;
constexpr std::array<Uint128, terms> coefficients = [] {
  std::array<Uint128, terms> made{one};
  for (std::size_t k = 1; k < terms; ++k) made[k] = times(made[k - 1], ln2) / k;
  return made;
}();

constexpr Uint128 power_of_two(Uint128 w) noexcept {
  Uint128 sum = coefficients[terms - 1];
  for (std::size_t k = terms - 1; k-- > 0;) sum = coefficients[k] + times(sum, w);
  return sum;
}

// 2^(i / 16), each the product of the one before and 2^(1 / 16).
constexpr std::size_t steps = 16;
constexpr unsigned step_bits = 4;
constexpr std::array<Uint128, steps> step_powers = [] {
  std::array<Uint128, steps> made{one};
  const Uint128 step = power_of_two(Uint128{1} << (128 - step_bits));
  for (std::size_t i = 1; i < steps; ++i) made[i] = multiply_wide(made[i - 1], step).high << 1;
  return made;
}();

// remainder / divisor as a fraction, rounded down. REQUIRES: remainder < divisor < 2^63.
Uint128 fraction_of(std::uint64_t remainder, std::uint64_t divisor) noexcept {
  const Uint128 first = static_cast<Uint128>(remainder) << 64;
  const Uint128 second = (first % divisor) << 64;
  return (first / divisor) << 64 | (second / divisor);
}

// A number of [1, 2) times 2^exponent, rounded to the nearest double. No tie can come: powers of two with broken exponents are irrational.
double rounded(Uint128 number, int exponent) noexcept {
  constexpr unsigned dropped = 128 - 53;
  const auto kept = static_cast<std::uint64_t>(number >> dropped);
  const auto up = static_cast<std::uint64_t>(number >> (dropped - 1)) & 1;
  const auto bits = static_cast<std::uint64_t>(1023 + exponent) << 52;
  return std::bit_cast<double>(bits + (kept - (std::uint64_t{1} << 52)) + up);
}

constexpr std::array<double, 19> powers_of_ten{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};  // all are doubles

}  // namespace

// The error of the number below stays under 2^-120, so it is rounded rightly unless 66 bits behind the last one kept are all alike.
double decay_factor(std::uint64_t elapsed, Duration half_life) noexcept {
  constexpr std::uint64_t halvings_max = 1000;
  const auto divisor = static_cast<std::uint64_t>(half_life);
  const std::uint64_t halvings = elapsed / divisor, rest = elapsed % divisor;
  if (halvings >= halvings_max) return 0;
  if (rest == 0) return rounded(one, -static_cast<int>(halvings));
  const Uint128 left = Uint128{0} - fraction_of(rest, divisor);  // 1 - rest / divisor: 2^-(rest / divisor) is half of 2^left
  const auto step = static_cast<std::size_t>(left >> (128 - step_bits));
  const Uint128 number = multiply_wide(step_powers[step], power_of_two(left << step_bits >> step_bits)).high << 1;
  return rounded(number, -static_cast<int>(halvings) - 1);
}

double Decayed::mean(unsigned scale) const noexcept { return sum / weight / powers_of_ten[scale]; }

}  // namespace pawl::window
