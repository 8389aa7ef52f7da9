// Time that passes without events: ticks stand in the log, fire deadlines, and come back in replay. What one input fires leaves at least once
// under one identity, wherever the power is cut.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "pawl/io/simulated.hpp"
#include "pawl/io/simulated_clock.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/replay.hpp"
#include "pawl/journal/snapshot/take.hpp"
#include "records.hpp"
#include "temporary_directory.hpp"

namespace ticks_test {

namespace {

using pawl::Duration;
using pawl::one_second;
using pawl::Sequence;

struct Order {
  pawl::Time at;
  std::int64_t id, customer;
};
PAWL_EVENT(Order, at, id, customer);
struct Paid {
  pawl::Time at;
  std::int64_t customer;
};
PAWL_EVENT(Paid, at, customer);

constexpr const char* events = "pipeline \"ticks\" version 1\nevent Order { at: time, id: int, customer: int }\nevent Paid { at: time, customer: int }\n";
const std::string unpaid = std::string(events) + "rule unpaid { pattern o: Order then no Paid within 10s per customer then score 5 }\n";
const std::string paid = std::string(events) + "rule paid { pattern o: Order then p: Paid within 10s per customer then score 5 }\n";

constexpr std::int64_t digest_interval = 64;

// Polls the stages in turn; time passes by a microsecond.
class InTurn final : public pawl::journal::StageDriver {
 public:
  explicit InTurn(pawl::io::SimulatedClock& clock) : clock_(clock) {}
  void add(std::string_view, pawl::StageList& stage) override { stages_.push_back(&stage); }
  void stop() override { stages_.clear(); }
  std::unique_ptr<pawl::journal::StageDriver> beside() override { return nullptr; }  // no snapshots are taken
  void turn() override {
    for (pawl::StageList* stage : stages_) (void)stage->poll(64);
    clock_.advance(1'000);
  }
  void turns(int count) {
    for (; count > 0; --count) turn();
  }

 private:
  pawl::io::SimulatedClock& clock_;
  std::vector<pawl::StageList*> stages_;
};

struct Output {
  Sequence sequence;
  std::uint32_t output;
  std::string what;
  friend auto operator<=>(const Output&, const Output&) = default;
};

Output of(const pawl::Decision& decision) {
  Output output{decision.sequence(), decision.output(), std::to_string(decision.score())};
  if (decision.is_timed()) output.what += " from " + std::to_string(decision.first_sequence()) + " customer " + std::to_string(decision.key_value(0).number) + " id " + std::to_string(decision.id());
  return output;
}

// An engine in one thread, on a simulated disk and clock.
class World {
 public:
  explicit World(std::string pipeline, Duration tick_interval = 100'000'000) : pipeline_(std::move(pipeline)), tick_interval_(tick_interval) { start(pawl::EngineOptions::as_recorded); }

  void order(std::int64_t customer, pawl::Time at) { CHECK(lane().publish(Order{at, 100 + customer, customer}).accepted()); }
  void pay(std::int64_t customer, pawl::Time at) { CHECK(lane().publish(Paid{at, customer}).accepted()); }
  [[nodiscard]] pawl::Time now() { return clock_.now(); }

  void settle() { driver_->turns(400); }
  void set_clock(Duration difference) { clock_.step_wall_clock(difference); }
  void pass(Duration duration) {
    settle();
    clock_.advance(duration);
    settle();
  }

  std::string close() {
    auto report = engine_->close();
    REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
    engine_.reset();
    return pawl::rules::to_hex(report->digest);
  }
  // Everything that was not durable is gone.
  void cut_power(std::uint64_t seed) {
    auto after = disk_->after_power_cut({.policy = pawl::io::PowerCut::Policy::torn, .seed = seed});
    disk_->power_off();
    (void)engine_->close();
    engine_.reset();
    disk_ = std::move(after);
  }
  void start(Sequence muted) {
    driver_.emplace(clock_);
    pawl::EngineOptions options;
    options.directory = "data";
    options.pipeline_text = pipeline_;
    options.segment_bytes = std::uint64_t{4} << 20;
    options.decision_records = 1024;
    options.tick_interval = tick_interval_;
    options.state = pawl::window::StateLimits{.keys_max = 1 << 14, .entries_max = 1 << 16, .distinct_max = 1 << 10};
    options.muted = muted;
    options.disk = disk_.get();
    options.clock = &clock_;
    options.driver = &*driver_;
    options.threads = 1;
    options.digest_interval = digest_interval;
    auto engine = pawl::DurableEngine::open(options);
    REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
    engine_ = *std::move(engine);
    engine_->on_decision([this](const pawl::Decision& decision) { outputs.push_back(of(decision)); });
    lane_ = nullptr;
  }
  pawl::DurableEngine& engine() { return *engine_; }
  void turns(int count) { driver_->turns(count); }

