// Sets of values against the comparisons that they stand for, at and around every bound.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <random>

#include "pawl/core/rules/value_set.hpp"

using namespace pawl::rules;

namespace {

constexpr std::int64_t values[] = {INT64_MIN, INT64_MIN + 1, -2, -1, 0, 1, 2, 3, INT64_MAX - 1, INT64_MAX};

bool is_normal(const ValueSet& set) {
  return std::adjacent_find(set.steps.begin(), set.steps.end(), std::greater_equal<>()) == set.steps.end() && (set.steps.empty() || set.steps[0] != INT64_MIN);
}

}  // namespace

TEST_CASE("a comparison's set holds what the comparison holds for") {
  for (const std::int64_t bound : values) {
    for (const ValueSet& set : {less_than(bound), at_most(bound), equal_to(bound)}) CHECK(is_normal(set));
    for (const std::int64_t value : values) {
      CAPTURE(bound);
      CAPTURE(value);
      CHECK(less_than(bound).contains(value) == (value < bound));
      CHECK(at_most(bound).contains(value) == (value <= bound));
      CHECK(equal_to(bound).contains(value) == (value == bound));
      CHECK(complement(equal_to(bound)).contains(value) == (value != bound));
    }
  }
}

TEST_CASE("a set of members holds these") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::int64_t> members;
    for (std::uint64_t more = random() % 8; more > 0; --more) members.push_back(values[random() % std::size(values)]);
    const ValueSet set = one_of(members);
    CHECK(is_normal(set));
    for (const std::int64_t value : values) CHECK(set.contains(value) == (std::find(members.begin(), members.end(), value) != members.end()));
  }
}

TEST_CASE("and, or, not of random sets") {
  std::mt19937_64 random(1);
  const auto bound = [&] { return values[random() % std::size(values)]; };
  const auto atom = [&] {
    const std::uint64_t kind = random() % 4;
    return kind == 0 ? less_than(bound()) : kind == 1 ? at_most(bound()) : kind == 2 ? equal_to(bound()) : complement(at_most(bound()));
  };
  for (int round = 0; round < 2000; ++round) {
    ValueSet set = atom();
    for (std::uint64_t more = random() % 6; more > 0; --more) {
      const ValueSet other = random() % 3 == 0 ? complement(atom()) : atom();
      const ValueSet conjunction = both(set, other), disjunction = either(set, other);
      CHECK(is_normal(conjunction));
      CHECK(is_normal(disjunction));
      for (const std::int64_t value : values) {
        CHECK(conjunction.contains(value) == (set.contains(value) && other.contains(value)));
        CHECK(disjunction.contains(value) == (set.contains(value) || other.contains(value)));
      }
      set = random() % 2 == 0 ? conjunction : disjunction;
    }
  }
}
