// check_laws(): operators that keep the laws, and one for each law that it breaks.
#include "pawl/core/operator/laws.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "misses.hpp"
#include "tests/twin/own.hpp"

namespace laws_test {

namespace {

constexpr std::array<std::int64_t, 9> values{5, -3, 0, 5, 17, 1, 9'000'000'000'000'000'000, 2, -1};

// A maximum, as each of the broken ones would like to be.
struct Maximum {
  static constexpr std::string_view name = "maximum";
  static constexpr std::int64_t version = 1;
  static constexpr pawl::Type takes{}, yields{};
  struct State { std::int64_t greatest = 0, count = 0; };
  static State lift(std::int64_t value) noexcept { return {value, 1}; }
  static State combine(const State& a, const State& b) noexcept {
    if (a.count == 0 || b.count == 0) return a.count == 0 ? b : a;
    return {a.greatest > b.greatest ? a.greatest : b.greatest, a.count + b.count};
  }
  static pawl::Lowered lower(const State& state) noexcept { return pawl::Lowered::of(state.greatest); }
};

struct NothingIsZero : Maximum {
  static State combine(const State& a, const State& b) noexcept { return {a.greatest > b.greatest ? a.greatest : b.greatest, a.count + b.count}; }
};
struct Newest : Maximum {
  static State combine(const State& a, const State& b) noexcept { return b.count == 0 ? State{} : State{b.greatest, a.count + b.count}; }
};
struct Halves : Maximum {
  static State combine(const State& a, const State& b) noexcept {
    if (a.count == 0 || b.count == 0) return a.count == 0 ? b : a;
    return {a.greatest / 2 + b.greatest / 2, a.count + b.count};
  }
};
struct Undone : Maximum {
  static State inverse(const State& all, const State& earlier) noexcept { return {all.greatest, all.count - earlier.count}; }
};

template <class T>
std::string broken() {
  const auto checked = pawl::check_laws<T>(values);
  return checked.ok() ? std::string("none") : checked.error().text;
}

}  // namespace

TEST_CASE("operators that keep the laws") {
  for (const auto& one : pawl::twin::own_operators().all()) {  // of a set that is gone by then
    CAPTURE(one->name);
    const auto checked = pawl::check_laws(*one, values);
    CHECK_MESSAGE(checked.ok(), (checked.ok() ? "" : checked.error().text));
  }
  CHECK(broken<Maximum>() == "none");
  CHECK(broken<markov::Misses>() == "none");
}

TEST_CASE("a law that does not hold is named, with values that show it") {
  CHECK(broken<NothingIsZero>().starts_with("operator maximum version 1: combine(State{}, x) is not x, for the values | -3"));
  CHECK(broken<Newest>().starts_with("operator maximum version 1: combine(x, State{}) is not x, for the values 5. "));
  CHECK(broken<Halves>().starts_with("operator maximum version 1: combine gives another state for another cut, for the values 5"));
  CHECK(broken<Undone>().starts_with("operator maximum version 1: inverse(combine(x, y), x) is not y, for the values 5"));
}

TEST_CASE("what an operator says") {
  CHECK(pawl::Lowered::ratio(3, 0) == pawl::Lowered{});
  CHECK(pawl::Lowered::ratio(3, -1) == pawl::Lowered{});
  CHECK(pawl::Lowered::of_float(1e308 * 10) == pawl::Lowered{});
  CHECK(pawl::Lowered::of_float(0.5).present);
  CHECK(pawl::Operators::of<Maximum, markov::Misses>().find("misses", 1)->state_bytes == 16);
  CHECK(pawl::Operators::of<Maximum>().find("maximum", 2) == nullptr);
}

}  // namespace laws_test