  [[nodiscard]] std::size_t timed() const {
    return static_cast<std::size_t>(std::count_if(outputs.begin(), outputs.end(), [](const Output& output) { return output.output != 0; }));
  }
  // The times of the log's ticks.
  [[nodiscard]] std::vector<pawl::Time> ticks() {
    std::vector<pawl::Time> times;
    pawl::test::for_each_record("data", *disk_, [&](const pawl::journal::Record& record) {
      if (record.header().type == static_cast<std::uint16_t>(pawl::InputType::tick)) times.push_back(record.header().at);
    });
    return times;
  }
  // What a replay gives that goes up to a time.
  [[nodiscard]] std::vector<Output> replayed_until(pawl::Time time) {
    struct Taker final : pawl::DecisionSink {
      pawl::Result<void> on_decision(const pawl::Decision& decision) override {
        replayed.push_back(of(decision));
        return {};
      }
      pawl::Result<void> flush() override { return {}; }
      std::vector<Output> replayed;
    } taker;
    auto replay = pawl::Replay::open({.directory = "data", .until = {.time = time}, .disk = disk_.get(), .clock = &clock_, .digest_interval = digest_interval});
    REQUIRE_MESSAGE(replay.ok(), (replay.ok() ? "" : replay.error().text));
    REQUIRE((*replay)->run(taker).ok());
    return std::move(taker.replayed);
  }

  [[nodiscard]] Sequence take_snapshot() {
    driver_.emplace(clock_);
    const auto taken = pawl::journal::take_snapshot({.directory = "data", .disk = disk_.get(), .clock = &clock_, .pages = false, .driver = &*driver_, .digest_interval = digest_interval});
    REQUIRE_MESSAGE(taken.ok(), (taken.ok() ? "" : taken.error().text));
    return taken->header.sequence;
  }
  // The snapshot that a replay up to a time begins with, if it may.
  [[nodiscard]] Sequence snapshot_before(pawl::Time time) {
    auto replay = pawl::Replay::open({.directory = "data", .until = {.time = time}, .from_snapshot = true, .disk = disk_.get(), .clock = &clock_, .digest_interval = digest_interval});
    REQUIRE_MESSAGE(replay.ok(), (replay.ok() ? "" : replay.error().text));
    return (*replay)->after();
  }

  std::vector<Output> outputs;  // as the sink got them

 private:
  pawl::EngineLane& lane() {
    if (lane_ == nullptr) lane_ = *engine_->lane("orders");
    return *lane_;
  }

