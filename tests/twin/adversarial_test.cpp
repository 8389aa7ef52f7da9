// The adversarial set is judged by what it finds: every planted mistake in a pipeline must be seen, and shrunk to a few inputs.
#include "tests/twin/adversarial.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "pawl/core/language/check.hpp"
#include "tests/twin/lockstep.hpp"
#include "tests/twin/own.hpp"
#include "tests/twin/print.hpp"

using namespace pawl;
namespace adversarial = twin::adversarial;
namespace lockstep = twin::lockstep;

namespace {

std::unique_ptr<const language::Pipeline> check(const std::string& source) {
  const Operators operators = twin::own_operators();
  language::Checked checked = language::check(source, "planted.pawl", nullptr, &operators);
  std::string problems;
  for (const auto& diagnostic : checked.diagnostics) problems += language::render(diagnostic, source, "planted.pawl");
  REQUIRE_MESSAGE(checked.pipeline, problems);
  // They provoke some advice on purpose, but nothing in them may be left out.
  const auto left_out = [](const language::Diagnostic& diagnostic) { return diagnostic.code == "W300"; };
  CHECK_MESSAGE(std::none_of(checked.diagnostics.begin(), checked.diagnostics.end(), left_out), problems);
  return std::move(checked.pipeline);
}

adversarial::Options options_for(std::string_view name, std::uint64_t seed) {
  adversarial::Options options{.seed = seed};
  options.extreme_numbers = name == "extremes";
  options.extreme_times = name == "extremes" || seed % 4 == 3;
  options.missing_percent = name == "logic" ? 25 : 5 + static_cast<unsigned>(seed % 3) * 5;
  return options;
}

// A "fast engine" that is the twin itself, over a pipeline in which one text was replaced by another.
struct Mistake { std::string from, to; };
Mistake planted;

class PlantedAdapter {
 public:
  static constexpr lockstep::Compare compare = lockstep::Compare::decisions;
  explicit PlantedAdapter(const twin::Engine& original) : pipeline_(check(changed(original.pipeline().source))), engine_(*pipeline_) {}

  void feed(const twin::Log& log, Sequence first, Sequence last, std::vector<twin::Outcome>& out) {
    for (Sequence s = first; s <= last; ++s) out.push_back(engine_.step(s, log.slot(s)));
  }

 private:
  static std::string changed(std::string source) {
    if (planted.from.empty()) return source;
    const std::size_t at = source.find(planted.from);
    REQUIRE_MESSAGE(at != std::string::npos, planted.from);
    return source.replace(at, planted.from.size(), planted.to);
  }
  std::unique_ptr<const language::Pipeline> pipeline_;
  twin::Engine engine_;
};

class FeaturesAdapter {
 public:
  static constexpr lockstep::Compare compare = lockstep::Compare::features;
  explicit FeaturesAdapter(const twin::Engine& original) : original_(original), engine_(original.pipeline()) {}

  void feed(const twin::Log& log, Sequence first, Sequence last, std::vector<twin::Outcome>& out) {
    for (Sequence s = first; s <= last; ++s) {
      out.push_back(engine_.step(s, log.slot(s)));
      const std::size_t broken = original_.aggregate_count() - 1;
      if (s == 500) out.back().aggregates[broken] = twin::Datum::of(std::int64_t{-1});
    }
  }

