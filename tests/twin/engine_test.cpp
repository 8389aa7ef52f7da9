// The twin against cases worked out by hand from the language's manual. The twin is the oracle of everything else: here is why to trust it.
#include "tests/twin/engine.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "pawl/core/language/check.hpp"
#include "tests/twin/log.hpp"
#include "tests/twin/print.hpp"

using namespace pawl;
using twin::Datum;

namespace {

constexpr Duration s = one_second;
constexpr std::nullopt_t no = std::nullopt;
using Maybe = std::optional<std::int64_t>;

// A pipeline of one event type, and another that shares its key.
struct Bench {
  std::unique_ptr<const language::Pipeline> pipeline;
  std::optional<twin::Log> log;
  std::optional<twin::Engine> engine;
  twin::Outcome last;

  explicit Bench(const std::string& rest) {
    const std::string source = "pipeline \"t\" version 1\n"
                               "event E { at: time, key: int, x: int, flag: bool, other: bool, m: money, text: text(8) }\n"
                               "event F { at: time, key: int }\n" + rest;
    language::Checked checked = language::check(source, "t.pawl");
    std::string problems;
    for (const auto& diagnostic : checked.diagnostics) problems += language::render(diagnostic, source, "t.pawl");
    REQUIRE_MESSAGE(checked.pipeline, problems);
    pipeline = std::move(checked.pipeline);
    log.emplace(*pipeline);
    engine.emplace(*pipeline);
    last = engine->step(0, log->slot(0));
  }

  struct Fields { Maybe key, x, flag, other, m; std::optional<std::string> text; };

  const twin::Outcome& e(Time at, const Fields& fields) {
    const EventSchema& schema = pipeline->events[0];
    std::byte* slot = log->append(0, at);
    const Maybe numbers[] = {fields.key, fields.x, fields.flag, fields.other, fields.m};
    for (std::size_t i = 0; i < std::size(numbers); ++i) {
      if (numbers[i]) write_number(schema, slot, i + 1, *numbers[i]);
    }
    if (fields.text) REQUIRE(write_text(schema, slot, 6, *fields.text));
    return last = engine->step(log->last(), slot);
  }
  const twin::Outcome& e(Time at, Maybe key, Maybe x = no) { return e(at, Fields{key, x, no, no, no, no_text}); }
  const twin::Outcome& flags(Maybe flag, Maybe other) { return e(0, Fields{1, no, flag, other, no, no_text}); }
  const twin::Outcome& f(Time at, Maybe key) {
    std::byte* slot = log->append(1, at);
    if (key) write_number(pipeline->events[1], slot, 1, *key);
    return last = engine->step(log->last(), slot);
  }
  const twin::Outcome& tick(Time at) {
    log->append_tick(at);
    return last = engine->step(log->last(), log->slot(log->last()));
  }

  // A let of the last event, exact: "missing", "7", "11/20".
  std::string let(const std::string& name) const {
    for (std::size_t i = 0; i < pipeline->lets.size(); ++i) {
      if (pipeline->lets[i].name == name) return twin::describe(pipeline->lets[i].expr->type, last.lets[i]);
    }
    FAIL("no let ", name);
    return {};
  }
  std::string names(const std::vector<std::size_t>& rules) const {
    std::string text;
    for (const std::size_t rule : rules) text.append(text.empty() ? "" : " ").append(pipeline->rules[rule].name);
    return text;
  }

  static constexpr std::optional<std::string> no_text = std::nullopt;
};

}  // namespace

TEST_CASE("a window is open on the left and closed on the right, and holds its own event") {
  Bench bench("let n = count(per key, 10s on E)\nlet total = sum(x per key, 10s)\n");
  bench.e(0, 1, 5);
  CHECK(bench.let("n") == "1");
  CHECK(bench.let("total") == "5");
  bench.e(10 * s - 1, 1, 7);
  CHECK(bench.let("n") == "2");
  CHECK(bench.let("total") == "12");
  bench.e(10 * s, 1, 1);  // the first stands exactly on the open edge
  CHECK(bench.let("n") == "2");
  CHECK(bench.let("total") == "8");
  bench.e(20 * s - 2, 1);
  CHECK(bench.let("n") == "3");
  bench.e(20 * s - 1, 2);  // another key sees nothing of it
  CHECK(bench.let("n") == "1");
  bench.e(20 * s - 1, 1);
  CHECK(bench.let("n") == "3");
}

