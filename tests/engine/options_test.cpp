// Options that cannot be are named before anything is made.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "pawl/journal/durable_engine.hpp"
#include "temporary_directory.hpp"

namespace options_test {

namespace {

struct Payment {
  pawl::Time at;
  std::int64_t id;
};
PAWL_EVENT(Payment, at, id);

struct Wide {
  pawl::Time at;
  std::int64_t a, b, c, d;
};
PAWL_EVENT(Wide, at, a, b, c, d);

pawl::EngineOptions options_in(const std::string& directory) {
  pawl::EngineOptions options;
  options.directory = directory;
  options.pipeline_text = "pipeline \"p\" version 1\nevent Payment { at: time, id: int }\nlet n = count(per id, 1h)\n";
  options.segment_bytes = std::uint64_t{8} << 20;
  return options;
}

}  // namespace

TEST_CASE("a ring whose slots are no power of two is an error of usage, and no journal is made") {
  const pawl::test::TemporaryDirectory directory;
  pawl::EngineOptions options = options_in(directory.path() + "/journal");
  for (const std::int64_t slots : {std::int64_t{-1}, INT64_MIN, std::int64_t{3}, std::int64_t{1000}, pawl::limits::ring_slots_max * 2, std::int64_t{1} << 62}) {
    CAPTURE(slots);
    options.ring_slots = slots;
    const auto engine = pawl::DurableEngine::open(options);
    REQUIRE_FALSE(engine.ok());
    CHECK(engine.error().code == pawl::ErrorCode::usage);
    CHECK(engine.error().text.find("EngineOptions::ring_slots is " + std::to_string(slots) + ": it must be a power of two from 1 to 16777216, or 0") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(options.directory));
  }
}

TEST_CASE("an engine opens with as many threads as may be asked for, and decides the same") {
  std::string digest, source = "pipeline \"p\" version 1\nevent Wide { at: time, a: int, b: int, c: int, d: int }\n";
  // Windows by 15 keys: more than there are shards.
  for (const char* key : {"a", "b", "c", "d", "a + b", "a + c", "a + d", "b + c", "b + d", "c + d", "a + b + c", "a + b + d", "a + c + d", "b + c + d", "a + b + c + d"}) {
    source += "let n_" + std::to_string(source.size()) + " = count(per " + key + ", 1h)\n";
  }
  for (const int threads : {1, 17, 64}) {
    CAPTURE(threads);
    pawl::EngineOptions options = options_in("");
    options.pipeline_text = source;
    options.durability = pawl::Durability::memory;
    options.threads = threads;
    options.state = pawl::window::StateLimits{.keys_max = 1024, .entries_max = 4096, .distinct_max = 1024};
    auto engine = pawl::DurableEngine::open(options);
    REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
    auto lane = (*engine)->lane("a");
    REQUIRE(lane.ok());
    (*engine)->on_decision([](const pawl::Decision&) {});
    for (std::int64_t i = 0; i < 300; ++i) REQUIRE((*lane)->publish(Wide{i * pawl::one_second, i % 2, i % 3, i % 5, i % 7}).accepted());
    const auto report = (*engine)->close();
    REQUIRE(report.ok());
    const std::string hex = pawl::rules::to_hex(report->digest);
    CHECK((digest.empty() || digest == hex));
    digest = hex;
  }
}

TEST_CASE("every power of two is a ring, from a single slot on: the same decisions") {
  std::string digest;
  for (const std::int64_t slots : {1, 2, 32, 64, 4096}) {
    CAPTURE(slots);
    pawl::EngineOptions options = options_in("");
    options.durability = pawl::Durability::memory;
    options.ring_slots = slots;
    auto engine = pawl::DurableEngine::open(options);
    REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
    auto lane = (*engine)->lane("a");
    REQUIRE(lane.ok());
    (*engine)->on_decision([](const pawl::Decision&) {});
    for (std::int64_t i = 0; i < 300; ++i) REQUIRE((*lane)->publish(Payment{i * pawl::one_second, i % 7}).accepted());
    const auto report = (*engine)->close();
    REQUIRE(report.ok());
    const std::string hex = pawl::rules::to_hex(report->digest);
    CHECK((digest.empty() || digest == hex));
    digest = hex;
  }
}

TEST_CASE("decisions that wait: a power of two that holds two batches, or an error of usage") {
  const pawl::test::TemporaryDirectory directory;
  pawl::EngineOptions options = options_in(directory.path() + "/journal");
  for (const std::int64_t records : {std::int64_t{0}, std::int64_t{512}, std::int64_t{1500}, INT64_MIN}) {
    CAPTURE(records);
    options.decision_records = records;
    const auto engine = pawl::DurableEngine::open(options);
    REQUIRE_FALSE(engine.ok());
    CHECK(engine.error().code == pawl::ErrorCode::usage);
    CHECK(engine.error().text == "EngineOptions::decision_records is " + std::to_string(records) + ": it must be a power of two from 1024");
    CHECK_FALSE(std::filesystem::exists(options.directory));
  }
}

}  // namespace options_test
