// Every set of kernels that this processor can run, against plain 128-bit arithmetic: random, small and extreme numbers, any span.
#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <iterator>
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

TEST_CASE("columns against steps, in each width") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    const Column cells = random.column(bits);
    NarrowCells narrow;
    kernels.narrow(cells.data(), narrow);
    for (std::size_t i = 0; i < width && narrow.bits < 63; ++i) CHECK((cells[i] >> narrow.bits == 0 || cells[i] >> narrow.bits == -1));
    const auto check = [&](auto kernel, const auto* column, auto lowest) {
      using Cell = decltype(lowest);
      const auto near = static_cast<Cell>(cells[7]);
      const Cell steps[] = {static_cast<Cell>(lowest + 1), static_cast<Cell>(~lowest), 0, near == lowest ? Cell{1} : near};
      Lanes words[2 * std::size(steps)];
      kernel(column, steps, std::size(steps), words);
      for (std::size_t s = 0; s < std::size(steps); ++s) {
        CHECK(words[2 * s] == where(all_lanes, [&](std::size_t i) { return cells[i] >= steps[s]; }));
        CHECK(words[2 * s + 1] == ~words[2 * s]);
      }
    };
    check(kernels.steps16, narrow.in16, std::int16_t{INT16_MIN});
    check(kernels.steps32, narrow.in32, std::int32_t{INT32_MIN});
    check(kernels.steps64, narrow.in64, std::int64_t{INT64_MIN});
  });
}

TEST_CASE("columns against columns, and sums, in whatever width fits") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    Column a = random.column(bits), b = random.column(bits);
    for (std::size_t i = 0; i < width; i += 5) b[i] = a[i];
    NarrowCells columns[2];
    kernels.narrow(a.data(), columns[0]);
    kernels.narrow(b.data(), columns[1]);
    const PairTask tasks[] = {{0, 1, false, 2}, {0, 1, true, 0}, {1, 0, false, 4}};
    Lanes words[6];
    kernels.pairs(tasks, std::size(tasks), columns, words);
    CHECK(words[0] == where(all_lanes, [&](std::size_t i) { return a[i] == b[i]; }));
    CHECK(words[2] == where(all_lanes, [&](std::size_t i) { return a[i] < b[i]; }));
    CHECK(words[4] == where(all_lanes, [&](std::size_t i) { return b[i] < a[i]; }));
    CHECK((words[1] == ~words[0] && words[3] == ~words[2] && words[5] == ~words[4]));
    if (bits > 20) return;
    alignas(64) Cells32 terms[2];
    kernels.scale(columns[0].in32, -3, terms[0]);
    kernels.scale(columns[1].in32, 1, terms[1]);
    const std::uint32_t order[] = {1, 0};
    const std::int32_t steps[] = {-5, static_cast<std::int32_t>(b[3] - 3 * a[3])};
    Lanes sums[4];
    const SumTask sum{order, 2, steps, 2, sums};
    kernels.sums(&sum, 1, terms);
    for (std::size_t s = 0; s < 2; ++s) CHECK(sums[2 * s] == where(all_lanes, [&](std::size_t i) { return b[i] - 3 * a[i] >= steps[s]; }));
  });
}

TEST_CASE("which words are not empty") {
  for_every_set([](const Kernels& kernels, Random& random, unsigned bits) {
    std::vector<Lanes> words(bits * 3 + 1);
    for (Lanes& word : words) word = random.lanes() % 3 == 0 ? lane_bit(random.lanes() % 64) : 0;
    std::vector<std::uint64_t> found((words.size() + 63) / 64, all_lanes);
    kernels.non_zero(words.data(), words.size(), found.data());
    for (std::size_t i = 0; i < found.size() * 64; ++i) CHECK(has_lane(found[i / 64], i % 64) == (i < words.size() && words[i] != 0));
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
