// The parts of the harness: histogram files, the open loop, statistics, records.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/hgrm.hpp"
#include "harness/open_loop.hpp"
#include "harness/outcome.hpp"
#include "harness/runs.hpp"
#include "harness/statistics.hpp"
#include "peers/choice.hpp"
#include "rules/rule_set.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/journal/engine/timeline.hpp"

using namespace pawl;
using namespace pawl::bench;

namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The values that golden.hgrm was made of, by org.HdrHistogram.Histogram 2.1.11 with three digits:
// outputPercentileDistribution(out, 5, 1000.0).
Histogram golden_values() {
  Histogram histogram;
  std::uint64_t state = 1;
  for (int i = 0; i < 100'000; ++i) {
    state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    histogram.record(static_cast<std::int64_t>(((state >> 33) % 1000) << ((state >> 20) & 15)));
  }
  histogram.record(20'000'000);
  return histogram;
}

// A stage that takes a microsecond an event, and once a pause of 20 ms; times are counted, not measured.
struct StalledStage {
  std::int64_t free_at = 0;
  std::int64_t handled = 0;
  // When an event that comes at `now` leaves.
  std::int64_t handle(std::int64_t now) {
    constexpr std::int64_t service = 1'000, stall = 20'000'000;
    free_at = std::max(now, free_at) + service + (++handled == 50'000 ? stall : 0);
    return free_at;
  }
};

}  // namespace

TEST_CASE("a .hgrm file is what HdrHistogram for Java writes") {
  const std::string golden = read(PAWL_SOURCE_DIR "/tests/bench/golden.hgrm");
  const bool same = to_hgrm(golden_values(), 5, 1000.0) == golden;
  CHECK(same);
}

TEST_CASE("a histogram is exact below 2048, within a thousandth above, and bounded") {
  Histogram histogram;
  for (const std::int64_t value : {0, 1, 2047}) {
    histogram = Histogram();
    histogram.record(value);
    CHECK(histogram.at(1) == static_cast<std::uint64_t>(value));
  }
  for (std::int64_t value = 2048; value < (std::int64_t{1} << 43); value = value * 5 / 3 + 1) {
    Histogram one, two;
    one.record(value);
    two.record(value);
    two.record(std::int64_t{1} << 43);
    CHECK(one.at(1) == static_cast<std::uint64_t>(value));
    CHECK(two.at(0.5) >= static_cast<std::uint64_t>(value));
    CHECK(static_cast<double>(two.at(0.5)) <= static_cast<double>(value) * 1.001);
  }
  histogram.record(INT64_MAX);
  CHECK(histogram.max() == Histogram::value_max);
  histogram.record(-5);
  CHECK(histogram.at(0.1) == 0);
}

TEST_CASE("merging histograms is recording into one") {
  Histogram all, odd, even;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    all.record(i * i);
    (i % 2 == 0 ? even : odd).record(i * i);
  }
  odd.merge(even);
  CHECK(to_hgrm(odd) == to_hgrm(all));
}

TEST_CASE("an open loop plans every event once, whenever it is asked") {
  for (const double rate : {1.0, 999'983.0, 1e6, 3e6, 0.7e9}) {
    const OpenLoop loop(1'000'000'007, rate);
    CHECK(loop.due(1'000'000'006) == 0);
    CHECK(loop.due(1'000'000'007) >= 1);
    std::int64_t before = 0;
    for (std::int64_t now = 1'000'000'007; now < 1'000'020'000; now += 37) {
      const std::int64_t due = loop.due(now);
      REQUIRE(due >= before);
      REQUIRE(loop.planned_ns(due - 1) <= now);
      REQUIRE(loop.planned_ns(due) > now);
      before = due;
    }
  }
}

TEST_CASE("a stalled stage shows in the open loop's p99.9, and not in the closed loop's") {
  constexpr std::int64_t events = 100'000;
  Histogram open, closed;
  StalledStage stage;
  const OpenLoop loop(0, 100'000);
  for (std::int64_t i = 0; i < events; ++i) open.record(stage.handle(loop.planned_ns(i)) - loop.planned_ns(i));
  stage = StalledStage();
  std::int64_t now = 0;
  for (std::int64_t i = 0; i < events; ++i) {  // the next event waits for the answer to the last
    const std::int64_t sent = now;
    now = stage.handle(sent);
    closed.record(now - sent);
  }
  CHECK(open.at(0.999) > 10'000'000);
  CHECK(closed.at(0.999) == 1'000);
  CHECK(closed.max() > 20'000'000);  // seen, once, among a hundred thousand
}

TEST_CASE("medians, spreads and numbers") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({}) == 0);
  CHECK(spread_percent({90, 100, 110}) == doctest::Approx(20));
  CHECK(spread_percent({5}) == 0);
  CHECK(short_number(24'700) == "24700");
  CHECK(short_number(36.42) == "36.4");
  CHECK(short_number(0.0312) == "0.0312");
}

TEST_CASE("runs are interleaved, compared with the best peer, and recorded") {
  std::string order;
  Outcome outcome{.command = "ring", .arguments = "pawl-bench ring", .runs = 3};
  const auto contender = [&](const char* name, bool peer, double value) {
    return Contender{{.group = "g", .name = name, .unit = "M events/s", .peer = peer}, [&order, name, value] { return order += name, value; }};
  };
  run_interleaved({contender("a", false, 30), contender("b", true, 10), contender("c", true, 15)}, 3, outcome);
  CHECK(order == "abcabcabc");
  compare_with_best_peer(outcome);
  CHECK(ratio(outcome, outcome.series[0]) == doctest::Approx(2));
  CHECK(outcome.series[2].base.empty());
  outcome.curves.push_back({.group = "g", .name = "l", .histogram = golden_values()});
  const auto json = to_json(outcome);
  CHECK(json["series"][0]["ratio"]["value"] == doctest::Approx(2));
  CHECK(json["series"][0]["values"].size() == 3);
  CHECK(json["curves"][0]["points"].size() > 50);
  CHECK(json["curves"][0]["count"] == 100'001);
}

TEST_CASE("a stage's log holds the time at which each sampled input was passed, and no others") {
  journal::StageLog log(8, 4);
  CHECK(log.due(0));
  log.note(0, 100);
  CHECK(!log.due(7));
  log.note(20, 200);  // passes 8 and 16
  log.note(23, 250);  // passes none
  log.note(1000, 300);
  CHECK(!log.due(2000));  // no room beyond four samples
  CHECK(log.at_ns(0) == 100);
  CHECK(log.at_ns(1) == 200);
  CHECK(log.at_ns(2) == 200);
  CHECK(log.at_ns(3) == 300);
}

TEST_CASE("the rule set is a sound pipeline") {
  const RuleSet set(50, 32);
  const auto checked = language::check(set.pipeline(), "rules");
  REQUIRE(checked.pipeline);
  CHECK(checked.pipeline->rules.size() == 50);
}
