// Whatever the input: no crash, no unbounded work, places inside of the source; and nothing is lost between text and tree.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>

#include "generator.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/explain.hpp"
#include "pawl/core/language/print.hpp"
#include "pawl/core/rules/plan.hpp"
#include "pipelines.hpp"

using namespace pawl::language;

namespace {

// What holds for every input.
Checked check_any(const std::string& source) {
  Checked checked = check(source, "any.pawl");
  const auto lines = static_cast<std::uint32_t>(std::count(source.begin(), source.end(), '\n') + 1);
  bool error = false;
  for (const Diagnostic& diagnostic : checked.diagnostics) {
    error = error || diagnostic.severity == Severity::error;
    RC_ASSERT(diagnostic.place.line >= 1U);
    RC_ASSERT(diagnostic.place.line <= lines);
    RC_ASSERT(diagnostic.place.column >= 1U);
    RC_ASSERT(diagnostic.place.column <= source.size() + 1);
    RC_ASSERT(!render(diagnostic, source, "any.pawl").empty());
    RC_ASSERT(!render_json(diagnostic, "any.pawl").empty());
  }
  RC_ASSERT(error == (checked.pipeline == nullptr));
  if (checked.pipeline) {
    RC_ASSERT(!explain(*checked.pipeline).empty());
    // What is not evaluated was said here already, and not only when it was to run.
    const pawl::rules::Plan plan = pawl::rules::make_plan(*checked.pipeline);
    if (!plan.not_evaluated.empty()) RC_FAIL(plan.not_evaluated.front() + "\n" + source);
    for (const pawl::rules::RulePlan& rule : plan.rules) {
      for (const auto& reason : rule.holes) {
        for (const std::size_t hole : reason) RC_ASSERT(plan.shown[hole].known);
      }
    }
  }
  return checked;
}

const std::vector<std::string>& vocabulary() {
  static const std::vector<std::string> words{
      "pipeline", "version", "event", "list", "map", "let", "model", "rule", "policy", "test", "on", "when", "pattern", "then", "mode", "if", "missing", "fire",
      "reason", "cooldown", "per", "all", "within", "where", "after", "match", "skip", "past", "last", "limit", "no", "for", "immediately", "prior", "count", "sum",
      "avg", "share", "percentile", "distinct", "since", "start", "delayed", "by", "and", "or", "not", "in", "between", "is", "starts", "with", "matches", "otherwise",
      "else", "true", "at", "late_by", "amount", "customer", "x", "y", "score", "alert", "add", "to", "order", "cap", "given", "expect", "fires", "of", "from", "expires",
      "Payment", "Login", "A001", "EUR", "bool", "int", "money", "decimal", "text", "enum", "time", "\"s\"", "\"{x}\"", "\"{\"", "\"", "1", "0", "2.50", "3%", "7d", "0s",
      "9223372036854775807", "2018-08-08T10:00:00Z", "(", ")", "{", "}", "[", "]", ",", ":", ".", "?", "+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "#", "\n",
      "\t", "\r\n", "$", "\xC3\xA9", "\\", std::string(1, '\0')};
  return words;
}

std::string soup(std::size_t words) {
  std::string text;
  for (std::size_t i = 0; i < words; ++i) text += *rc::gen::elementOf(vocabulary()) + (*rc::gen::weightedElement<bool>({{9, true}, {1, false}}) ? " " : "");
  return text;
}

double seconds_to_check(const std::string& source) {
  const auto begin = std::chrono::steady_clock::now();
  const Checked checked = check(source, "hostile.pawl");
  for (const Diagnostic& diagnostic : checked.diagnostics) CHECK(!render(diagnostic, source, "hostile.pawl").empty());
  if (checked.pipeline) {
    CHECK(!explain(*checked.pipeline).empty());
    CHECK(pawl::rules::make_plan(*checked.pipeline).rules.size() == checked.pipeline->rules.size());
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string repeated(const std::string& text, std::size_t bytes) {
  std::string all;
  while (all.size() + text.size() <= bytes) all += text;
  return all;
}

}  // namespace

TEST_CASE("soup of tokens is never more than a list of problems") {
  CHECK(rc::check("soup alone", [] { check_any(soup(*rc::gen::inRange<std::size_t>(0, 60))); }));
  CHECK(rc::check("soup in an expression", [] {
    check_any(std::string(test::generated_prelude) + "rule r { on Payment when " + soup(*rc::gen::inRange<std::size_t>(0, 20)) + " }");
  }));
  CHECK(rc::check("soup in a rule", [] { check_any(std::string(test::generated_prelude) + "rule r { " + soup(*rc::gen::inRange<std::size_t>(0, 30)) + " }"); }));
}

TEST_CASE("a good pipeline with pieces cut out, doubled, or replaced by soup") {
  CHECK(rc::check("mutations", [] {
    std::string source(*rc::gen::arbitrary<bool>() ? test::cards : test::windows);
    const int mutations = *rc::gen::inRange(1, 5);
    for (int i = 0; i < mutations; ++i) {
      const std::size_t from = *rc::gen::inRange<std::size_t>(0, source.size());
      const std::size_t length = std::min(*rc::gen::inRange<std::size_t>(0, 40), source.size() - from);
      const std::string piece = source.substr(from, length);
      switch (*rc::gen::inRange(0, 3)) {
        case 0: source.erase(from, length); break;
        case 1: source.insert(from, piece); break;
        default: source.replace(from, length, soup(*rc::gen::inRange<std::size_t>(0, 4))); break;
      }
    }
    check_any(source);
  }));
}

TEST_CASE("well-typed expressions are accepted, and printing then reading them again gives the same tree") {
  CHECK(rc::check("round trip", [] {
    const std::string condition = test::Generator().boolean(*rc::gen::inRange(0, 5));
    const std::string shown = test::Generator().text(*rc::gen::inRange(0, 3), true);
    const auto source = [&](const std::string& text) {
      const bool is_plain = shown.find('\\') == std::string::npos;
      return std::string(test::generated_prelude) + "rule r { on Payment when " + text + " then add " + shown + " to names reason A001 \"{" + (is_plain ? test::in_braces(shown) : "device") + "}\" }";
    };
    const Checked first = check_any(source(condition));
    for (const Diagnostic& diagnostic : first.diagnostics) {
      if (diagnostic.severity == Severity::error) RC_FAIL(render(diagnostic, source(condition), "p"));
    }
    const std::string printed = print(*first.pipeline->rules.at(0).when, *first.pipeline);
    const Checked second = check_any(source(printed));
    if (!second.pipeline) RC_FAIL(condition + "\n" + printed + "\n" + render(second.diagnostics.at(0), source(printed), "p"));
    RC_ASSERT(canonical(*first.pipeline->rules[0].when) == canonical(*second.pipeline->rules[0].when));
    RC_ASSERT(print(*second.pipeline->rules[0].when, *second.pipeline) == printed);
  }));
}

TEST_CASE("hostile files of the largest size are refused or checked and planned in bounded time") {
  constexpr std::size_t largest = 500'000;
  const std::string head = test::generated_prelude;
  std::string chain = head;
  for (int i = 0; chain.size() < largest; ++i) chain += "let a" + std::to_string(i) + " = a" + std::to_string(i + 1) + " + 1\n";
  std::string doubled = "let a0 = sum(amount per customer, 1h)\n";
  for (int i = 1; i < 10'000; ++i) doubled += "let a" + std::to_string(i) + " = a" + std::to_string(i - 1) + " + a" + std::to_string(i - 1) + "\n";
  std::string halves = head + "let a0 = customer < 5\n", negations = halves, chosen = halves;
  for (int i = 1; i < 10'000; ++i) halves += "let a" + std::to_string(i) + " = a" + std::to_string(i - 1) + " and a" + std::to_string(i - 1) + "\n";
  for (int i = 1; i < 14'900; ++i) negations += "let a" + std::to_string(i) + "=not not not not a" + std::to_string(i - 1) + "\n";
  for (int i = 1; i < 10'000; ++i) chosen += "let a" + std::to_string(i) + " = a" + std::to_string(i - 1) + " or customer = " + std::to_string(2 * i) + "\n";
  std::string members = "0";
  for (int i = 1; i < 29'000; ++i) members += "," + std::to_string(2 * i);
  const std::string listed = head + "let listed = customer in (" + members + ")\n";
  std::string often = listed, grown = chosen;
  for (int i = 0; i < 4096 && often.size() < largest; ++i) often += "rule r" + std::to_string(i) + " { on Payment when listed and terminal > " + std::to_string(i) + " }\n";
  for (int i = 0; i < 4096 && grown.size() < largest; ++i) grown += "rule r" + std::to_string(i) + "{on Payment when a" + std::to_string(9'999 - i) + "}\n";
  std::string declared = head;
  for (int i = 0; declared.size() < largest; ++i) declared += "let a" + std::to_string(i) + " = count(per customer, " + std::to_string(i + 1) + "s)\n";
  std::string rules = head;
  for (int i = 0; i < 4096 && rules.size() < largest; ++i) rules += "rule r" + std::to_string(i) + " { on Payment when amount > 2.00 and amount < 9.00 and device = \"x\" }\n";
  std::string labels = head + "event E { at: time, x: enum(a";
  for (int i = 0; labels.size() < largest; ++i) labels += ", l" + std::to_string(i);
  const std::string files[] = {
      head + "rule r { on Payment when " + std::string(largest, '('),
      head + "rule r { on Payment when " + repeated("not ", largest),
      head + "rule r { on Payment when " + repeated("- ", largest),
      head + "rule r { on Payment when " + repeated("if ", largest),
      head + doubled + "rule r { on Payment when amount > a9999 }",
      halves + "rule r { on Payment when a9999 }",
      negations + "rule r { on Payment when a14899 }",
      often, grown, listed + "rule r { on Payment when listed or terminal in (" + members + ") }",
      head + "rule r { on Payment when ok" + repeated(" or ok", largest) + " }",
      head + "rule r { on Payment when customer = 1" + repeated(" + 1", largest) + " }",
      head + "rule r { on Payment when customer in (1" + repeated(", 1", largest) + ") }",
      head + repeated("rule r { on Payment when unknown_name > 3 }\n", largest),
      head + repeated("rule r { on ", largest),
      head + repeated("let x = \"{\" ", largest),
      head + "rule r { on Payment when ok " + repeated("reason A001 \"{amount} {x\" ", largest) + "}",
      head + "rule r { on Payment when ok reason A001 \"" + repeated("{amount}", largest) + "\" }",
      head + "rule r { pattern Payment" + repeated(" then Payment", largest) + " within 1h per customer }",
      std::string(largest, '$'), std::string(largest, '\n'), std::string(largest, '"'), repeated("# x\n", largest), std::string(largest, '\0'),
      head + "let " + std::string(largest, 'a') + " = 1", chain + "let a" + std::to_string(1) + "x = 1", declared, rules, labels + ") }",
  };
  for (const std::string& file : files) {
    INFO(file.substr(head.size(), 60));
#ifdef PAWL_SANITIZED
    CHECK(seconds_to_check(file) < 60);
#else
    CHECK(seconds_to_check(file) < 5);
#endif
  }
}
