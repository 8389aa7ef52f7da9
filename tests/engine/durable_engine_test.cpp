// The embedding entry point from outside: events in through lanes, decisions out, the same again after a restart.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pawl/io/simulated.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "temporary_directory.hpp"

namespace durable_engine_test {

namespace {

struct Payment {
  pawl::Time at;
  std::int64_t id, customer;
  std::optional<pawl::Money> amount;
};
PAWL_EVENT(Payment, at, id, customer, amount);

constexpr const char* pipeline = R"(pipeline "test" version 3
event Payment { at: time, id: int, customer: int, amount: money }
let spent = sum(amount per customer, 1h)
let mean = avg(amount per customer, 1h)
rule big   { on Payment when amount > 100.00 then score 7 }
rule often { on Payment when count(per customer, 1h) >= 3 then score 5 }
rule above { on Payment when amount > 2 * prior avg(amount per customer, since start) then alert }
)";

constexpr pawl::Time start = 1'522'540'800'000'000'000;

struct Taken {
  pawl::Sequence sequence;
  pawl::Ticket ticket;
  std::int64_t id, score;
  std::string fired;
  friend bool operator==(const Taken&, const Taken&) = default;
};

Taken take(const pawl::Decision& decision) {
  Taken taken{decision.sequence(), decision.ticket(), decision.id(), decision.score(), {}};
  for (std::size_t rule = 0; rule < decision.plan().rules.size(); ++rule) {
    if (decision.fired(rule)) taken.fired += decision.plan().pipeline->rules[rule].name + ";";
  }
  return taken;
}

pawl::EngineOptions options_for(const pawl::test::TemporaryDirectory& directory, pawl::Durability durability) {
  pawl::EngineOptions options;
  options.directory = directory.path() + "/journal";
  options.pipeline_text = pipeline;
  options.durability = durability;
  options.segment_bytes = std::uint64_t{8} << 20;
  return options;
}

Payment payment(std::int64_t i) { return {start + i * 60 * pawl::one_second, i, i % 7, i % 5 == 4 ? std::nullopt : std::optional(pawl::Money{i * 37 % 20000})}; }

}  // namespace

TEST_CASE("events through lanes become decisions, and a restart goes on where it ended") {
  for (const pawl::Durability durability : {pawl::Durability::disk, pawl::Durability::os}) {
    const pawl::test::TemporaryDirectory directory;
    std::vector<Taken> first_run, second_run;
    pawl::rules::Digest128 digest{};
    {
      auto engine = pawl::DurableEngine::open(options_for(directory, durability));
      REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
      auto lane = (*engine)->lane("gateway-1");
      REQUIRE(lane.ok());
      (*engine)->on_decision([&](const pawl::Decision& decision) { first_run.push_back(take(decision)); });
      for (std::int64_t i = 1; i <= 1000; ++i) {
        const auto accepted = (*lane)->publish(payment(i));
        REQUIRE(accepted.accepted());
        CHECK(accepted.ticket() == static_cast<pawl::Ticket>(i));
      }
      auto report = (*engine)->close();
      REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
      CHECK(report->last_sequence == 1000);
      CHECK(report->firings[0] > 0);
      CHECK(report->firings[1] > 0);
      CHECK(report->firings[2] > 0);
      digest = report->digest;
    }
    REQUIRE(first_run.size() == 1000);
    CHECK(first_run.front().sequence == 1);  // sequence 0 is the pipeline's activation
    CHECK(first_run.back().sequence == 1000);
    {
      auto options = options_for(directory, durability);
      options.muted = pawl::EngineOptions::replay_all;
      options.pipeline_text.clear();  // the journal has it
      auto engine = pawl::DurableEngine::open(options);
      REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
      (*engine)->on_decision([&](const pawl::Decision& decision) { second_run.push_back(take(decision)); });
      auto lane = (*engine)->lane("gateway-1");
      REQUIRE(lane.ok());
      CHECK((*lane)->next_ticket() == 1001);
      CHECK((*engine)->recovery().last_sequence == 1000);
      REQUIRE((*lane)->publish(payment(1001)).accepted());
      auto report = (*engine)->close();
      REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
      CHECK(report->last_sequence == 1001);
      CHECK(report->digest != digest);
    }
    REQUIRE(second_run.size() == 1001);
    second_run.pop_back();
    CHECK(first_run == second_run);
    {
      auto engine = pawl::DurableEngine::open(options_for(directory, durability));
      REQUIRE(engine.ok());
      std::size_t again = 0;
      (*engine)->on_decision([&](const pawl::Decision&) { ++again; });
      REQUIRE((*engine)->close().ok());
      CHECK(again == 0);  // the journal says that all were emitted
    }
  }
}