TEST_CASE("a delayed window moves both edges") {
  Bench bench("let n = count(per key, 10s delayed 5s on E)\n");
  bench.e(100 * s, 1);
  CHECK(bench.let("n") == "0");  // not even itself
  bench.e(105 * s - 1, 1);
  CHECK(bench.let("n") == "0");
  bench.e(105 * s, 1);  // the first stands on the closed edge
  CHECK(bench.let("n") == "1");
  bench.e(115 * s - 1, 1);
  CHECK(bench.let("n") == "3");
  bench.e(115 * s, 1);  // the first stands on the open edge
  CHECK(bench.let("n") == "2");
}

TEST_CASE("prior leaves out the event itself, not others of the same time") {
  Bench bench("let before = prior count(per key, 10s on E)\nlet value = prior last(x per key, since start)\n");
  bench.e(0, 1, 3);
  CHECK(bench.let("before") == "0");
  CHECK(bench.let("value") == "missing");
  bench.e(0, 1, 4);
  CHECK(bench.let("before") == "1");
  CHECK(bench.let("value") == "3");
  bench.e(0, 1);
  CHECK(bench.let("before") == "2");
  CHECK(bench.let("value") == "4");
  bench.e(10 * s, 1);
  CHECK(bench.let("before") == "0");
  CHECK(bench.let("value") == "4");  // the missing value between is skipped
}

TEST_CASE("a late event stands at the effective time; `at` stays what it was") {
  Bench bench("let n = count(per key, 10s on E)\nlet late = late_by\nlet last_at = prior last(at per key, since start on E)\nlet since = at - last_at\n");
  bench.e(100 * s, 1);
  bench.e(50 * s, 1);
  CHECK(bench.last.effective_time == 100 * s);
  CHECK(bench.let("n") == "2");
  CHECK(bench.let("late") == std::to_string(50 * s));
  CHECK(bench.let("since") == std::to_string(-50 * s));
  bench.e(110 * s - 1, 1);  // both stand at 100 s
  CHECK(bench.let("n") == "3");
  CHECK(bench.let("late") == "0");
  CHECK(bench.let("since") == std::to_string(60 * s - 1));
  bench.e(110 * s, 1);
  CHECK(bench.let("n") == "2");
}

TEST_CASE("ticks are inputs without outcome, and do not advance the effective time") {
  Bench bench("let n = count(per key, 10s on E)\n");
  bench.e(100 * s, 1);
  CHECK_FALSE(bench.tick(900 * s).is_event);
  CHECK(bench.e(101 * s, 1).sequence == 3);
  CHECK(bench.last.effective_time == 101 * s);
  CHECK(bench.let("n") == "2");
}

TEST_CASE("last N takes matching events, then skips missing values") {
  Bench bench("let total = sum(x per key, last 2)\nlet before = prior sum(x per key, last 2)\nlet known = count(x per key, last 2)\n"
              "let big = sum(x per key, last 2 where x > 5)\nlet delayed = sum(x per key, last 2 delayed 10s)\n");
  bench.e(0, 1, 1);
  CHECK(bench.let("total") == "1");
  CHECK(bench.let("before") == "0");
  bench.e(1 * s, 1, 10);
  bench.e(2 * s, 1, 100);
  CHECK(bench.let("total") == "110");
  CHECK(bench.let("before") == "11");
  CHECK(bench.let("big") == "110");
  CHECK(bench.let("delayed") == "0");
  bench.e(3 * s, 1);  // counts as one of the two
  CHECK(bench.let("total") == "100");
  CHECK(bench.let("known") == "1");
  CHECK(bench.let("before") == "110");
  CHECK(bench.let("big") == "110");  // does not match `where`
  bench.e(12 * s, 1, 3);             // up to 2 s
  CHECK(bench.let("delayed") == "110");
  bench.e(11 * s, 1, 3);             // late: also as of 12 s
  CHECK(bench.let("delayed") == "110");
  CHECK(bench.let("total") == "6");
}

