// Precedence, contextual keywords, literals in units, types, and what lets can be read at.
#include <doctest/doctest.h>

#include "pawl/core/language/check.hpp"

namespace tree_test {

using namespace pawl::language;

namespace {

constexpr std::string_view prelude = R"(pipeline "p" version 1
event P { at: time, a: bool, b: bool, c: bool, i: int, j: int, m: money, d: decimal(4), f: float, t: text(4), g: duration, e: enum(buy, sell) }
)";

Checked checked(const std::string& text) {
  const std::string source = std::string(prelude) + text;
  Checked result = check(source, "p");
  std::string errors;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Severity::error) errors += render(diagnostic, source, "p");
  }
  INFO(errors);
  REQUIRE(result.pipeline != nullptr);
  return result;
}

// The canonical text of a condition.
std::string when(const std::string& condition) { return canonical(*checked("rule r { on P when " + condition + " }").pipeline->rules.at(0).when); }
// The type of a value.
std::string type(const std::string& value) { return pawl::to_string(checked("let x = " + value).pipeline->lets.at(0).expr->type); }

void same(const std::string& bare, const std::string& bracketed) {
  INFO(bare);
  CHECK(when(bare) == when(bracketed));
}

}  // namespace

TEST_CASE("precedence from loose to tight: or, and, not, comparison, + -, * / %, unary -, otherwise") {
  same("a or b and c", "a or (b and c)");
  same("not a and b", "(not a) and b");
  same("not a = b", "not (a = b)");
  same("i + j * 2 > 3 - i", "(i + (j * 2)) > (3 - i)");
  same("i - j - 2 = 0", "((i - j) - 2) = 0");
  same("i / j / 2 = 0", "((i / j) / 2) = 0");
  same("-i * j = 2", "(-i) * j = 2");
  same("-i otherwise j = 2", "-(i otherwise j) = 2");
  same("i otherwise j * 2 = 2", "(i otherwise j) * 2 = 2");
  same("i otherwise j otherwise 2 = 2", "((i otherwise j) otherwise 2) = 2");
  same("i between 1 and 3 and a", "(i between 1 and 3) and a");
  same("a or not b or i not in (1, 2)", "(a or (not b)) or (not (i in (1, 2)))");
  same("i is not missing and a", "(not (i is missing)) and a");
  same("i + 1 is missing or a", "((i + 1) is missing) or a");
  same("(if a then i else j + 1) > 2", "(if a then i else (j + 1)) > 2");
}

TEST_CASE("words of the language are names where a name is meant") {
  const std::string source = R"(pipeline "words" version 1
event Event { at: time, last: int, count: int, per: int, on: bool, when: bool, then: int, prior: int, within: int, rule: int, event: int, policy: int, let: int, is: int, missing: int, where: int, by: int, delayed: int, score: int }
let let_it = count + last
let sum = sum(per per per, 1h)
let windows = count(per count+last, last 3 delayed 5m where when) + prior last(prior per on, since start)
rule on { on Event when on and when and then = 3 and rule > event and is is missing and missing is not missing then score score tags (then, when) }
rule pattern { pattern on: Event(on) then no Event(when) then then: Event(then = on.then) within 1h per per then score 5 }
)";
  const Checked result = check(source, "words.pawl");
  for (const Diagnostic& diagnostic : result.diagnostics) {
    INFO(render(diagnostic, source, "words.pawl"));
    CHECK(diagnostic.severity != Severity::error);
  }
  REQUIRE(result.pipeline != nullptr);
  CHECK(result.pipeline->rules.size() == 2);
  CHECK(canonical(*result.pipeline->lets[1].expr) == "(sum (field per:int) (per per) (time 3600000000000) (delay 0) (on 0))");
}