  std::string pipeline_;
  Duration tick_interval_;
  pawl::io::SimulatedClock clock_;
  std::unique_ptr<pawl::io::SimulatedDisk> disk_ = std::make_unique<pawl::io::SimulatedDisk>();
  std::optional<InTurn> driver_;
  std::unique_ptr<pawl::DurableEngine> engine_;
  pawl::EngineLane* lane_ = nullptr;
};

}  // namespace

TEST_CASE("a deadline that passes without events is fired by one tick, which replay takes from the log") {
  World world(unpaid);
  const pawl::Time late = world.now() - 2 * one_second;  // events come two seconds late: so do their deadlines
  world.order(1, late);
  world.order(2, late);
  world.pay(2, late);
  world.pass(9 * one_second);
  CHECK(world.timed() == 0);
  world.pass(2 * one_second);
  REQUIRE(world.outputs.size() == 4);
  CHECK(world.outputs[3] == Output{4, 1, "5 from 1 customer 1 id 101"});
  world.pass(3600 * one_second);
  CHECK(world.timed() == 1);
  const std::string digest = world.close();
  const std::vector<pawl::Time> ticks = world.ticks();
  REQUIRE(ticks.size() == 1);
  CHECK(ticks[0] > late + 10 * one_second);
  CHECK(ticks[0] < late + 12 * one_second);
  const auto first = std::exchange(world.outputs, {});
  CHECK(world.replayed_until(ticks[0]) == first);
  CHECK(world.replayed_until(ticks[0] - 1) == std::vector<Output>(first.begin(), first.begin() + 3));
  world.start(pawl::EngineOptions::replay_all);
  world.settle();
  CHECK(world.outputs == first);
  CHECK(world.close() == digest);
  CHECK(world.ticks() == ticks);
}

TEST_CASE("no tick passes an event that is held back, though its time would have come") {
  std::string pipeline = unpaid;
  pipeline.replace(pipeline.find("Order {"), 7, "Order reorder up to 1m {");
  World world(pipeline);
  const pawl::Time begin = world.now();
  world.order(1, begin);
  world.pay(1, begin + 5 * one_second);  // held until something comes that is a minute younger, or nothing for a minute
  world.order(2, begin + 61 * one_second);
  world.pass(20 * one_second);  // order 1 has gone, and has waited for longer than it may
  CHECK(world.outputs.size() == 1);
  CHECK(world.timed() == 0);
  world.pass(50 * one_second);
  CHECK(world.outputs.size() == 3);
  CHECK(world.timed() == 0);
  world.pass(20 * one_second);
  REQUIRE(world.timed() == 1);
  CHECK(world.outputs.back().what.find("customer 2") != std::string::npos);
  const std::string digest = world.close();
  const auto first = std::exchange(world.outputs, {});
  world.start(pawl::EngineOptions::replay_all);
  world.settle();
  CHECK(world.outputs == first);
  CHECK(world.close() == digest);
}

TEST_CASE("a replay up to a time before a tick does not begin with a snapshot behind it, though no event is later") {
  World world(unpaid);
  const pawl::Time start = world.now();
  world.order(1, start);
  world.pass(11 * one_second);
  for (int i = 0; i < 200; ++i) world.pay(7, start);
  world.settle();
  static_cast<void>(world.close());
  const std::vector<pawl::Time> ticks = world.ticks();
  REQUIRE(ticks.size() == 1);
  const Sequence snapshot = world.take_snapshot();
  REQUIRE(snapshot > 2);
  CHECK(world.snapshot_before(ticks[0]) == snapshot);
  CHECK(world.snapshot_before(ticks[0] - 1) == pawl::no_sequence);
}

TEST_CASE("a log whose deadlines need no tick has none") {
  std::string pipeline = unpaid;
  Duration interval = 100'000'000;
  bool pays = false;
  SUBCASE("a pattern that an event completes") { pipeline = paid; }
  SUBCASE("nothing is open") { pays = true; }
  SUBCASE("ticks are off") { interval = 0; }
  World world(pipeline, interval);
  for (int i = 0; i < 5; ++i) {
    world.order(i, world.now());
    if (pays) world.pay(i, world.now());
  }
  for (int hour = 0; hour < 20; ++hour) world.pass(3600 * one_second);
  CHECK(world.timed() == 0);
  world.close();
  CHECK(world.ticks().empty());
}

TEST_CASE("no tick comes sooner than the interval behind an event or another tick") {
  World world(unpaid, 60 * one_second);
  for (int i = 0; i < 30; ++i) {
    world.order(i, world.now());
    world.pass(one_second);
  }
  const auto before = world.timed();  // events fired those
  CHECK(before > 15);
  world.pass(29 * one_second);
  CHECK(world.timed() == before);
  world.pass(32 * one_second);
  CHECK(world.timed() == 30);
  world.close();
  CHECK(world.ticks().size() == 1);
}

TEST_CASE("who sets the machine's clock fires nothing by it") {
  World world(unpaid);
  world.order(1, world.now());
  world.pass(4 * one_second);
  for (const Duration step : {7200 * one_second, -14'400 * one_second}) {
    world.set_clock(step);
    world.pass(2 * one_second);
    CHECK(world.timed() == 0);
  }
  world.pass(3 * one_second);
  CHECK(world.timed() == 1);
  world.close();
}

TEST_CASE("deadlines that passed while nothing ran fire behind the restart") {
  World world(unpaid);
  world.order(7, world.now());
  world.settle();
  world.close();
  world.outputs.clear();
  world.start(pawl::EngineOptions::as_recorded);
  world.pass(20 * one_second);
  REQUIRE(world.outputs.size() == 1);
  CHECK(world.outputs[0] == Output{2, 1, "5 from 1 customer 7 id 107"});
  world.close();
}

TEST_CASE("with threads and the machine's own clock") {
  const pawl::test::TemporaryDirectory directory;
  pawl::EngineOptions options;
  options.directory = directory.path() + "/journal";
  options.pipeline_text = std::string(events) + "rule unpaid { pattern o: Order then no Paid within 20ms per customer then score 5 }\n";
  options.segment_bytes = std::uint64_t{4} << 20;
  options.tick_interval = 1'000'000;
  options.threads = 2;
  constexpr int orders = 50;
  std::atomic<int> timed = 0;
  std::string digest;
  {
    auto engine = pawl::DurableEngine::open(options);
    REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
    (*engine)->on_decision([&](const pawl::Decision& decision) { timed += decision.is_timed() ? 1 : 0; });
    auto lane = (*engine)->lane("orders");
    REQUIRE(lane.ok());
    pawl::io::SystemClock clock;
    for (int i = 0; i < orders; ++i) REQUIRE((*lane)->publish(Order{clock.now(), i, i}).accepted());
    for (int waits = 0; waits < 10'000 && timed < orders; ++waits) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(timed == orders);
    const auto report = (*engine)->close();
    REQUIRE(report.ok());
    CHECK(report->last_sequence > orders);  // ticks
    digest = pawl::rules::to_hex(report->digest);
  }
  options.muted = pawl::EngineOptions::replay_all;
  options.threads = 1;
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  timed = 0;
  (*engine)->on_decision([&](const pawl::Decision& decision) { timed += decision.is_timed() ? 1 : 0; });
  const auto report = (*engine)->close();
  REQUIRE(report.ok());
  CHECK(timed == orders);
  CHECK(pawl::rules::to_hex(report->digest) == digest);
}

// A night's open runs fire at one input: more outputs than there is room for decisions.
TEST_CASE("one input with thousands of outputs: wherever the power is cut, each is given, under one identity") {
  constexpr std::int64_t count = 3'000;
  constexpr auto orders = static_cast<std::size_t>(count);
  std::vector<Output> whole;
  {
    World world(unpaid);
    for (std::int64_t i = 0; i < count; ++i) world.order(i, world.now()), world.turns(2);
    world.pass(20 * one_second);
    world.settle();
    world.close();
    whole = world.outputs;
    REQUIRE(world.timed() == orders);
    REQUIRE(whole.back().output == orders);
  }
  std::size_t again = 0, cut_within = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    World world(unpaid);
    for (std::int64_t i = 0; i < count; ++i) world.order(i, world.now()), world.turns(2);
    world.settle();
    world.pass(20 * one_second - 400'000);
    world.outputs.clear();
    for (std::uint64_t life = 0; life < 4; ++life) {
      world.turns(static_cast<int>(1 + seed * 3 + life));
      cut_within += static_cast<std::size_t>(world.timed() % orders != 0);
      world.cut_power(seed * 10 + life);
      world.start(pawl::EngineOptions::as_recorded);
    }
    world.pass(20 * one_second);
    world.close();
    std::vector<Output> given;
    std::copy_if(world.outputs.begin(), world.outputs.end(), std::back_inserter(given), [](const Output& output) { return output.output != 0; });
    again += given.size() - orders;
    std::sort(given.begin(), given.end());
    given.erase(std::unique(given.begin(), given.end()), given.end());
    REQUIRE(given.size() == orders);
    CHECK(std::equal(given.begin(), given.end(), whole.end() - count));
  }
  CHECK(cut_within > 0);
  CHECK(again > 0);  // at least once, as the sink is no file
}

}  // namespace ticks_test