TEST_CASE("an engine without a sink closes, and its decisions come with the next start") {
  const pawl::test::TemporaryDirectory directory;
  for (int run = 0; run < 2; ++run) {  // new, then recovered
    auto engine = pawl::DurableEngine::open(options_for(directory, pawl::Durability::os));
    REQUIRE(engine.ok());
    auto lane = (*engine)->lane("gateway-1");
    REQUIRE(lane.ok());
    for (std::int64_t i = 1; i <= 10; ++i) REQUIRE((*lane)->publish(payment(i)).accepted());
    REQUIRE((*engine)->close().ok());
  }
  auto engine = pawl::DurableEngine::open(options_for(directory, pawl::Durability::os));
  REQUIRE(engine.ok());
  std::size_t taken = 0;
  (*engine)->on_decision([&](const pawl::Decision&) { ++taken; });
  REQUIRE((*engine)->close().ok());
  CHECK(taken == 20);
}

// For ThreadSanitizer: the writer's file is replaced meanwhile.
TEST_CASE("notices may be asked for while segments change") {
  const pawl::test::TemporaryDirectory directory;
  pawl::EngineOptions options = options_for(directory, pawl::Durability::os);
  options.segment_bytes = std::uint64_t{256} << 10;
  options.block_bytes_max = 64 << 10;
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->on_decision([](const pawl::Decision&) {});
  auto lane = (*engine)->lane("gateway-1");
  REQUIRE(lane.ok());
  const std::vector<std::string> at_first = (*engine)->notices();
  for (std::int64_t i = 1; i <= 10'000; ++i) {
    while (!(*lane)->publish(payment(i)).accepted()) {
    }
    if (i % 50 == 0) CHECK((*engine)->notices() == at_first);
  }
  auto report = (*engine)->close();
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  CHECK(report->journal.segments > 2);
}

TEST_CASE("marks of clean closes never fill the queue of digests to compare") {
  pawl::journal::DigestCheck check;
  for (std::int64_t i = 0; i < 1000; ++i) CHECK(check.expect({i, {}}));
  CHECK(check.expect({pawl::limits::digest_interval - 1, {}}));
  check.computed({pawl::limits::digest_interval - 1, {}});
  CHECK(check.compared() == 1);
  CHECK(check.failed().load_acquire() == 0);
}

TEST_CASE("a kill at any operation of a first start leaves a directory in which the next one starts") {
  pawl::EngineOptions options;
  options.directory = "data";
  options.pipeline_text = pipeline;
  options.threads = 1;
  options.segment_bytes = std::uint64_t{4} << 20;
  std::uint64_t operations = 0;
  for (bool killed = true; killed; ++operations) {
    pawl::io::SimulatedDisk disk;
    disk.add_fault({.operation = pawl::io::Operation::any, .after = operations, .times = pawl::io::Fault::for_ever});
    options.disk = &disk;
    killed = !pawl::DurableEngine::open(options).ok();
    const auto after = disk.after_process_death();
    options.disk = after.get();
    auto engine = pawl::DurableEngine::open(options);
    REQUIRE_MESSAGE(engine.ok(), "killed at operation " << operations << ": " << engine.error().text);
    (*engine)->on_decision([](const pawl::Decision&) {});
    REQUIRE((*engine)->close().ok());
  }
  CHECK(operations > 30);
}

}  // namespace durable_engine_test
