// Random patterns over random events: the matcher, in batches of 1 to 64 and restarted from rows on the way, against the twin.
// PAWL_LOCKSTEP_SEEDS=n runs n pipelines instead of the few of the suite.
#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "harness.hpp"

using namespace pawl;
using namespace pawl::pattern_test;

namespace {

std::uint64_t seeds() {
  const char* text = std::getenv("PAWL_LOCKSTEP_SEEDS");
#ifdef PAWL_SANITIZED
  constexpr std::uint64_t usual = 40;
#else
  constexpr std::uint64_t usual = 300;
#endif
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

// Writes pipelines of five patterns over two events.
class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  std::string pipeline() {
    std::string text = R"(pipeline "random" version 1
event A { at: time, k: int, g: text(8), v: int, m: money, f: bool, s: text(4), x: float }
event B { at: time, k: int, g: text(8), v: int, m: money, f: bool, s: text(8), x: float }
let twice = 2 * v
let called = if v > 2 then g else "s3"
list hot of int
map named from int to text(4) { 1 = "s1", 2 = "S3", 4 = "" } otherwise "S2"
map factor from text(4) to float { "s1" = 0.5, "s3" = 1.5 }
list names of text(3)
list sums of money
)";
    for (int i = 0; i < 5; ++i) text += "rule r" + std::to_string(i) + " { " + pattern() + " }\n";
    return text;
  }

 private:
  std::uint64_t upto(std::uint64_t n) { return random_() % n; }
  bool chance(std::uint64_t percent) { return upto(100) < percent; }
  template <class Choices>
  std::string one_of(const Choices& choices) { return choices[upto(std::size(choices))]; }
  std::string number() { return std::to_string(upto(5)); }

  struct Named { std::string name; bool repeats; };

  std::string pattern() {
    named_.clear();
    std::string text = "pattern ";
    const std::uint64_t steps = 1 + upto(4);
    timed_ = chance(30);
    for (std::uint64_t i = 0; i < steps; ++i) {
      if (i > 0) text += chance(20) ? " then immediately " : " then ";
      const std::string absent = i > 0 && chance(30) ? negation() : "", come = step(i == 0);
      const bool needed = come.find('?') == std::string::npos && come.find("{0") == std::string::npos;
      if (!absent.empty()) text += absent + ((!timed_ || needed) && chance(30) ? " for " + std::to_string(1 + upto(4)) + "s" : "") + (chance(20) ? " then immediately " : " then ");
      text += come;
    }
    if (timed_) text += (chance(20) ? " then immediately " : " then ") + negation();
    if (timed_ && chance(20)) text += " then " + negation();
    if (timed_ && chance(30)) text += " for " + std::to_string(1 + upto(9)) + "s";
    const std::string keys[] = {"k", "k", "k", "g", "k + g", "f + k", "all"};
    text += " within " + std::to_string(1 + upto(12)) + "s per " + one_of(keys);
    if (chance(25)) text += " where " + bound();
    if (chance(40)) text += " after match skip to next";
    if (chance(40)) text += " limit " + std::to_string(1 + upto(3));
    text += " then score " + value();
    if (chance(30)) text += ", score " + value();
    if (chance(30)) text += " if missing fire";
    return text;
  }

  std::string type() { return chance(50) ? "A" : "B"; }
  std::string negation() { return "no " + type() + "(" + condition() + ")"; }

  std::string step(bool first) {
    const std::string name(1, static_cast<char>('a' + named_.size()));
    std::string text = "step_" + name + ": " + type();
    if (chance(85)) text += "(" + condition() + ")";
    bool repeats = false;
    if (chance(35)) {
      const std::string many[] = {"+", "{2}", "{1,3}", "{2,}", "{3}"};
      const std::string optional[] = {"?", "{0,2}"};
      const bool is_optional = !first && chance(40);
      const std::string how = is_optional ? one_of(optional) : one_of(many);
      repeats = how != "?";
      text += how;
    }
    named_.push_back({"step_" + name, repeats});
    return text;
  }