 private:
  const twin::Engine& original_;
  twin::Engine engine_;
};

struct Planted { std::string_view pipeline; std::string from, to; };

// What the twin says of the log of one seed, for all mistakes.
struct Original {
  Original(std::string_view name, std::uint64_t seed) : pipeline(adversarial::load(name)), log(adversarial::generate(*pipeline, options_for(name, seed))), expected(*pipeline, log) {}
  std::unique_ptr<const language::Pipeline> pipeline;
  twin::Log log;
  lockstep::Expected expected;
};

const Original& original(std::string_view name, std::uint64_t seed) {
  static std::map<std::pair<std::string_view, std::uint64_t>, Original> originals;
  return originals.try_emplace({name, seed}, name, seed).first->second;
}

std::optional<lockstep::Difference> differs(std::string_view name, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Original& of = original(name, seed);
    if (auto found = lockstep::first_difference<PlantedAdapter>(of.expected, of.log, 0)) return found;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("all of the pipelines is evaluated, and the same seed gives the same log") {
  for (const std::string_view name : adversarial::pipeline_names) {
    const auto pipeline = check(adversarial::pipeline_source(name));
    const twin::Log a = adversarial::generate(*pipeline, options_for(name, 7)), b = adversarial::generate(*pipeline, options_for(name, 7));
    const twin::Log c = adversarial::generate(*pipeline, options_for(name, 8));
    REQUIRE(a.last() == b.last());
    bool same = true, other = false;
    for (Sequence s = 0; s <= a.last(); ++s) same = same && a.describe(s) == b.describe(s);
    for (Sequence s = 0; s <= std::min(a.last(), c.last()); ++s) other = other || a.describe(s) != c.describe(s);
    CHECK(same);
    CHECK(other);
  }
}

TEST_CASE("the logs reach what they aim at: every let has and lacks values, every rule fires and does not") {
  for (const std::string_view name : adversarial::pipeline_names) {
    CAPTURE(name);
    const auto pipeline = adversarial::load(name);
    std::map<std::string, std::set<std::string>> values;
    std::set<std::size_t> fired, shadow, missing;
    std::size_t ties = 0, late = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const twin::Log log = adversarial::generate(*pipeline, options_for(name, seed));
      twin::Engine engine(*pipeline);
      std::set<Time> times;
      for (Sequence s = 0; s <= log.last(); ++s) {
        const twin::Outcome outcome = engine.step(s, log.slot(s));
        for (const twin::Timed& timed : outcome.timed) {
          if (timed.fired) fired.insert(timed.rule);
          if (timed.shadow) shadow.insert(timed.rule);
        }
        if (!outcome.is_event) continue;
        for (std::size_t i = 0; i < outcome.lets.size(); ++i) {
          values[pipeline->lets[i].name].insert(twin::describe(pipeline->lets[i].expr->type, outcome.lets[i]));
        }
        fired.insert(outcome.fired.begin(), outcome.fired.end());
        shadow.insert(outcome.shadow.begin(), outcome.shadow.end());
        missing.insert(outcome.missing.begin(), outcome.missing.end());
        late += outcome.effective_time > log.header(s).at;
        if (outcome.effective_time > INT64_MIN + 10 * one_second) ties += times.contains(outcome.effective_time - 10 * one_second);
        times.insert(outcome.effective_time);
      }
    }
    CHECK(ties > 20);
    CHECK(late > 100);
    for (const auto& [let, seen] : values) CHECK_MESSAGE(seen.size() >= 2, let, " is always ", *seen.begin());
    for (std::size_t rule = 0; rule < pipeline->rules.size(); ++rule) {
      const language::RuleMode mode = pipeline->rules[rule].mode;
      const bool shared = mode == language::RuleMode::live_percent;
      CHECK_MESSAGE(fired.contains(rule) == (mode == language::RuleMode::live || shared), pipeline->rules[rule].name);
      CHECK_MESSAGE(shadow.contains(rule) == (mode == language::RuleMode::shadow || (shared && pipeline->rules[rule].live_percent < 100)), pipeline->rules[rule].name);
    }
    CHECK(missing.size() >= 3);
  }
}

TEST_CASE("equal engines do not differ, whatever the batches") {
  planted = {};
  for (const std::string_view name : adversarial::pipeline_names) {
    const auto pipeline = adversarial::load(name);
    const twin::Log log = adversarial::generate(*pipeline, options_for(name, 11));
    CHECK_FALSE(lockstep::first_difference<PlantedAdapter>(*pipeline, log, 0));
    CHECK_FALSE(lockstep::first_difference<PlantedAdapter>(*pipeline, log, 99));
  }
}

namespace {

const Planted expression_mistakes[] = {
    // Edges, by the nanosecond.
    {"edges", "let count_10s         = count(per customer, 10s)", "let count_10s         = count(per customer, 10000000001ns)"},
    {"edges", "let count_10s         = count(per customer, 10s)", "let count_10s         = count(per customer, 9999999999ns)"},
    {"edges", "sum(amount per customer, 10s delayed 10s)", "sum(amount per customer, 10s delayed 9999999999ns)"},
    {"edges", "sum(amount per customer, 10s delayed 10s)", "sum(amount per customer, 10s delayed 10000000001ns)"},
    {"edges", "avg(amount per customer, 1m)", "avg(amount per customer, 60000000001ns)"},
    {"edges", "count(per customer, 1h)", "count(per customer, 3600000000001ns)"},
    {"edges", "distinct(customer per terminal, 1h delayed 1m)", "distinct(customer per terminal, 3600000000001ns delayed 1m)"},
    {"edges", "late_last_2       = sum(amount per customer, last 2 delayed 10s)", "late_last_2       = sum(amount per customer, last 2 delayed 10000000001ns)"},
    {"edges", "since start delayed 10s", "since start delayed 9999999999ns"},
    // What is in the window.
    {"edges", "prior count(per customer, 10s)", "count(per customer, 10s)"},
    {"edges", "sum(amount per customer, last 3)", "sum(amount per customer, last 4)"},
    {"edges", "prior avg(amount per customer, last 3)", "avg(amount per customer, last 3)"},
    {"edges", "count(amount per customer, 1m)", "count(per customer, 1m)"},
    {"edges", "where fraud and amount >= 1.00", "where fraud and amount > 1.00"},
    {"edges", "count(per customer + terminal, 1m)", "count(per customer, 1m)"},
    {"edges", "avg(amount per all, last 7)", "avg(amount per all, last 8)"},
    {"edges", "let since_last        = at - ", "let since_last        = at + late_by - "},
    {"types", "distinct(customer per device, 1m on Payment, Login)", "distinct(customer per device, 1m on Login)"},
    {"types", "count(per customer, 1m on Payment, Login, Transfer)", "count(per customer, 1m on Payment, Login)"},
    {"types", "count(per channel + device, 1m on Payment)", "count(per device, 1m on Payment)"},
    {"types", "where device starts with \"ab\"", "where device starts with \"abc\""},
    {"types", "prior share(ok per device, last 4)", "prior share(ok per device, last 5)"},
    {"chosen", "let first_10s         = first(", "let first_10s         = last("},
    {"chosen", "min(amount per customer, last 3)", "min(amount per customer, last 4)"},
    {"chosen", "let middle_1m         = median(", "let middle_1m         = percentile 51 ("},
    {"chosen", "let decayed_1m        = ewma(amount per customer, 1m)", "let decayed_1m        = ewma(amount per customer, 60000000001ns)"},
    {"chosen", "let decayed_late      = ewma(amount per terminal, 7s delayed 10s)", "let decayed_late      = ewma(amount per terminal, 7s delayed 9999999999ns)"},
    {"chosen", "let low_1m            = percentile 25", "let low_1m            = percentile 26"},
    {"chosen", "median(amount per customer, 10s delayed 10s)", "median(amount per customer, 10s delayed 9999999999ns)"},
    {"chosen", "let middle_last_5     = median(amount per customer, last 5)", "let middle_last_5     = median(amount per customer, last 4)"},
    {"chosen", "max(amount per customer, 1h)", "max(amount per customer, 3600000000001ns)"},
    {"chosen", "let spread_last_3     = stddev(amount per customer, last 3)", "let spread_last_3     = stddev(amount per customer, last 4)"},
    {"chosen", "prior max(amount per customer, 1m)", "max(amount per customer, 1m)"},
    {"chosen", "let pace              = rate(per", "let pace              = rate(amount per"},
    // Exact comparisons.
    {"edges", "risk > 55% then", "risk >= 55% then"},
    {"edges", "risk_now >= 50%", "risk_now > 50%"},
    {"edges", "risk_now * 3 = 1", "risk_now = 33.33%"},
    {"edges", "since_last <= 10s", "since_last < 10s"},
    {"types", "online_share >= 50%", "online_share > 50%"},
    {"types", "to_due between 1s and 10s", "to_due between 1000000001ns and 10s"},
    {"types", "to_due between 1s and 10s", "to_due between 1s and 9999999999ns"},
    // Missing values.
    {"logic", "urgent or hidden\nlet neither", "not (not urgent and not hidden)\nlet neither"},  // equal: see below
    {"logic", "let both        = urgent and hidden", "let both        = if urgent then hidden else false"},
    {"logic", "let either      = urgent or hidden", "let either      = if urgent then true else hidden"},
    {"logic", "(limit - price) otherwise 0.00", "(limit - price) otherwise 0.01"},
    {"logic", "if missing fire }\nrule skip", "if missing skip }\nrule skip"},
    {"logic", "hidden is missing)", "hidden is not missing)"},
    {"logic", "qty not in (1, 2, 3, 5)", "not (qty in (1, 2, 3, 5) or qty is missing)"},
    {"logic", "price between limit and 220.00", "price between limit and 219.99"},
    {"logic", "last 6 where qty % 2 = 1", "last 6 where qty % 2 != 0"},
    {"logic", "mode shadow }\nrule shadow_missing", "mode off }\nrule shadow_missing"},
    // Panes.
    {"panes", "let count_1m      = count(per customer, 1m by 10s)", "let count_1m      = count(per customer, 1m)"},
    {"panes", "let count_one     = count(per customer, 10s by 10s)", "let count_one     = count(per customer, 10s by 5s)"},
    {"panes", "10s by 10s delayed 3s", "10s by 10s delayed 10000000001ns"},
    {"panes", "max(amount per customer, 20s by 10s)", "max(amount per customer, 20s by 20s)"},
    {"panes", "share(fraud per terminal, 1m by 10s delayed 10s)", "share(fraud per terminal, 1m by 10s delayed 11s)"},
    {"panes", "let spread_late   = prior stddev(amount per customer, 1m by 1s delayed 10s)", "let spread_late   = stddev(amount per customer, 1m by 1s)"},
    // Numbers that do not fit.
    {"extremes", "let middle_f     = median(", "let middle_f     = percentile 60 ("},
    {"extremes", "let float_values = distinct(f per key, 1m)", "let float_values = count(f per key, 1m)"},
    {"extremes", "a * b / b", "a * 1 / 1"},
    {"extremes", "a / 3 = b / 3", "a - b between -1 and 1"},
    {"extremes", "let cubes        = quotient * quotient * quotient", "let cubes        = quotient * 1"},
    {"extremes", "avg_a * 3 >= b", "avg_a * 3 > b"},
};

}  // namespace

TEST_CASE("planted mistakes are found") {
  const std::string equal = "not (not urgent and not hidden)\nlet neither";
  for (const Planted& mistake : expression_mistakes) {
    planted = {mistake.from, mistake.to};
    const auto found = differs(mistake.pipeline, mistake.to == equal ? 2 : 8);
    if (mistake.to == equal) {
      CHECK_FALSE(found);  // de Morgan holds in Kleene's logic
    } else {
      CHECK_MESSAGE(found, mistake.pipeline, ": ", mistake.from, " -> ", mistake.to);
    }
  }
  planted = {};
}

TEST_CASE("planted mistakes in what rules remember and decide are found") {
  const Planted mistakes[] = {
      {"effects", "list hot       of int expires after 10s", "list hot       of int expires after 10000000001ns"},
      {"effects", "list hot       of int expires after 10s", "list hot       of int expires after 9999999999ns"},
      {"effects", "add terminal to warm for 20s }", "add terminal to warm for 19999999999ns }"},
      {"effects", "cooldown 3s per customer }", "cooldown 3000000001ns per customer }"},
      {"effects", "cooldown 3s per customer }", "cooldown 2999999999ns per customer }"},
      {"effects", "cooldown 5s per customer + device", "cooldown 5s per customer"},
      {"effects", "mode shadow cooldown 4s", "cooldown 4s"},
      {"effects", "add device to devices, add device to devices for 2s", "add device to devices for 2s"},
      {"effects", "remove terminal from marked, ", ""},
      {"policy", "cap 1000", "cap 999"},
      {"policy", "order allow > reject > decline", "order allow > decline > reject"},
      {"policy", "live 30% by customer", "live 60% by customer"},
      {"policy", "decline at score 900", "decline at score 1000"},
  };
  for (const Planted& mistake : mistakes) {
    planted = {mistake.from, mistake.to};
    CHECK_MESSAGE(differs(mistake.pipeline, 8), mistake.pipeline, ": ", mistake.from, " -> ", mistake.to);
  }
  planted = {};
}

TEST_CASE("a difference is shrunk to a few inputs and reported with the key's history") {
  const auto pipeline = adversarial::load("edges");
  planted = {"let count_10s         = count(per customer, 10s)", "let count_10s         = count(per customer, 10000000001ns)"};
  const twin::Log log = adversarial::generate(*pipeline, options_for("edges", 2));
  const auto found = lockstep::first_difference<PlantedAdapter>(*pipeline, log, 0);
  REQUIRE(found);
  const twin::Log small = lockstep::shrink<PlantedAdapter>(*pipeline, lockstep::prefix(log, found->sequence), 0);
  CHECK(small.last() == 2);  // the event, and one exactly 10 s before it
  const auto text = lockstep::find_difference<PlantedAdapter>(*pipeline, log, {0});
  REQUIRE(text);
  CHECK(text->find("let count_10s") != std::string::npos);
  CHECK(text->find("twin: 1\n  fast: 2\n") != std::string::npos);
  CHECK(text->find("history of its key for count( per customer, 10000000000ns") != std::string::npos);
  planted = {};
}

TEST_CASE("features alone are compared by aggregate") {
  const auto pipeline = adversarial::load("edges");
  adversarial::Options options = options_for("edges", 1);
  options.tick_percent = 0;
  const twin::Log log = adversarial::generate(*pipeline, options);
  const auto found = lockstep::first_difference<FeaturesAdapter>(*pipeline, log, 3);
  REQUIRE(found);
  CHECK(found->sequence == 500);
  CHECK(found->got == "-1");
  CHECK(found->aggregate == twin::Engine(*pipeline).aggregate_count() - 1);
}

TEST_CASE("a log as CSV: one row per event, texts quoted, times and missing values as the command reads them") {
  const auto pipeline = adversarial::load("types");
  adversarial::Options options{.seed = 5, .inputs = 300};
  options.only_event = 0;
  options.for_csv = true;
  const twin::Log log = adversarial::generate(*pipeline, options);
  const std::string csv = log.to_csv(0);
  CHECK(csv.starts_with("id,at,customer,terminal,device,amount,channel,fx,fraud\n"));
  std::size_t rows = 0;
  bool quoted = false;
  for (const char c : csv) {
    quoted = quoted != (c == '"');
    rows += c == '\n' && !quoted;
  }
  CHECK(rows == static_cast<std::size_t>(log.last()) + 1);
  CHECK(csv.find(",,") != std::string::npos);
}

TEST_CASE("one hot key") {
  const auto pipeline = adversarial::load("edges");
  adversarial::Options options{.seed = 21, .inputs = 1500};
  options.hot_percent = 100;
  options.missing_percent = 0;
  options.late_percent = 2;
  const twin::Log log = adversarial::generate(*pipeline, options);
  twin::Engine engine(*pipeline);
  std::int64_t events = 0;
  twin::Outcome last;
  for (Sequence s = 0; s <= log.last(); ++s) {
    twin::Outcome outcome = engine.step(s, log.slot(s));
    if (!outcome.is_event || read_number(pipeline->events[0], log.slot(s), 2) != 1) continue;  // bursts have keys of their own
    ++events;
    last = std::move(outcome);
  }
  for (std::size_t i = 0; i < pipeline->lets.size(); ++i) {
    if (pipeline->lets[i].name == "count_all_time") CHECK(last.lets[i] == twin::Datum::of(events));
  }
  CHECK(events > 1000);
}
