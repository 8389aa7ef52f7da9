// What conditions become.
#include <doctest/doctest.h>

#include <string>

#include "pawl/core/language/check.hpp"
#include "pawl/core/rules/plan.hpp"

using namespace pawl;

namespace condition_plan_test {
namespace {

struct Planned {
  language::Checked checked;
  rules::Plan plan;
};

Planned plan_of(const std::string& rest) {
  language::Checked checked = language::check("pipeline \"p\" version 1\nevent E { at: time, a: int, b: int, c: int }\n" + rest, "p.pawl");
  REQUIRE(checked.pipeline);
  rules::Plan plan = rules::make_plan(*checked.pipeline);
  return {std::move(checked), std::move(plan)};
}

std::string even(int members) {
  std::string text = "0";
  for (int i = 1; i < members; ++i) text += ", " + std::to_string(2 * i);
  return "(" + text + ")";
}

}  // namespace

TEST_CASE("the contrary of a pair is a pair") {
  const auto [checked, plan] = plan_of("rule r { on E when a != b and not (a < c) and not (not (b <= c)) then score 1 }\nrule s { on E when a = b and a < c and b > c then score 2 }\n");
  CHECK(plan.conditions.leaves.empty());
  CHECK(plan.conditions.pairs.size() == 3);  // the second rule asks for the contrary of each
  CHECK(plan.program.instructions.size() == 3);  // loads
}

TEST_CASE("a set that many rules read stands in the tables once") {
  std::string rules = "let listed = a in " + even(100) + "\n";
  for (int i = 0; i < 50; ++i) rules += "rule r" + std::to_string(i) + " { on E when listed and b > " + std::to_string(i) + " }\n";
  const auto [checked, plan] = plan_of(rules);
  CHECK(plan.conditions.leaves.empty());
  CHECK(plan.conditions.combined.size() == 1);
  CHECK(plan.conditions.steps16.size() == 2 * 100 + 50);
}

TEST_CASE("a large set is searched and not compared with each member") {
  const auto [checked, plan] = plan_of("rule r { on E when a in " + even(30'000) + " and b in " + even(128) + " then score 1 }\n");
  CHECK(plan.conditions.leaves.size() == 1);
  CHECK(plan.conditions.steps16.size() == 2 * 128);
  CHECK(plan.program.booleans == 3);
}

}  // namespace condition_plan_test