  std::string free() {
    const std::string choices[] = {"v = " + number(), "v > " + number(), "m < 0.0" + number(), "f", "s = \"s" + number() + "\"", "v is missing", "twice > " + number(), "v <= " + number() + " or f",
                                   "v in hot", "not (s in names)", "m in sums", "called = \"s" + number() + "\"", "(s otherwise \"s3\") in (\"s1\", \"s3\")", "(if f then s else \"s1\") starts with \"s\"",
                                   "max2(s, \"s2\") > \"s2\"", "called in names", "x > 0.5", "named[v] in names", "lower(s) = \"s3\"", "factor[lower(called)] > x", "len(s) = 2",
                                   "km(v, x, 1, 1) < 150.0", "v in " + set()};
    return one_of(choices);
  }
  // Small, or of many members.
  std::string set() {
    if (!chance(10)) return "(" + number() + ", " + number() + ")";
    std::string text = "(7";
    for (int i = 0; i < 200; ++i) text += ", " + std::to_string(3 * i);
    return text + ")";
  }
  std::string condition() {
    if (named_.empty() || chance(50)) return chance(80) ? free() : free() + " and " + free();
    const std::string choices[] = {with_event(), free() + " and " + with_event(), with_event() + " or " + free(), "not (" + with_event() + ")"};
    return one_of(choices);
  }
  const Named& some_step() { return named_[upto(named_.size())]; }
  std::string whole() {
    const Named& step = some_step();
    const std::string over[] = {"count(" + step.name + ")", "sum(" + step.name + ".v)", "first(" + step.name + ".v)", "last(" + step.name + ".v)", "min(" + step.name + ".v)", "max(" + step.name + ".v)", "count(" + step.name + ".v)"};
    return step.repeats || chance(15) ? one_of(over) : step.name + ".v";
  }
  std::string with_event() {
    const Named& step = some_step();
    const std::string read = step.repeats ? "last(" + step.name + ".m)" : step.name + ".m";
    const std::string text = step.repeats ? "first(" + step.name + ".s)" : step.name + ".s";
    const std::string time = step.repeats ? "first(" + step.name + ".at)" : step.name + ".at";
    const std::string average = "avg(" + step.name + ".v)";
    const std::string real = step.repeats ? "last(" + step.name + ".x)" : step.name + ".x";
    const std::string choices[] = {"v > " + whole(), "v = " + whole(), "m >= " + read, "s = " + text, "s > " + text, "at - " + time + " >= 2s", "v > " + average, "2 * v < " + whole() + " + 3",
                                   "twice = " + whole(), "v in (1, " + number() + ") and " + whole() + " > 1", "(" + whole() + " otherwise 2) = v", "v / (" + whole() + ") >= 1", whole() + " between 1 and v",
                                   "if " + whole() + " > 2 then f else v = 1", "share(" + step.name + ".f) > 40%", "abs(v - " + whole() + ") % 3 = 1",
                                   whole() + " in hot", text + " in names", "not (" + read + " in sums)", whole() + " in " + set(), text + " in (\"s0\", \"s3\", \"s9\")",
                                   "min2(" + text + ", s) = \"s1\"", "max2(s, " + text + ") = s", "min2(" + whole() + ", v) = v", "(" + text + " otherwise called) in names",
                                   "(if f then " + text + " else s) = called", text + " starts with \"s\"", "max2(" + text + ", called) in names", "(" + text + " otherwise s) is missing",
                                   "x > " + real, "x + 0.5 <= " + real + " * 2.0", real + " in (0.5, 1.0)", "avg(" + step.name + ".x) < x", "sum(" + step.name + ".x) / x > 1.5", "min(" + step.name + ".x) = x or max(" + step.name + ".x) > 1.5",
                                   "-" + real + " between -x and 0.0", "abs(x - " + real + ") >= 0.5", "lower(" + text + ") = lower(s)", "lower(" + text + ") in names", "len(" + text + ") > len(named[v])",
                                   "named[" + whole() + "] = s", "lower(named[" + whole() + "]) >= called", "factor[lower(" + text + ")] >= x", "(if x > 1.0 then lower(" + text + ") else s) matches \"^s[13]$\"",
                                   "km(v, x, " + whole() + ", " + real + ") < 150.0", "round(v / 2) = floor(" + whole() + " / 2)", "max2(x, " + real + ") = x", "(" + real + " otherwise x) > 0.5"};
    return one_of(choices);
  }
  // At the event that completes the pattern, if one does.
  std::string of_event() const { return timed_ ? "4" : "twice"; }
  std::string bound() {
    const Named& step = some_step();
    const std::string text = step.repeats ? "last(" + step.name + ".s)" : step.name + ".s";
    const std::string choices[] = {whole() + " > " + number(), whole() + " != " + whole(), of_event() + " > " + whole(), whole() + " in hot", "not (" + whole() + " in " + set() + ")", text + " in names",
                                   "min2(" + text + ", \"s2\") < \"s2\"", "3 in hot or " + whole() + " > 1", "\"s1\" in names and not (" + text + " is missing)", "named[" + whole() + "] in names",
                                   "lower(" + text + ") = " + (timed_ ? "\"s1\"" : "called"), "avg(" + step.name + ".x) > 0.5"};
    return one_of(choices);
  }
  std::string value() {
    const std::string choices[] = {"round(" + whole() + " / 2)", "if 2 in hot then 1 else 3", "if (\"s3\" in names) then len(named[" + whole() + "]) else floor(-" + whole() + " / 3)", whole(), "10 * " + whole() + " + " + whole(), "if " + bound() + " then 7 else " + whole(), of_event(), "5", "if " + whole() + " in hot then 3 else 9"};
    return one_of(choices);
  }

