// Every set of kernels that this processor can run, against plain 128-bit arithmetic: random, small and extreme numbers, any span.
#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <random>
#include <vector>

#include "pawl/core/base/types.hpp"
#include "pawl/core/rules/kernels.hpp"

using namespace pawl;
using namespace pawl::rules;

namespace {

constexpr std::size_t width = limits::tile_events;
using Column = std::array<std::int64_t, width>;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // Of up to `bits` bits, and now and then an edge of the 64.
  std::int64_t number(unsigned bits) {
    constexpr std::int64_t edges[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, std::int64_t{1} << 62, -1, 0, 1, std::int64_t{1} << 31, std::int64_t{1} << 32};
    if (bits == 64 && engine_() % 8 == 0) return edges[engine_() % std::size(edges)];
    const auto number = static_cast<std::int64_t>(engine_() >> (64 - bits));
    return bits < 64 && engine_() % 2 == 0 ? -number : number;
  }
  Column column(unsigned bits) {
    Column column;
    for (std::int64_t& cell : column) cell = number(bits);
    return column;
  }
  Column denominators(unsigned bits) {
    Column column;
    for (std::int64_t& cell : column) cell = std::max<std::int64_t>(1, number(std::min(bits, 63U)) & INT64_MAX);
    return column;
  }
  Lanes lanes() { return engine_(); }
  Lanes span() {
    const std::size_t a = engine_() % width, b = engine_() % width;
    return engine_() % 4 == 0 ? all_lanes : lanes_between(std::min(a, b), std::max(a, b));
  }

 private:
  std::mt19937_64 engine_;
};

std::vector<const Kernels*> sets() {
  const Kernels* found[3];
  return {found, found + available_kernels(found)};
}

// check(kernels, random, bits of the numbers), for every set, on the same numbers.
void for_every_set(const std::function<void(const Kernels&, Random&, unsigned)>& check) {
  for (const Kernels* kernels : sets()) {
    CAPTURE(kernels->name);
    for (const unsigned bits : {1U, 8U, 20U, 31U, 32U, 33U, 48U, 63U, 64U}) {
      Random random(bits);
      for (int round = 0; round < 60; ++round) check(*kernels, random, bits);
    }
  }
}

Lanes where(Lanes lanes, const std::function<bool(std::size_t)>& holds) {
  Lanes result = 0;
  each_lane(lanes, [&](std::size_t lane) { result |= static_cast<Lanes>(holds(lane)) << lane; });
  return result;
}

}  // namespace

TEST_CASE("comparisons of numbers") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    const Column a = random.column(bits), b = random.column(bits);
    const Lanes span = random.span();
    CHECK((kernels.equal(a.data(), b.data(), span) & span) == where(span, [&](std::size_t i) { return a[i] == b[i]; }));
    CHECK((kernels.less(a.data(), b.data(), span) & span) == where(span, [&](std::size_t i) { return a[i] < b[i]; }));
    CHECK((kernels.less_equal(a.data(), b.data(), span) & span) == where(span, [&](std::size_t i) { return a[i] <= b[i]; }));
  });
}

TEST_CASE("comparisons of fractions are exact") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    const Column an = random.column(bits), ad = random.denominators(bits), bn = random.column(bits), bd = random.denominators(bits);
    const RatioCells a{an.data(), ad.data()}, b{bn.data(), bd.data()};
    const auto left = [&](std::size_t i) { return static_cast<Int128>(an[i]) * bd[i]; };
    const auto right = [&](std::size_t i) { return static_cast<Int128>(bn[i]) * ad[i]; };
    const Lanes span = random.span();
    CHECK((kernels.ratio_equal(a, b, span) & span) == where(span, [&](std::size_t i) { return left(i) == right(i); }));
    CHECK((kernels.ratio_less(a, b, span) & span) == where(span, [&](std::size_t i) { return left(i) < right(i); }));
    CHECK((kernels.ratio_less_equal(a, b, span) & span) == where(span, [&](std::size_t i) { return left(i) <= right(i); }));
    CHECK((kernels.ratio_equal(a, a, span) & span) == span);
  });
}

TEST_CASE("sums and differences tell what overflowed, and write only their span") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    const Column a = random.column(bits), b = random.column(bits), before = random.column(64);
    const Lanes span = random.span(), valid = random.lanes();
    const auto check = [&](Kernels::Add kernel, bool minus) {
      Column out = before, expected = before;
      Lanes overflowed = 0;
      each_lane(span, [&](std::size_t i) {
        expected[i] = 0;
        if (!has_lane(valid, i)) return;
        const bool over = minus ? __builtin_sub_overflow(a[i], b[i], &expected[i]) : __builtin_add_overflow(a[i], b[i], &expected[i]);
        if (over) expected[i] = 0;
        overflowed |= static_cast<Lanes>(over) << i;
      });
      CHECK(kernel(a.data(), b.data(), out.data(), span, valid) == overflowed);
      CHECK(out == expected);
    };
    check(kernels.add, false);
    check(kernels.subtract, true);
  });
}

TEST_CASE("products are written if all surely fit 64 bits, or not at all") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    const Column a = random.column(bits), b = random.column(bits), before = random.column(64);
    const Lanes span = random.span(), valid = random.lanes();
    Column out = before, expected = before;
    const bool done = kernels.multiply(a.data(), b.data(), out.data(), span, valid, 7);
    if (bits <= 31) CHECK(done);
    if (done) each_lane(span, [&](std::size_t i) { expected[i] = 7; if (has_lane(valid, i)) CHECK(!__builtin_mul_overflow(a[i], b[i], &expected[i])); });
    CHECK(out == expected);
  });
}

TEST_CASE("choices write only their span") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    const Column a = random.column(bits), b = random.column(bits), before = random.column(64);
    const Lanes span = random.span(), take_a = random.lanes(), valid = random.lanes();
    Column out = before, expected = before;
    kernels.choose(a.data(), b.data(), out.data(), span, take_a, valid, 7);
    each_lane(span, [&](std::size_t i) { expected[i] = !has_lane(valid, i) ? 7 : has_lane(take_a, i) ? a[i] : b[i]; });
    CHECK(out == expected);
  });
}

TEST_CASE("validity bytes become lanes") {
  Random random(1);
  for (int round = 0; round < 100; ++round) {
    const Lanes lanes = random.lanes();
    std::array<std::uint8_t, width> bytes{};
    each_lane(lanes, [&](std::size_t i) { bytes[i] = 1; });
    CHECK(lanes_of_bytes(bytes.data()) == lanes);
  }
}