TEST_CASE("an event whose key has a missing part is in no window and reads an empty one") {
  Bench bench("let n = count(per key, 10s on E)\nlet total = sum(m per key, since start)\nlet mean = avg(m per key, 10s)\n"
              "let pair = count(per key + x, 10s)\nlet of_all = count(per all, 10s on E)\n");
  bench.e(0, {1, 2, no, no, 100, {}});
  bench.e(0, {no, 2, no, no, 50, {}});
  CHECK(bench.let("n") == "0");
  CHECK(bench.let("total") == "0");
  CHECK(bench.let("mean") == "missing");
  CHECK(bench.let("pair") == "0");
  CHECK(bench.let("of_all") == "2");
  bench.e(0, {1, no, no, no, 40, {}});
  CHECK(bench.let("n") == "2");
  CHECK(bench.let("total") == "140");
  CHECK(bench.let("mean") == "70");
  CHECK(bench.let("pair") == "0");
  bench.e(0, {1, 2, no, no, no, {}});
  CHECK(bench.let("pair") == "2");
  CHECK(bench.let("mean") == "70");  // a missing value is skipped
  CHECK(bench.let("n") == "3");      // and counted where no value is asked for
}

TEST_CASE("missing values: counted without, skipped with an expression; `where` needs true") {
  Bench bench("let n = count(x per key, 10s)\nlet d = distinct(x per key, 10s)\nlet risk = share(flag per key, 10s)\n"
              "let frauds = count(per key, 10s where flag)\nlet l = last(x per key, 10s)\n");
  bench.e(0, {1, 7, 1, no, no, {}});
  bench.e(0, {1, 7, 0, no, no, {}});
  bench.e(0, {1, no, no, no, no, {}});
  CHECK(bench.let("n") == "2");
  CHECK(bench.let("d") == "1");
  CHECK(bench.let("risk") == "1/2");
  CHECK(bench.let("frauds") == "1");
  CHECK(bench.let("l") == "7");
}

TEST_CASE("empty windows: count, sum, distinct are 0, all others missing") {
  Bench bench("let c = prior count(per key, 1s on E)\nlet t = prior sum(x per key, 1s)\nlet d = prior distinct(x per key, 1s)\n"
              "let a = prior avg(x per key, 1s)\nlet r = prior share(flag per key, 1s)\nlet l = prior last(x per key, 1s)\n"
              "let or_zero = r otherwise 0\nlet chain = a otherwise l otherwise 5\n");
  bench.e(0, 1, 3);
  for (const char* zero : {"c", "t", "d", "or_zero"}) CHECK_MESSAGE(bench.let(zero) == "0", zero);
  for (const char* none : {"a", "r", "l"}) CHECK_MESSAGE(bench.let(none) == "missing", none);
  CHECK(bench.let("chain") == "5");
}

TEST_CASE("Kleene's tables") {
  Bench bench("let conj = flag and other\nlet disj = flag or other\nlet inv = not flag\n");
  const struct { Maybe a, b; const char *conj, *disj, *inv; } table[] = {
      {0, 0, "0", "0", "1"},       {0, 1, "0", "1", "1"},       {0, no, "0", "missing", "1"},
      {1, 0, "0", "1", "0"},       {1, 1, "1", "1", "0"},       {1, no, "missing", "1", "0"},
      {no, 0, "0", "missing", "missing"}, {no, 1, "missing", "1", "missing"}, {no, no, "missing", "missing", "missing"}};
  for (const auto& row : table) {
    bench.flags(row.a, row.b);
    CHECK(bench.let("conj") == row.conj);
    CHECK(bench.let("disj") == row.disj);
    CHECK(bench.let("inv") == row.inv);
  }
}

TEST_CASE("ratios are exact at the boundary") {
  Bench bench("let risk = share(flag per key, 1d)\n"
              "rule more { on E when risk > 55% then alert }\nrule or_equal { on E when risk >= 55% then alert }\n"
              "rule equal { on E when risk = 0.55 then alert }\nrule third { on E when avg(x per key, 1d) * 3 = 1 then alert }\n");
  for (int i = 0; i < 20; ++i) bench.e(i, {1, no, i < 11, no, no, {}});
  CHECK(bench.let("risk") == "11/20");
  CHECK(bench.names(bench.last.fired) == "or_equal equal");
  bench.e(20, {1, no, 1, no, no, {}});
  CHECK(bench.names(bench.last.fired) == "more or_equal");
  for (const std::int64_t x : {0, 0, 1}) bench.e(21, {2, x, 0, no, no, {}});
  CHECK(bench.names(bench.last.fired) == "third");
}