  std::mt19937_64 random_;
  std::vector<Named> named_;
  bool timed_ = false;  // the pattern ends with `no`
};

twin::Log events(const language::Pipeline& pipeline, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto chance = [&](std::uint64_t percent) { return random() % 100 < percent; };
  twin::Log log(pipeline);
  Time now = one_second * static_cast<Time>(random() % 100);
  const std::uint64_t keys = 1 + random() % 4;
  for (int i = 0; i < 300; ++i) {
    if (chance(60)) now += one_second * static_cast<Time>(random() % 4);
    if (chance(10)) now += static_cast<Time>(random() % 3) - 1;  // a nanosecond beside
    if (chance(3)) {
      log.append_tick(now);
      continue;
    }
    const std::size_t event = random() % 2;
    const EventSchema& schema = pipeline.events[event];
    std::byte* const slot = log.append(event, chance(5) ? now - 2 * one_second : now);
    const auto number = [&](std::size_t field, std::uint64_t below) {
      if (!chance(7)) write_number(schema, slot, field, static_cast<std::int64_t>(random() % below));
    };
    number(1, keys), number(3, 5), number(4, 5), number(5, 2);
    if (!chance(7)) CHECK(write_text(schema, slot, 2, chance(50) ? "g" : "gg"));
    if (!chance(7)) {
      const std::string letter = chance(20) ? "S" : "s";
      CHECK(write_text(schema, slot, 6, letter + std::to_string(random() % 5)));
    }
    if (!chance(7)) write_number(schema, slot, 7, std::bit_cast<std::int64_t>(static_cast<double>(random() % 5) / 2));
  }
  return log;
}

std::string first_difference(const Findings& expected, const Findings& got) {
  for (Sequence s = 0; s < 400; ++s) {
    const auto a = expected.find(s), b = got.find(s);
    const std::string x = a == expected.end() ? "nothing" : a->second, y = b == got.end() ? "nothing" : b->second;
    if (x != y) return "at " + std::to_string(s) + " twin: " + x + " matcher: " + y;
  }
  return "";
}

}  // namespace

TEST_CASE("the matcher equals the twin") {
  std::size_t fired = 0, notes = 0, drops = 0, timed = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    const std::string source = Writer(seed).pipeline();
    const language::Checked checked = language::check(source, "random.pawl");
    REQUIRE_MESSAGE(checked.pipeline != nullptr, source, language::render(checked.diagnostics.front(), source, "random.pawl"));
    const auto is_left_out = [](const language::Rule& rule) { return !rule.not_evaluated.empty(); };
    REQUIRE_MESSAGE(std::none_of(checked.pipeline->rules.begin(), checked.pipeline->rules.end(), is_left_out), source);
    const twin::Log log = events(*checked.pipeline, seed);
    std::uint64_t dropped = 0, dropped_too = 0;
    const Findings expected = by_twin(*checked.pipeline, log, &dropped);
    const std::uint64_t batch_max = seed % 4 == 0 ? 1 : seed % 4 == 1 ? 64 : 1 + seed % 64;
    const Findings got = by_matcher(*checked.pipeline, log, seed, batch_max, seed % 3 == 0 ? 0 : seed % 3 == 1 ? 2 : 7, &dropped_too);
    REQUIRE_MESSAGE(got == expected, "seed ", seed, " batches up to ", batch_max, "\n", source, first_difference(expected, got));
    CHECK(dropped_too == dropped);
    drops += dropped;
    for (const auto& [sequence, what] : expected) {
      fired += static_cast<std::size_t>(std::count(what.begin(), what.end(), '='));
      notes += static_cast<std::size_t>(std::count(what.begin(), what.end(), '?'));
      timed += static_cast<std::size_t>(std::count(what.begin(), what.end(), '@'));
    }
  }
  // What was compared is not nothing.
  CHECK(fired > 50 * seeds());
  CHECK(timed > 5 * seeds());
  CHECK(2 * notes > seeds());
  CHECK(2 * drops > seeds());
}
