// Exact fractions against big integers of another library.
#include "pawl/core/event/ratio.hpp"

#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <rapidcheck.h>
#include <vector>

namespace ratio_test {

using namespace pawl;
using Big = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;
using BigRatio = boost::multiprecision::number<boost::multiprecision::rational_adaptor<boost::multiprecision::cpp_int_backend<>>, boost::multiprecision::et_off>;

namespace {

constexpr Int128 most = static_cast<Int128>(~Uint128{0} >> 1);
constexpr Int128 least = -most - 1;

Big big(Int128 value) {
  const Uint128 m = magnitude(value);
  Big result = static_cast<std::uint64_t>(m >> 64);
  result <<= 64;
  result += static_cast<std::uint64_t>(m);
  return value < 0 ? Big(-result) : result;
}
BigRatio big(const Fraction& f) { return BigRatio(big(f.numerator), big(f.denominator)); }

bool fits(const BigRatio& value) {
  return numerator(value) <= big(most) && numerator(value) >= big(least) && denominator(value) <= big(most);
}

// Numbers where carries, signs and widths change, and small and random ones between them.
Int128 any_int() {
  const auto kind = *rc::gen::inRange(0, 6);
  if (kind == 0) return *rc::gen::element(Int128{0}, Int128{1}, Int128{-1}, most, least, most - 1, least + 1);
  const auto shift = *rc::gen::inRange(0, 127);
  if (kind == 1) return (Int128{1} << shift) + *rc::gen::inRange(-2, 3);
  if (kind == 2) return -(Int128{1} << shift) + *rc::gen::inRange(-2, 3);
  if (kind == 3) return *rc::gen::inRange(-10, 11);
  const auto high = *rc::gen::arbitrary<std::uint64_t>();
  const auto low = *rc::gen::arbitrary<std::uint64_t>();
  return static_cast<Int128>(Uint128{high} << 64 | low) >> (kind == 4 ? 0 : shift);
}
Fraction any_fraction() {
  const Int128 numerator = any_int();
  Int128 denominator = any_int();
  if (denominator == least) denominator = most;
  if (denominator < 0) denominator = -denominator;
  return {numerator, denominator == 0 ? Int128{1} : denominator};
}

void check_operation(const std::optional<Fraction>& got, const BigRatio& want) {
  RC_ASSERT(got.has_value() == fits(want));
  if (!got) return;
  RC_ASSERT(got->denominator > 0);
  RC_ASSERT(big(*got) == want);
}

// The nearest double by definition: no double is nearer, and a tie goes to the even mantissa.
void check_nearest(double got, const BigRatio& exact) {
  const auto distance = [&](double d) -> BigRatio { return boost::multiprecision::abs(BigRatio(d) - exact); };
  for (const double other : {std::nextafter(got, -INFINITY), std::nextafter(got, INFINITY)}) {
    RC_ASSERT(distance(got) <= distance(other));
    if (distance(got) == distance(other)) RC_ASSERT((std::bit_cast<std::uint64_t>(got) & 1) == 0);
  }
}

}  // namespace

TEST_CASE("comparison is exact, 64-bit and 128-bit alike") {
  CHECK(rc::check([] {
    const Fraction a = any_fraction();
    Fraction b = any_fraction();
    if (*rc::gen::inRange(0, 4) == 0) b = reduced(a);
    RC_ASSERT((compare(a, b) < 0) == (big(a) < big(b)));
    RC_ASSERT((compare(a, b) == 0) == (big(a) == big(b)));
    RC_ASSERT((compare(b, a) > 0) == (compare(a, b) < 0));
  }));
  CHECK(rc::check([](std::int64_t a, std::int64_t c) {
    const auto b = *rc::gen::inRange<std::int64_t>(1, INT64_MAX);
    const auto d = *rc::gen::inRange<std::int64_t>(1, INT64_MAX);
    const auto want = compare(Fraction{a, b}, Fraction{c, d});
    RC_ASSERT(compare_ratios(a, b, c, d) == want);
    RC_ASSERT((want < 0) == (BigRatio(Big(a), Big(b)) < BigRatio(Big(c), Big(d))));
  }));
  static_assert(compare({1, 3}, {2, 6}) == 0);
  static_assert(compare({most, most - 1}, {most - 1, most - 2}) < 0);
  static_assert(compare({least, 1}, {least, most}) < 0);
}

TEST_CASE("operations are exact, and overflow exactly when the reduced result does not fit") {
  CHECK(rc::check([] {
    const Fraction a = any_fraction();
    const Fraction b = any_fraction();
    check_operation(add(a, b), big(a) + big(b));
    check_operation(subtract(a, b), big(a) - big(b));
    check_operation(multiply(a, b), big(a) * big(b));
    if (b.numerator == 0) {
      RC_ASSERT(!divide(a, b).has_value());
    } else {
      check_operation(divide(a, b), big(a) / big(b));
    }
  }));
}

TEST_CASE("every pair of edge values") {
  const std::vector<Int128> numerators{0, 1, -1, 2, most, most - 1, least, least + 1, Int128{1} << 64, -(Int128{1} << 64)};
  const std::vector<Int128> denominators{1, 2, 3, most, most - 1, Int128{1} << 64, Int128{1} << 126};
  std::vector<Fraction> all;
  for (const Int128 n : numerators)
    for (const Int128 d : denominators) all.push_back({n, d});
  const auto same = [](const std::optional<Fraction>& got, const BigRatio& want) {
    return got.has_value() == fits(want) && (!got || big(*got) == want);
  };
  for (const Fraction& a : all) {
    for (const Fraction& b : all) {
      REQUIRE((compare(a, b) < 0) == (big(a) < big(b)));
      REQUIRE(same(add(a, b), big(a) + big(b)));
      REQUIRE(same(subtract(a, b), big(a) - big(b)));
      REQUIRE(same(multiply(a, b), big(a) * big(b)));
      if (b.numerator != 0) REQUIRE(same(divide(a, b), big(a) / big(b)));
    }
  }
}

TEST_CASE("whole numbers below and nearest: a half goes away from zero") {
  struct Worked { Fraction fraction; unsigned scale; std::int64_t floor, round; };
  for (const Worked& one : {Worked{{5, 2}, 0, 2, 3}, Worked{{-5, 2}, 0, -3, -3}, Worked{{7, 3}, 0, 2, 2}, Worked{{-7, 3}, 0, -3, -2}, Worked{{-8, 3}, 0, -3, -3}, Worked{{6, 3}, 0, 2, 2}, Worked{{0, 9}, 0, 0, 0},
                            Worked{{12'500, 1}, 4, 1, 1}, Worked{{15'000, 1}, 4, 1, 2}, Worked{{-15'000, 1}, 4, -2, -2}, Worked{{-14'999, 1}, 4, -2, -1}, Worked{{29'999, 2}, 4, 1, 1}, Worked{{-1, 3}, 18, -1, 0}}) {
    CHECK(floor_of(one.fraction, one.scale) == one.floor);
    CHECK(round_of(one.fraction, one.scale) == one.round);
  }
  CHECK(floor_of({least, 1}) == least);
  CHECK(round_of({least, 1}) == least);
  CHECK(round_of({most, 1}) == most);
  CHECK(rc::check("against unbounded whole numbers", [] {
    const Fraction fraction = any_fraction();
    const auto scale = *rc::gen::inRange(0U, 19U);
    const Big unit = boost::multiprecision::pow(Big(10), scale), top = big(fraction.numerator), bottom = big(fraction.denominator) * unit;
    const auto below = [](const Big& a, const Big& b) { return Big(a / b - (a % b < 0 ? 1 : 0)); };
    RC_ASSERT(big(floor_of(fraction, scale)) == below(top, bottom));
    const Big twice = 2 * boost::multiprecision::abs(top) + bottom, nearest = twice / (2 * bottom);
    RC_ASSERT(big(round_of(fraction, scale)) == (top < 0 ? Big(-nearest) : nearest));
  }));
}

TEST_CASE("the nearest double, at any width and scale") {
  CHECK(rc::check([] {
    const Fraction f = any_fraction();
    const auto scale = *rc::gen::inRange(0U, 19U);
    const BigRatio exact = big(f) / BigRatio(boost::multiprecision::pow(Big(10), scale));
    const double got = nearest_double(f, scale);
    if (f.numerator == 0) {
      RC_ASSERT(got == 0.0);
    } else {
      check_nearest(got, exact);
    }
  }));
  constexpr std::int64_t two_53 = std::int64_t{1} << 53;
  CHECK(nearest_double({two_53 + 1, 1}) == static_cast<double>(two_53));      // a tie goes to the even one
  CHECK(nearest_double({two_53 + 3, 1}) == static_cast<double>(two_53 + 4));
  CHECK(nearest_double({(Int128{two_53} + 1) * 1000 + 1, 1000}) == static_cast<double>(two_53 + 2));  // just above the tie
  CHECK(nearest_double({(Int128{1} << 54) - 1, 1}) == 0x1p54);                // carries into the exponent
  CHECK(nearest_double({most, 1}) == 0x1p127);
  CHECK(nearest_double({least, 1}) == -0x1p127);
  CHECK(nearest_double({1, most}, 18) > 0);
}

}  // namespace ratio_test