TEST_CASE("literals take the units of the other side, exactly") {
  CHECK(when("m > 220") == "(> (field m:money) 22000:money)");
  CHECK(when("2.5 < m") == "(< 250:money (field m:money))");
  CHECK(when("m > -0.01") == "(> (field m:money) -1:money)");
  CHECK(when("d > 0.5%") == "(> (field d:decimal(4)) 50:decimal(4))");
  CHECK(when("d > 3") == "(> (field d:decimal(4)) 30000:decimal(4))");
  CHECK(when("i > 2.5") == "(> (field i:int) 5/2:ratio of int)");
  CHECK(when("i > 2.0") == "(> (field i:int) 2:int)");
  CHECK(when("f > 0.9") == "(> (field f:float) 0.9:float)");
  CHECK(when("e = \"sell\"") == "(= (field e:enum) 1:enum)");
  CHECK(when("i / j > 55%") == "(> (/ (field i:int) (field j:int)) 11/20:ratio of int)");
  CHECK(when("i / j > 0.55") == when("i / j > 55%"));
  CHECK(when("i / j > 50bps") == "(> (/ (field i:int) (field j:int)) 1/200:ratio of int)");
  CHECK(when("m / 3 > 2.005") == "(> (/ (field m:money) 3:int) 401/2:ratio of money)");
  CHECK(when("m > 2 * 1.25 + 1") == "(> (field m:money) 350:money)");
  CHECK(when("at > 1970-01-01T00:00:01.5Z") == "(> (field at:time) 1500000000:time)");
  CHECK(when("g > 90m") == "(> (field g:duration) 5400000000000:duration)");
  CHECK(when("g > 1d") == when("g > 24h"));
  CHECK(when("t in (\"a\", \"b\\\"c\")") == "(in (field t:text(4)) \"a\" \"b\\\"c\")");
  CHECK(when("min2(m, 3) > 2") == "(> (call min2 (field m:money) 300:money) 200:money)");
  CHECK(when("10 % 3 = 1") == "(= (% 10:int 3:int) 1:int)");
  CHECK(when("i %3 = 1") == when("i % 3 = 1"));
}

TEST_CASE("a let that is a literal is that literal, in the units of each use") {
  const Checked result = checked("let limit = 220.00\nlet double = limit * 2\nrule r { on P when m > double and d > limit }");
  CHECK(canonical(*result.pipeline->rules[0].when) == "(and (> (field m:money) 44000:money) (> (field d:decimal(4)) 2200000:decimal(4)))");
}

TEST_CASE("types of what operations yield") {
  CHECK(type("i / j") == "ratio of int");
  CHECK(type("m / j") == "ratio of money");
  CHECK(type("m / m") == "ratio of int");
  CHECK(type("3 * m") == "money");
  CHECK(type("1.5 * m") == "ratio of money");
  CHECK(type("5% * m") == "ratio of money");
  CHECK(type("at - at") == "duration");
  CHECK(type("at + g - 5m") == "time");
  CHECK(type("late_by") == "duration");
  CHECK(type("avg(m per i, 1d)") == "ratio of money");
  CHECK(type("avg(g per i, 1d)") == "ratio of duration");
  CHECK(type("3 * avg(m per i, 1d)") == "ratio of money");
  CHECK(type("share(a per i, 1d) otherwise 0") == "ratio of int");
  CHECK(type("rate(per i, 1h)") == "ratio of int");
  CHECK(type("stddev(m per i, 1d)") == "float");
  CHECK(type("median(m per i, 1d)") == "money");
  CHECK(type("percentile 95 (m per i, 1d)") == "money");
  CHECK(type("hours(g)") == "ratio of int");
  CHECK(type("round(m / 3)") == "money");
}

TEST_CASE("a let is read where its fields and keys are, through other lets too") {
  const std::string source = R"(pipeline "p" version 1
event A { at: time, k: int, x: int }
event B { at: time, k: int }
event C { at: time, k: text(8), x: int }
let n = count(per k, 1h on A, B)
let both = n + x
let idle = at - prior last(at per k, 1d on A)
)";
  const Checked result = check(source, "p");
  REQUIRE(result.pipeline != nullptr);
  using Events = std::vector<std::uint16_t>;
  CHECK(result.pipeline->lets[0].readable_at == Events{0, 1});  // k of C has another type
  CHECK(result.pipeline->lets[2].readable_at == Events{0, 1});
}

TEST_CASE("lets in any order; what uses a let that is not evaluated is not evaluated either") {
  const Checked result = checked("let z = y + 1\nlet y = sum(f per j, 1h)\nlet w = i + 1\nrule r { on P when z > 2 }\nrule s { on P when w > 2 }");
  const Pipeline& pipeline = *result.pipeline;
  CHECK(pipeline.let_order == std::vector<std::size_t>{1, 0, 2});
  CHECK(pipeline.lets[0].not_evaluated == "it uses let `y`");
  CHECK(pipeline.lets[1].not_evaluated == "it uses `sum` of a float, and sums of floats depend on what has left the window; declared as a decimal the field adds up exactly");
  CHECK(pipeline.lets[2].not_evaluated.empty());
  CHECK(pipeline.rules[0].not_evaluated == "it uses let `z`");
  CHECK(pipeline.rules[1].not_evaluated.empty());
}

}  // namespace tree_test
