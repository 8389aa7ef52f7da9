// The factors of exponentially weighted means against powers of two with a hundred digits.
#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <random>

#include "pawl/core/window/decay.hpp"
#include "tests/twin/value.hpp"

namespace pawl::window::test {

TEST_CASE("factors that one can check by hand") {
  CHECK(decay_factor(0, 7) == 1.0);
  CHECK(decay_factor(7, 7) == 0.5);
  CHECK(decay_factor(21, 7) == 0.125);
  CHECK(decay_factor(1, 2) == std::bit_cast<double>(std::uint64_t{0x3FE6A09E667F3BCD}));  // the root of 1/2
  CHECK(decay_factor(3, 2) == std::bit_cast<double>(std::uint64_t{0x3FD6A09E667F3BCD}));
  CHECK(decay_factor(999 * 7, 7) == 0x1p-999);
  CHECK(decay_factor(1000 * 7, 7) == 0.0);
  CHECK(decay_factor(std::numeric_limits<std::uint64_t>::max(), 1) == 0.0);
  CHECK(decay_factor(1, std::numeric_limits<std::int64_t>::max()) == 1.0);  // half a unit in the last place away, and more
}

TEST_CASE("factors are the nearest doubles") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 4000; ++round) {
    const auto half_life = static_cast<std::int64_t>(random() >> (1 + random() % 62)) + 1;
    const std::uint64_t elapsed = round % 2 == 0 ? random() >> (random() % 64) : random() % static_cast<std::uint64_t>(half_life);
    CAPTURE(half_life);
    CAPTURE(elapsed);
    REQUIRE(decay_factor(elapsed, half_life) == twin::decay_factor(elapsed, half_life));
  }
}

TEST_CASE("values of one time weigh alike, those of a half-life ago half as much") {
  Decayed decayed;
  decayed.add(100, 50, 10);
  decayed.add(400, 50, 10);
  CHECK(decayed.mean(0) == 250.0);
  decayed.add(1000, 60, 10);  // weights 1/2, 1/2, 1
  CHECK(decayed.mean(0) == 625.0);
  CHECK(decayed.mean(2) == 6.25);
  decayed.add(7, 60 + 1000 * 10, 10);
  CHECK(decayed.mean(0) == 7.0);
}

}  // namespace pawl::window::test
