// Operators in a journal's life: declared, registered, missing, of another version; in restarts, replays and snapshots.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/replay.hpp"
#include "pawl/journal/snapshot/take.hpp"
#include "temporary_directory.hpp"
#include "tests/twin/own.hpp"

namespace operator_test {

namespace {

constexpr const char* header = "pipeline \"own\" version 1\nevent Payment { at: time, customer: int, amount: money }\n";
constexpr const char* rest = R"(operator rising version 1 of money yields int
operator squares version 1 of money yields int
let rise = rising(amount per customer, 1h)
let few  = rising(amount per customer, last 7)
let sum  = prior squares(amount per customer, 10m delayed 1m)
rule climbing { on Payment when rise >= 4 then score 1 }
rule large    { on Payment when sum > 1000000 and few > 2 then score 10 }
)";

struct Payment {
  pawl::Time at;
  std::int64_t customer;
  pawl::Money amount;
};
PAWL_EVENT(Payment, at, customer, amount);

pawl::EngineOptions options_in(const std::string& directory) {
  pawl::EngineOptions options;
  options.directory = directory;
  options.pipeline_text = std::string(header) + rest;
  options.operators = pawl::twin::own_operators();
  options.durability = pawl::Durability::os;
  options.segment_bytes = std::uint64_t{8} << 20;
  return options;
}

std::string run(const pawl::EngineOptions& options, std::int64_t first, std::int64_t count) {
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->on_decision([](const pawl::Decision&) {});
  auto lane = (*engine)->lane("payments");
  REQUIRE(lane.ok());
  for (std::int64_t i = first; i < first + count; ++i) {
    const Payment payment{(1'522'540'800 + i) * pawl::one_second, i * i % 23, {i * 7919 % 3001}};
    REQUIRE(static_cast<bool>((*lane)->publish(payment)));
  }
  auto report = (*engine)->close();
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  return pawl::rules::to_hex(report->digest);
}

std::string error_of(const pawl::EngineOptions& options) {
  auto engine = pawl::DurableEngine::open(options);
  return engine.ok() ? std::string() : engine.error().text;
}

std::string replayed(const std::string& directory, bool from_snapshot, int threads, pawl::Sequence& after) {
  auto replay = pawl::Replay::open({.directory = directory, .operators = pawl::twin::own_operators(), .from_snapshot = from_snapshot, .threads = threads});
  REQUIRE_MESSAGE(replay.ok(), (replay.ok() ? "" : replay.error().text));
  after = (*replay)->after();
  struct : pawl::DecisionSink {
    pawl::Result<void> on_decision(const pawl::Decision&) override { return {}; }
    pawl::Result<void> flush() override { return {}; }
  } sink;
  const auto report = (*replay)->run(sink);
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  return pawl::rules::to_hex(report->digest);
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a journal with operators is continued, replayed, and gone on with from a snapshot of rows") {
  const pawl::test::TemporaryDirectory directory;
  const auto options = options_in(directory.path() + "/journal"), whole = options_in(directory.path() + "/whole");
  run(options, 0, 70'000);
  auto disk = pawl::io::make_real_disk();
  REQUIRE(disk.ok());
  pawl::io::SystemClock clock;
  const auto taken = pawl::journal::take_snapshot({.directory = options.directory, .threads = 1, .disk = disk->get(), .clock = &clock, .operators = options.operators});
  REQUIRE_MESSAGE(taken.ok(), (taken.ok() ? "" : taken.error().text));
  std::filesystem::remove(taken->path + ".pages");
  const std::string digest = run(options, 70'000, 3'000);
  CHECK(digest == run(whole, 0, 73'000));
  pawl::Sequence after = 0;
  CHECK(replayed(options.directory, false, 1, after) == digest);
  CHECK(after == pawl::no_sequence);
  CHECK(replayed(options.directory, true, 2, after) == digest);
  CHECK(after == taken->header.sequence);
}

TEST_CASE("a start, a replay and a snapshot without an operator say which is missing") {
  const pawl::test::TemporaryDirectory directory;
  auto options = options_in(directory.path() + "/journal");
  auto without = options;
  without.operators = {};
  const std::string never = error_of(without);
  CHECK(has(never, "pipeline:3:10: error E196: operator `rising` version 1 is not registered with this program, which has none; a program registers its operators when it opens"));
  CHECK(has(never, "pipeline:4:10: error E196: operator `squares` version 1"));
  CHECK_FALSE(std::filesystem::exists(options.directory));
  run(options, 0, 100);
  without.pipeline_text.clear();
  CHECK(has(error_of(without), "/journal (its recorded pipeline):3:10: error E196: operator `rising` version 1 is not registered"));
  auto replay = pawl::Replay::open({.directory = options.directory});
  REQUIRE_FALSE(replay.ok());
  CHECK(replay.error().code == pawl::ErrorCode::bad_pipeline);
  CHECK(has(replay.error().text, "E196: operator `rising` version 1"));
}

TEST_CASE("another version of an operator is another operator") {
  const pawl::test::TemporaryDirectory directory;
  auto options = options_in(directory.path() + "/journal");
  options.pipeline_text = std::string(header) + "operator path version 2 of int yields int\nlet p = path(customer per customer, 1h)\nrule r { on Payment when p > 1 then alert }\n";
  CHECK(has(error_of(options), "E196: operator `path` version 2 is not registered with this program, which has `squares` version 1, `path` version 3,"));
  options.pipeline_text = std::string(header) + "operator path version 3 of money yields int\nlet p = path(amount per customer, 1h)\nrule r { on Payment when p > 1 then alert }\n";
  CHECK(has(error_of(options), "E197: operator `path` version 3 of this program takes int and yields int, not what is declared here"));
}

}  // namespace operator_test
