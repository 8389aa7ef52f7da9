// The parts of the harness: histogram files, the open loop, statistics, records.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/agreement.hpp"
#include "harness/fail.hpp"
#include "harness/hgrm.hpp"
#include "harness/open_loop.hpp"
#include "harness/outcome.hpp"
#include "harness/runs.hpp"
#include "harness/statistics.hpp"
#include "peers/choice.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/io/system_clock.hpp"
#include "pipeline/breakdown.hpp"
#include "pipeline/cause_time.hpp"
#include "ring/lanes.hpp"
#include "run_bench.hpp"
#include "rules/rule_set.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/journal/engine/timeline.hpp"

namespace harness_test {

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

TEST_CASE("the median is known between order statistics: of few runs the outermost, of many the inner") {
  CHECK(doubt_percent({100}) == 0);
  CHECK(doubt_percent({90, 100, 110}) == doctest::Approx(20));
  CHECK(doubt_percent({100, 100, 100, 100, 200}) == doctest::Approx(100));               // 5 runs: any of them may be the median
  CHECK(doubt_percent({100, 100, 100, 100, 100, 100, 100, 200}) == doctest::Approx(0));  // 8 runs: one outlier of 8 is not
  std::vector<double> halves(20, 100);
  std::fill(halves.begin(), halves.begin() + 10, 130);
  CHECK(doubt_percent(halves) > noisy_percent);  // two states of the machine: more runs do not make it steady
}

namespace {

Outcome outcome_of(std::vector<std::vector<double>> figures) {
  Outcome outcome{.command = "ring", .arguments = "pawl-bench ring", .runs = 5, .facts = {{"time", "2026-01-01T00:00:00Z"}}, .disturbance = "other processes used 0.50 CPUs"};
  for (std::size_t i = 0; i < figures.size(); ++i) outcome.series.push_back({.group = "g", .name = "figure " + std::to_string(i), .unit = "ns", .values = std::move(figures[i])});
  return outcome;
}

}  // namespace

TEST_CASE("a run says whether it was steady, or too noisy and why") {
  CHECK(has(judge(outcome_of({{100, 101, 102, 103, 104}, {5, 5.1, 5.2, 5, 5}})), "Steady: the medians of all 2 figures"));
  Outcome noisy = outcome_of({{100, 101, 102, 103, 104}, {5, 9, 5.2, 5, 5}});
  noisy.conditions = {{.step_ns = 1, .line_ns = 60, .lost_percent = 0}, {.step_ns = 1.4, .line_ns = 61, .lost_percent = 12}};
  const std::string verdict = judge(noisy);
  CHECK(has(verdict, "TOO NOISY for 1 of 2 figures"));
  CHECK(has(verdict, "figure 1"));
  CHECK(has(verdict, "other processes used 0.50 CPUs"));
  CHECK(has(verdict, "one step of a fixed loop took 1.00 to 1.40 ns"));
  CHECK(has(verdict, "interrupted 0 to 12.0 % of its time"));
  CHECK(!has(verdict, "from core to core"));  // was steady
  noisy.series[1].judged = false;
  CHECK(has(judge(noisy), "Steady"));
  CHECK(has(judge(outcome_of({{1}, {2}})), "One run says nothing"));
}

TEST_CASE("two runs of a command agree, or it is said which figures moved, and what of the machine") {
  const auto json_of = [](Outcome outcome, double line_ns) {
    outcome.conditions.assign(3, {.step_ns = 1, .line_ns = line_ns, .lost_percent = 0});
    for (Series& series : condition_series(outcome.conditions)) outcome.series.push_back(std::move(series));
    return to_json(outcome);
  };
  const auto first = json_of(outcome_of({{100, 101, 102}, {50, 50, 51}, {7, 20, 40}}), 60);
  const Comparison same = compare(first, json_of(outcome_of({{110, 111, 112}, {48, 48, 48}, {20, 20, 20}}), 60));
  CHECK(same.compared == 3);  // and not the machine's readings
  CHECK(same.moved.empty());
  CHECK(same.text("x") == "Beside x: 3 of 3 figures agree within 15 %.");
  const Comparison other = compare(first, json_of(outcome_of({{130, 131, 132}, {50, 50, 50}, {9, 9, 9}}), 120));
  REQUIRE(other.moved.size() == 2);
  CHECK(!other.moved[0].was_noisy);
  CHECK(other.moved[1].was_noisy);
  CHECK(has(other.text("x"), "1 of 3 figures agree within 15 %; 2 do not, 1 of which one of the runs called too noisy"));
  CHECK(has(other.text("x"), "moved though steady in both: g, figure 0: 101 then, 131 now"));
  CHECK(has(other.text("x"), "one line from core to core: 60.0 then, 120 ns now"));
}

TEST_CASE("a tally holds for the events sent, in their order, and for no others") {
  const auto received = [](std::vector<std::uint64_t> values) {
    Tally tally;
    for (std::size_t i = 0; i < values.size(); ++i) {
      Event<64> event;
      fill_slot(event, values[i]);
      tally.add(event, 5 + i);
    }
    return tally.holds(5, 4, 8);
  };
  CHECK(received({5, 6, 7, 8}));
  CHECK(!received({5, 7, 6, 8}));
  CHECK(!received({5, 6, 7}));
  CHECK(!received({5, 6, 7, 9}));
  Event<256> filled, local;
  fill_slot(filled, 77);
  fill_local(local, 77);
  CHECK(filled.words == local.words);
  std::array<std::byte, 256> slot{};
  fill_body<256>(std::span(slot).subspan(8), 77);
  std::memcpy(local.words.data(), slot.data(), slot.size());
  filled.words[0] = 0;
  CHECK(filled.words == local.words);
}

TEST_CASE("events of several producers may mix, but each keeps its order") {
  const auto received = [](std::vector<std::uint64_t> values) {
    ProducerTallies tallies(2);
    for (const std::uint64_t value : values) {
      Event<16> event;
      fill_local(event, value);
      tallies.add(event);
    }
    return tallies.hold(5, 2);
  };
  const std::uint64_t b = first_value(1);
  CHECK(received({0, b, 1, 2, b + 1}));
  CHECK(received({b, b + 1, 0, 1, 2}));
  CHECK(!received({b + 1, b, 0, 1, 2}));
  CHECK(!received({b, 0, 1, 2}));
}

TEST_CASE("the time of a cause within any interval") {
  CauseTime cause;
  CHECK(cause.within(0, 100) == 0);
  cause.add(100, 200, 100);  // all of it
  cause.add(150, 250, 50);   // half of it, on another thread
  cause.add(300, 300, 7);    // no length: nothing
  CHECK(cause.within(0, 1000) == doctest::Approx(150));
  CHECK(cause.within(0, 100) == doctest::Approx(0));
  CHECK(cause.within(100, 150) == doctest::Approx(50));
  CHECK(cause.within(150, 200) == doctest::Approx(75));
  CHECK(cause.within(225, 400) == doctest::Approx(12.5));
  CHECK(cause.within(120, 130) == doctest::Approx(10));
}

namespace {

// One event a microsecond through stages that take a microsecond each, and the notes a timeline would have of them.
struct MadeUp {
  static constexpr std::size_t count = 10'000;
  MadeUp() : timeline(1, count, journal::Detail::stages) {
    auto* const shard = timeline.add_shard();
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t planned = 1'000 + static_cast<std::int64_t>(i) * 1'000;
      const auto sequence = static_cast<Sequence>(i);
      events.push_back({planned, {1'000, 1'000, 1'000, 1'000, 1'000, 1'000}, 3'000});
      timeline.sequenced.note(sequence, planned + 2'000);
      shard->note(sequence, planned + 3'000);
      timeline.decided.note(sequence, planned + 4'000);
      timeline.durable.note(sequence, planned + 5'000);
    }
  }
  journal::Timeline timeline;
  std::vector<bench::EventTime> events;
};

}  // namespace

TEST_CASE("slow events are blamed on what they overlap, and on nothing else") {
  MadeUp made;
  for (std::size_t i = 4'000; i < 4'012; ++i) made.events[i].parts[static_cast<std::size_t>(Part::windows)] = 500'000;
  const std::int64_t when = made.events[4'000].planned_ns;
  const std::vector<StealSampler::Stolen> stolen{{when, when + 600'000, 300'000}};
  const Shares shares = explain(made.events, made.timeline, stolen);
  const auto cause = [](Cause which) { return static_cast<std::size_t>(which); };
  CHECK(shares.of_slowest_percent[cause(Cause::stolen)] == doctest::Approx(100));
  CHECK(shares.of_others_percent[cause(Cause::stolen)] == doctest::Approx(6).epsilon(0.1));  // those of the same 600 us
  CHECK(shares.of_slowest_percent[cause(Cause::no_cpu)] == 0);
  CHECK(shares.of_slowest_percent[cause_count] == 0);
  CHECK(shares.above_p99_9_us[static_cast<std::size_t>(Part::windows)] == doctest::Approx(500));
  CHECK(shares.around_p50_us[static_cast<std::size_t>(Part::windows)] == doctest::Approx(1));
  CHECK(shares.episodes == "1 episode, 1 mostly in windows");
  CHECK(explain(made.events, made.timeline, {}).of_slowest_percent[cause_count] == doctest::Approx(100));  // none of these
}

TEST_CASE("a write that took four times the median is a slow one") {
  MadeUp made;
  journal::Timeline timeline(1, MadeUp::count, journal::Detail::stages);
  for (std::size_t i = 0; i < MadeUp::count; ++i) {
    const auto sequence = static_cast<Sequence>(i);
    const std::int64_t sequenced = made.events[i].planned_ns + 2'000;
    timeline.sequenced.note(sequence, sequenced);
    // Writes of ten events each; one of 400 events.
    const std::size_t last = i >= 4'000 && i < 4'400 ? 4'399 : i / 10 * 10 + 9;
    timeline.durable.note(sequence, made.events[last].planned_ns + 5'000);
    made.events[i].parts[static_cast<std::size_t>(Part::disk)] = made.events[last].planned_ns - made.events[i].planned_ns;
  }
  const Shares shares = explain(made.events, timeline, {});
  CHECK(shares.of_slowest_percent[static_cast<std::size_t>(Cause::slow_write)] == doctest::Approx(100));
  CHECK(shares.of_others_percent[static_cast<std::size_t>(Cause::slow_write)] < 5);
}

TEST_CASE("a watched thread knows its long turns, and what the kernel says of them") {
  io::SystemClock clock;
  journal::ThreadWatch watch("test", clock, 16);
  const std::size_t bytes = std::size_t{64} << 20;
  watch.poll(1);
  watch.turn_ended(io::Role::decide, 1);  // short
  const auto fresh = or_fail(io::Region::map({.bytes = bytes, .best_pages = io::Pages::small, .prefault = false}));
  watch.poll(1);
  for (std::size_t i = 0; i < bytes; i += 4096) fresh.bytes()[i] = std::byte{1};
  watch.turn_ended(io::Role::windows, 7);
  REQUIRE(!watch.turns().empty());
  const journal::LongTurn& turn = watch.turns().back();
  CHECK(turn.role == io::Role::windows);
  CHECK(turn.work == 7);
  CHECK(turn.usage.minor_faults >= static_cast<std::int64_t>(bytes / 4096));
  CHECK(turn.to_ns - turn.from_ns > journal::ThreadWatch::long_turn_ns);
  CHECK(watch.readings() == 2);
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

}  // namespace harness_test
