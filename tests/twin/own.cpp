#include "tests/twin/own.hpp"

#include <algorithm>

#include "pawl/core/base/assert.hpp"

namespace pawl::twin {
namespace {

constexpr Type integer{.kind = Kind::integer}, money{.kind = Kind::money, .scale = 2};

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

struct Squares {
  static constexpr std::string_view name = "squares";
  static constexpr std::int64_t version = 1;
  static constexpr Type takes = money, yields = integer;
  struct State { std::uint64_t sum = 0, count = 0; };
  static State lift(std::int64_t value) noexcept { return {bits(value) * bits(value), 1}; }
  static State combine(const State& a, const State& b) noexcept { return {a.sum + b.sum, a.count + b.count}; }
  static State inverse(const State& all, const State& earlier) noexcept { return {all.sum - earlier.sum, all.count - earlier.count}; }
  static Lowered lower(const State& state) noexcept { return state.count == 0 ? Lowered{} : Lowered::of(static_cast<std::int64_t>(state.sum)); }
};

constexpr std::uint64_t base = 1'000'003, base_inverse = [] {  // odd, so it has one modulo 2^64: by Newton's method
  std::uint64_t inverse = base;
  for (int i = 0; i < 6; ++i) inverse *= 2 - base * inverse;
  return inverse;
}();
static_assert(base * base_inverse == 1);

struct Path {
  static constexpr std::string_view name = "path";
  static constexpr std::int64_t version = 3;
  static constexpr Type takes = integer, yields = integer;
  struct State {
    std::uint64_t number = 0, power = 0, inverse = 0;  // the latter less 1: of no values they are 1
  };
  static State lift(std::int64_t value) noexcept { return {bits(value) + 7, base - 1, base_inverse - 1}; }
  static State combine(const State& a, const State& b) noexcept {
    return {a.number * (b.power + 1) + b.number, (a.power + 1) * (b.power + 1) - 1, (a.inverse + 1) * (b.inverse + 1) - 1};
  }
  static State inverse(const State& all, const State& earlier) noexcept {
    const std::uint64_t power = (all.power + 1) * (earlier.inverse + 1);
    return {all.number - earlier.number * power, power - 1, (all.inverse + 1) * (earlier.power + 1) - 1};
  }
  static Lowered lower(const State& state) noexcept { return Lowered::of(static_cast<std::int64_t>(state.number)); }
};

struct Digits {
  static constexpr std::string_view name = "digits";
  static constexpr std::int64_t version = 1;
  static constexpr Type takes = integer, yields = integer;
  struct State { std::uint64_t number = 0, power = 0; };
  static State lift(std::int64_t value) noexcept { return {bits(value) + 7, base - 1}; }
  static State combine(const State& a, const State& b) noexcept { return {a.number * (b.power + 1) + b.number, (a.power + 1) * (b.power + 1) - 1}; }
  static Lowered lower(const State& state) noexcept { return Lowered::of(static_cast<std::int64_t>(state.number)); }
};

struct Rising {
  static constexpr std::string_view name = "rising";
  static constexpr std::int64_t version = 1;
  static constexpr Type takes = money, yields = integer;
  struct State { std::int64_t first = 0, last = 0, count = 0, from_first = 0, to_last = 0, longest = 0; };
  static State lift(std::int64_t value) noexcept { return {value, value, 1, 1, 1, 1}; }
  static State combine(const State& a, const State& b) noexcept {
    if (a.count == 0) return b;
    if (b.count == 0) return a;
    const bool goes_on = a.last < b.first;
    State both{.first = a.first, .last = b.last, .count = a.count + b.count, .from_first = a.from_first, .to_last = b.to_last, .longest = std::max(a.longest, b.longest)};
    if (goes_on && a.from_first == a.count) both.from_first += b.from_first;
    if (goes_on && b.to_last == b.count) both.to_last += a.to_last;
    if (goes_on) both.longest = std::max(both.longest, a.to_last + b.from_first);
    return both;
  }
  static Lowered lower(const State& state) noexcept { return state.count == 0 ? Lowered{} : Lowered::of(state.longest); }
};

struct Mean {
  static constexpr std::string_view name = "mean";
  static constexpr std::int64_t version = 2;
  static constexpr Type takes = money, yields{.kind = Kind::money, .ratio = true, .scale = 2};
  struct State { std::uint64_t sum = 0; std::int64_t count = 0; };
  static State lift(std::int64_t value) noexcept { return {bits(value), 1}; }
  static State combine(const State& a, const State& b) noexcept { return {a.sum + b.sum, a.count + b.count}; }
  static Lowered lower(const State& state) noexcept { return Lowered::ratio(static_cast<std::int64_t>(state.sum), state.count); }
};

struct Spread {
  static constexpr std::string_view name = "spread";
  static constexpr std::int64_t version = 1;
  static constexpr Type takes = money, yields{.kind = Kind::floating};
  struct State { std::int64_t least = 0, greatest = 0, count = 0; };
  static State lift(std::int64_t value) noexcept { return {value, value, 1}; }
  static State combine(const State& a, const State& b) noexcept {
    if (a.count == 0 || b.count == 0) return a.count == 0 ? b : a;
    return {std::min(a.least, b.least), std::max(a.greatest, b.greatest), a.count + b.count};
  }
  static Lowered lower(const State& state) noexcept {
    return state.count == 0 ? Lowered{} : Lowered::of_float(static_cast<double>(state.greatest) - static_cast<double>(state.least));
  }
};

struct Switched {
  static constexpr std::string_view name = "switched";
  static constexpr std::int64_t version = 1;
  static constexpr Type takes{.kind = Kind::boolean}, yields{.kind = Kind::boolean};
  struct State { std::int32_t first = 0, last = 0, any = 0, switched = 0; };
  static State lift(std::int64_t value) noexcept { return {static_cast<std::int32_t>(value), static_cast<std::int32_t>(value), 1, 0}; }
  static State combine(const State& a, const State& b) noexcept {
    if (a.any == 0 || b.any == 0) return a.any == 0 ? b : a;
    return {a.first, b.last, 1, a.switched | b.switched | (a.last != b.first ? 1 : 0)};
  }
  static Lowered lower(const State& state) noexcept { return state.any == 0 ? Lowered{} : Lowered::of(state.switched); }
};

Lowered longest_rise(const std::vector<std::int64_t>& values) {
  std::int64_t longest = 0, row = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    row = i > 0 && values[i - 1] < values[i] ? row + 1 : 1;
    longest = std::max(longest, row);
  }
  return values.empty() ? Lowered{} : Lowered::of(longest);
}

}  // namespace

Operators own_operators() { return Operators::of<Squares, Path, Digits, Rising, Mean, Spread, Switched>(); }

Lowered own_value(std::string_view name, const std::vector<std::int64_t>& values) {
  std::uint64_t squares = 0, number = 0, sum = 0;
  for (const std::int64_t value : values) {
    squares += bits(value) * bits(value);
    number = number * base + bits(value) + 7;
    sum += bits(value);
  }
  if (name == "path" || name == "digits") return Lowered::of(static_cast<std::int64_t>(number));
  if (values.empty()) return {};
  if (name == "squares") return Lowered::of(static_cast<std::int64_t>(squares));
  if (name == "rising") return longest_rise(values);
  if (name == "mean") return Lowered::ratio(static_cast<std::int64_t>(sum), static_cast<std::int64_t>(values.size()));
  if (name == "switched") return Lowered::of(std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) != values.end());
  PAWL_ASSERT(name == "spread");
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  return Lowered::of_float(static_cast<double>(*greatest) - static_cast<double>(*least));
}

}  // namespace pawl::twin
