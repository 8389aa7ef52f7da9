// Standard deviations against exact fractions, from equal values to the ends of 64 bits.
#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <limits>
#include <random>
#include <vector>

#include "pawl/core/window/deviation.hpp"
#include "tests/twin/value.hpp"

namespace pawl::window::test {
namespace {

Moments moments_of(const std::vector<std::int64_t>& values) {
  Moments moments{};
  for (const std::int64_t value : values) moments.add(value);
  return moments;
}

double fast(const std::vector<std::int64_t>& values, unsigned scale = 0) { return deviation(values.size(), moments_of(values), scale); }

double exact(const std::vector<std::int64_t>& values, unsigned scale) {
  twin::Integer sum = 0, squares = 0;
  for (const std::int64_t value : values) {
    sum += value;
    squares += twin::Integer(value) * value;
  }
  const Type type{.kind = Kind::decimal, .scale = static_cast<std::uint8_t>(scale)};
  return twin::deviation(type, static_cast<std::int64_t>(values.size()), sum, squares);
}

}  // namespace

TEST_CASE("standard deviations that one can check by hand") {
  CHECK(fast({7, 7, 7}) == 0.0);
  CHECK(fast({1, 3}) == std::bit_cast<double>(std::uint64_t{0x3FF6A09E667F3BCD}));  // the root of 2
  CHECK(fast({100, 300}, 2) == std::bit_cast<double>(std::uint64_t{0x3FF6A09E667F3BCD}));
  CHECK(fast({2, 4, 6}) == 2.0);
  CHECK(fast({-250, -250, 250, 250, 250, -250, 0}, 1) == 25.0);  // 6 * 62500 / 6 tenths squared
}

TEST_CASE("moments that no values have, as rows of a snapshot may, have a deviation all the same") {
  Moments moments{};
  moments.sum[0] = 10;
  CHECK(deviation(2, moments, 2) == 0.0);
}

TEST_CASE("standard deviations equal the exact ones, rounded once") {
  std::mt19937_64 random(11);
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  CHECK(fast({least, most}) == exact({least, most}, 0));
  CHECK(fast({least, least, most, most, 0}, 18) == exact({least, least, most, most, 0}, 18));
  CHECK(fast({most, most - 1}, 18) == exact({most, most - 1}, 18));
  for (int round = 0; round < 3000; ++round) {
    CAPTURE(round);
    const auto bits = static_cast<unsigned>(random() % 64), scale = static_cast<unsigned>(random() % 19);
    std::vector<std::int64_t> values(2 + random() % 12);
    const auto base = static_cast<std::int64_t>(random()) >> bits;
    for (std::int64_t& value : values) value = round % 3 == 0 ? base ^ static_cast<std::int64_t>(random() % 4) : static_cast<std::int64_t>(random()) >> bits;
    REQUIRE(fast(values, scale) == exact(values, scale));
  }
}

TEST_CASE("standard deviations of many values equal the exact ones, rounded once") {
  std::mt19937_64 random(13);
  for (int round = 0; round < 20'000; ++round) {
    CAPTURE(round);
    const auto scale = static_cast<unsigned>(random() % 5);
    const std::uint64_t count = 2 + (random() & ((std::uint64_t{1} << 17) - 1) >> random() % 17);
    const std::int64_t mean = static_cast<std::int64_t>(random() >> (32 + random() % 32)) * (random() % 2 == 0 ? 1 : -1), sum = mean * static_cast<std::int64_t>(count % 1000);
    twin::Integer squares = twin::Integer(sum) * sum / count + 1 + (random() >> random() % 64);
    if (squares >= twin::Integer(1) << 64) squares = twin::Integer(sum) * sum / count + 1 + random() % 4;
    if (squares >= twin::Integer(1) << 64) continue;
    const auto whole = static_cast<Uint128>(static_cast<Int128>(sum));
    const Moments moments{{static_cast<std::uint64_t>(whole), static_cast<std::uint64_t>(whole >> 64)}, {static_cast<std::uint64_t>(squares), 0, 0}};
    const Type type{.kind = Kind::decimal, .scale = static_cast<std::uint8_t>(scale)};
    const double exact = twin::deviation(type, static_cast<std::int64_t>(count), sum, squares);
    REQUIRE(deviation(count, moments, scale) == exact);
    const std::array samples{Sample{count, moments}, Sample{1, moments}, Sample{3, moments_of({-5, -5, -5})}, Sample{count, moments}, Sample{count, moments}};
    std::array<double, samples.size()> together{};
    deviations(samples, scale, together.data());
    REQUIRE(together[0] == exact);
    REQUIRE(together[2] == 0.0);
    REQUIRE(together[4] == exact);
  }
}

TEST_CASE("a window's moments are the difference of two totals, wherever these stand") {
  std::mt19937_64 random(12);
  Moments before{};
  for (int i = 0; i < 200; ++i) before.add(std::numeric_limits<std::int64_t>::min() + i % 3);
  Moments now = before;
  std::vector<std::int64_t> window;
  for (int i = 0; i < 50; ++i) {
    window.push_back(static_cast<std::int64_t>(random()) >> (random() % 64));
    now.add(window.back());
  }
  CHECK(deviation(window.size(), now - before, 2) == exact(window, 2));
}

}  // namespace pawl::window::test
