#include "pawl/core/event/ratio.hpp"

#include <bit>
#include <cstdint>

#include "pawl/core/event/format.hpp"

namespace pawl {
namespace {

constexpr Uint128 numerator_max = ~Uint128{0} >> 1;

Uint128 greatest_common_divisor(Uint128 a, Uint128 b) noexcept {
  while (b != 0) {
    const Uint128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// A fraction in lowest terms as sign and magnitudes: it can be negated and turned over without overflow.
struct Parts {
  bool negative = false;
  Uint128 top = 0;
  Uint128 bottom = 1;
};

Parts parts(const Fraction& fraction) noexcept {
  const Uint128 top = magnitude(fraction.numerator);
  const auto bottom = static_cast<Uint128>(fraction.denominator);
  const Uint128 common = greatest_common_divisor(top, bottom);
  return {fraction.numerator < 0, top / common, bottom / common};
}

std::optional<Fraction> fraction_of(bool negative, const Uint256& top, const Uint256& bottom) noexcept {
  if (!top.fits_128() || top.low > numerator_max + (negative ? 1U : 0U)) return std::nullopt;
  if (!bottom.fits_128() || bottom.low > numerator_max) return std::nullopt;
  return Fraction{static_cast<Int128>(negative ? Uint128{0} - top.low : top.low), static_cast<Int128>(bottom.low)};
}

struct Signed256 {
  bool negative = false;
  Uint256 value;
};
Signed256 sum(const Signed256& a, const Signed256& b) noexcept {
  if (a.negative == b.negative) return {a.negative, add_wide(a.value, b.value)};
  if (b.value < a.value) return {a.negative, subtract_wide(a.value, b.value)};
  return {b.negative, subtract_wide(b.value, a.value)};
}

// Knuth, The Art of Computer Programming 2, 4.5.1: with both in lowest terms only divisors of g can be common to the result.
std::optional<Fraction> add_parts(const Parts& a, const Parts& b) noexcept {
  const Uint128 g = greatest_common_divisor(a.bottom, b.bottom);
  const Signed256 top =
      sum({a.negative, multiply_wide(a.top, b.bottom / g)}, {b.negative, multiply_wide(b.top, a.bottom / g)});
  if (top.value == Uint256{}) return Fraction{0, 1};
  const Uint128 common = greatest_common_divisor(divide_wide(top.value, g).remainder, g);
  return fraction_of(top.negative, divide_wide(top.value, common).quotient, multiply_wide(a.bottom / g, b.bottom / common));
}

std::optional<Fraction> multiply_parts(const Parts& a, const Parts& b) noexcept {
  if (a.top == 0 || b.top == 0) return Fraction{0, 1};
  const Uint128 left = greatest_common_divisor(a.top, b.bottom);
  const Uint128 right = greatest_common_divisor(b.top, a.bottom);
  return fraction_of(a.negative != b.negative, multiply_wide(a.top / left, b.top / right),
                     multiply_wide(a.bottom / right, b.bottom / left));
}

constexpr std::uint64_t exact_double_max = std::uint64_t{1} << 53;

// 64 leading bits of numerator / denominator, the highest set, with a mark for anything below them; then one rounding to 53.
double divide_wide_to_double(Uint256 numerator, Uint256 denominator) noexcept {
  int exponent = bit_length(numerator) - bit_length(denominator);
  if (exponent >= 0) denominator = shift_left(denominator, exponent);
  if (exponent < 0) numerator = shift_left(numerator, -exponent);
  if (numerator < denominator) {
    numerator = shift_left(numerator, 1);
    --exponent;
  }
  std::uint64_t bits = 0;
  for (int i = 0; i < 64; ++i) {
    const bool one = !(numerator < denominator);
    if (one) numerator = subtract_wide(numerator, denominator);
    bits = bits << 1 | (one ? 1U : 0U);
    numerator = shift_left(numerator, 1);
  }
  const std::uint64_t below = bits & 0x7FF;
  const bool sticky = !(numerator == Uint256{});
  std::uint64_t mantissa = bits >> 11;
  if (below > 0x400 || (below == 0x400 && (sticky || (mantissa & 1) != 0))) ++mantissa;
  // A mantissa that rounded up to 2^53 carries into the exponent field by itself.
  return std::bit_cast<double>((static_cast<std::uint64_t>(exponent + 1022) << 52) + mantissa);
}

}  // namespace

Fraction reduced(const Fraction& fraction) noexcept {
  const Parts p = parts(fraction);
  return {static_cast<Int128>(p.negative ? Uint128{0} - p.top : p.top), static_cast<Int128>(p.bottom)};
}

std::optional<Fraction> add(const Fraction& a, const Fraction& b) noexcept {
  Int128 left, right, top, bottom;
  if (!__builtin_mul_overflow(a.numerator, b.denominator, &left) && !__builtin_mul_overflow(b.numerator, a.denominator, &right) &&
      !__builtin_add_overflow(left, right, &top) && !__builtin_mul_overflow(a.denominator, b.denominator, &bottom))
    return Fraction{top, bottom};
  return add_parts(parts(a), parts(b));
}

std::optional<Fraction> subtract(const Fraction& a, const Fraction& b) noexcept {
  Int128 left, right, top, bottom;
  if (!__builtin_mul_overflow(a.numerator, b.denominator, &left) && !__builtin_mul_overflow(b.numerator, a.denominator, &right) &&
      !__builtin_sub_overflow(left, right, &top) && !__builtin_mul_overflow(a.denominator, b.denominator, &bottom))
    return Fraction{top, bottom};
  const Parts taken = parts(b);
  return add_parts(parts(a), {!taken.negative, taken.top, taken.bottom});
}

std::optional<Fraction> multiply(const Fraction& a, const Fraction& b) noexcept {
  Int128 top, bottom;
  if (!__builtin_mul_overflow(a.numerator, b.numerator, &top) && !__builtin_mul_overflow(a.denominator, b.denominator, &bottom))
    return Fraction{top, bottom};
  return multiply_parts(parts(a), parts(b));
}

std::optional<Fraction> divide(const Fraction& a, const Fraction& b) noexcept {
  if (b.numerator == 0) return std::nullopt;
  Int128 top, bottom;
  if (b.numerator > 0 && !__builtin_mul_overflow(a.numerator, b.denominator, &top) &&
      !__builtin_mul_overflow(a.denominator, b.numerator, &bottom))
    return Fraction{top, bottom};
  const Parts divisor = parts(b);
  return multiply_parts(parts(a), {divisor.negative, divisor.bottom, divisor.top});
}

namespace {

// The magnitude of fraction / 10^scale without what is behind the point.
struct Whole {
  Uint128 number;
  bool exact;
  bool half;  // what was left out is a half at least
};

Whole whole_of(const Fraction& fraction, unsigned scale) noexcept {
  PAWL_ASSERT(fraction.denominator > 0);
  PAWL_ASSERT(scale <= scale_max);
  const auto bottom = static_cast<Uint128>(fraction.denominator);
  const Uint128 top = magnitude(fraction.numerator), quotient = top / bottom, rest = top % bottom;
  if (scale == 0) return {quotient, rest == 0, rest >= bottom - rest};
  const Uint128 unit = power_of_ten(scale), left_out = quotient % unit;
  return {quotient / unit, left_out == 0 && rest == 0, left_out >= unit / 2};
}

Int128 with_sign(Uint128 number, bool negative) noexcept { return static_cast<Int128>(negative ? Uint128{0} - number : number); }

}  // namespace

Int128 floor_of(const Fraction& fraction, unsigned scale) noexcept {
  const bool negative = fraction.numerator < 0;
  const Whole whole = whole_of(fraction, scale);
  return with_sign(negative && !whole.exact ? whole.number + 1 : whole.number, negative);
}

Int128 round_of(const Fraction& fraction, unsigned scale) noexcept {
  const Whole whole = whole_of(fraction, scale);
  return with_sign(whole.half ? whole.number + 1 : whole.number, fraction.numerator < 0);
}

double nearest_double(const Fraction& fraction, unsigned scale) noexcept {
  PAWL_ASSERT(fraction.denominator > 0);
  PAWL_ASSERT(scale <= scale_max);
  if (fraction.numerator == 0) return 0;
  const Uint128 top = magnitude(fraction.numerator);
  const Uint256 bottom = multiply_wide(static_cast<Uint128>(fraction.denominator), power_of_ten(scale));
  double result;
  if (top <= exact_double_max && bottom.fits_128() && bottom.low <= exact_double_max) {
    result = static_cast<double>(static_cast<std::uint64_t>(top)) / static_cast<double>(static_cast<std::uint64_t>(bottom.low));
  } else {
    result = divide_wide_to_double({0, top}, bottom);
  }
  return fraction.numerator < 0 ? -result : result;
}

}  // namespace pawl