TEST_CASE("division by zero and overflow are missing, and counted") {
  Bench bench("let q = 1 / x\nlet p = x * x\nlet r = 7 % x\nlet t = sum(x per key, 1d)\nlet a = avg(x per key, 1d)\nlet n = -x\nlet saved = p otherwise -1\n");
  bench.e(0, 1, 0);
  CHECK(bench.let("q") == "missing");
  CHECK(bench.let("r") == "missing");
  CHECK(bench.let("p") == "0");
  CHECK(bench.engine->counters().divisions_by_zero == 2);
  CHECK(bench.engine->counters().overflows == 0);
  bench.e(0, 2, INT64_MIN);
  CHECK(bench.let("p") == "missing");
  CHECK(bench.let("saved") == "-1");
  CHECK(bench.let("n") == "missing");
  CHECK(bench.let("t") == std::to_string(INT64_MIN));
  CHECK(bench.let("r") == "7");
  bench.e(0, 2, -1);
  CHECK(bench.let("t") == "missing");
  CHECK(bench.let("a") == "missing");
  CHECK(bench.let("r") == "0");
  bench.e(0, 2, 1);  // the sum itself was never cut off
  CHECK(bench.let("t") == std::to_string(INT64_MIN));
  CHECK(bench.engine->counters().overflows > 0);
}

TEST_CASE("money and ratios keep their units") {
  Bench bench("let twice = 2 * m\nlet part = m * 3%\nlet unit = m / x\nlet share_of = m / (m + 1.00)\nlet least = min2(m, avg(m per key, last 2))\n");
  bench.e(0, {1, 3, no, no, 100, {}});
  CHECK(bench.let("twice") == "200");
  CHECK(bench.let("part") == "3");
  CHECK(bench.let("unit") == "100/3");
  CHECK(bench.let("share_of") == "1/2");
  bench.e(0, {1, 3, no, no, 201, {}});
  CHECK(bench.let("least") == "301/2");
}

TEST_CASE("calls, choices, ranges and sets") {
  Bench bench("let hour = hour_of(at)\nlet day = weekday_of(at)\nlet size = if x > 10 then 2 else 1\nlet far = abs(x)\n"
              "let mid = x between 1 and 3\nlet some = x in (1, 5)\nlet ab = text starts with \"ab\"\nlet gone = text is missing\n"
              "let h = hours(late_by)\nlet least = min2(x, 4)\n");
  bench.e(-1, {1, 3, no, no, no, "abc"});  // 1969-12-31T23:59:59.999999999Z, a Wednesday
  CHECK(bench.let("hour") == "23");
  CHECK(bench.let("day") == "3");
  CHECK(bench.let("size") == "1");
  CHECK(bench.let("mid") == "1");
  CHECK(bench.let("some") == "0");
  CHECK(bench.let("ab") == "1");
  CHECK(bench.let("gone") == "0");
  bench.e(1'533'722'400 * s, {1, -11, no, no, no, "a"});  // 2018-08-08T10:00:00Z, a Wednesday
  CHECK(bench.let("hour") == "10");
  CHECK(bench.let("day") == "3");
  CHECK(bench.let("far") == "11");
  CHECK(bench.let("mid") == "0");
  CHECK(bench.let("ab") == "0");
  CHECK(bench.let("least") == "-11");
  bench.e(1'533'722'400 * s - 5400 * s, 1);
  CHECK(bench.let("h") == "3/2");
  for (const char* none : {"size", "far", "mid", "some", "ab", "least"}) CHECK_MESSAGE(bench.let(none) == "missing", none);
  CHECK(bench.let("gone") == "1");
}

TEST_CASE("a window can be read at events that are not in it") {
  Bench bench("let n = count(per key, 10s on E)\nlet both = count(per key, 10s on E, F)\nlet small = count(per key, 10s on E where x < 5)\n"
              "let total = sum(x per key, 10s)\nlet own = x * 2\n");
  bench.e(0, 1, 3);
  bench.f(1 * s, 1);
  CHECK(bench.let("n") == "1");
  CHECK(bench.let("both") == "2");
  CHECK(bench.let("total") == "3");
  CHECK(bench.let("own") == "missing");  // F has no x
  bench.e(2 * s, 1, 9);                  // not in the window it reads
  CHECK(bench.let("small") == "1");
  CHECK(bench.let("both") == "3");
}

TEST_CASE("rules fire on true alone; missing fires where asked; shadow and off act on nothing") {
  Bench bench("rule plain { on E when flag then score 1 }\nrule closed { on E when flag then score 2 if missing fire }\n"
              "rule shade { on E when flag then score 4 mode shadow }\nrule none { on E when flag then score 8 mode off }\n"
              "rule of_f { on F when true then score 16 }\nrule twice { on E when other then score x, score 32 }\n");
  bench.flags(1, 0);
  CHECK(bench.names(bench.last.fired) == "plain closed");
  CHECK(bench.names(bench.last.shadow) == "shade");
  CHECK(bench.names(bench.last.missing) == "");
  CHECK(bench.last.score == 3);
  CHECK(bench.last.decision == "approve");
  bench.flags(0, no);
  CHECK(bench.names(bench.last.fired) == "");
  CHECK(bench.names(bench.last.missing) == "twice");
  CHECK(bench.last.score == 0);
  bench.flags(no, 1);  // x is missing: its score adds nothing
  CHECK(bench.names(bench.last.fired) == "closed twice");
  CHECK(bench.names(bench.last.missing) == "plain closed shade");
  CHECK(bench.last.score == 34);
  bench.f(0, 1);
  CHECK(bench.names(bench.last.fired) == "of_f");
  CHECK(bench.last.score == 16);
}

TEST_CASE("rows of the decisions and features files") {
  const std::string source = "pipeline \"rows\" version 1\nevent P { id: text(8), at: time, key: int, m: money, flag: bool }\n"
                             "let mean = avg(m per key, 1d)\nlet total = sum(m per key, 1d)\nlet risk = share(flag per key, 1d)\nlet big = m > 1.00\n"
                             "let name = at\nrule a { on P when flag then score 3 }\nrule b { on P when big then score 4 }\n";
  const language::Checked checked = language::check(source, "rows.pawl");
  REQUIRE(checked.pipeline);
  const EventSchema& schema = checked.pipeline->events[0];
  twin::Log log(*checked.pipeline);
  twin::Engine engine(*checked.pipeline);
  const auto add = [&](const char* id, std::int64_t m, Maybe flag) {
    std::byte* slot = log.append(0, 1'533'722'400 * s);
    REQUIRE(write_text(schema, slot, 0, id));
    write_number(schema, slot, 2, 1);
    write_number(schema, slot, 3, m);
    if (flag) write_number(schema, slot, 4, *flag);
    return engine.step(log.last(), slot);
  };
  CHECK(twin::decisions_header() == "sequence,id,decision,score,rules\n");
  CHECK(twin::features_header(*checked.pipeline) == "sequence,id,mean,total,risk,big,name\n");
  const twin::Outcome first = add("x,1", 57, no);
  CHECK(twin::decisions_row(*checked.pipeline, first) == "1,\"x,1\",approve,0,\n");
  CHECK(twin::features_row(*checked.pipeline, first) == "1,\"x,1\",0.57,0.57,,0,2018-08-08T10:00:00Z\n");
  const twin::Outcome second = add("y", 12'345, 1);
  CHECK(twin::decisions_row(*checked.pipeline, second) == "2,y,approve,7,a;b\n");
  CHECK(twin::features_row(*checked.pipeline, second) == "2,y,62.01,124.02,1,1,2018-08-08T10:00:00Z\n");
  const twin::Outcome third = add("z", 100, 0);
  CHECK(twin::features_row(*checked.pipeline, third) == "3,z,41.67333333333333,125.02,0.5,0,2018-08-08T10:00:00Z\n");
  CHECK(log.to_csv(0) == "id,at,key,m,flag\n\"x,1\",2018-08-08T10:00:00Z,1,0.57,\ny,2018-08-08T10:00:00Z,1,123.45,1\nz,2018-08-08T10:00:00Z,1,1.00,0\n");
}
