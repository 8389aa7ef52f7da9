// An engine that notes when each stage passed which input decides the same, and notes no more than it was asked for.
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/engine/timeline.hpp"
#include "temporary_directory.hpp"

namespace timeline_test {

namespace {

using pawl::journal::Detail;
using pawl::journal::StageLog;
using pawl::journal::Timeline;

struct Paid {
  pawl::Time at;
  std::int64_t customer;
  pawl::Money amount;
};
PAWL_EVENT(Paid, at, customer, amount);

constexpr const char* pipeline = R"(pipeline "timed" version 1
event Paid { at: time, customer: int, amount: money }
rule often { on Paid when count(per customer, 1h) >= 3 then score 5 }
)";

constexpr std::int64_t events = 20'000;
constexpr pawl::Sequence every = 8;
constexpr std::size_t samples = events / every + 1;  // sequence 0 is the pipeline's activation

pawl::rules::Digest128 run(Timeline* timeline, int threads) {
  const pawl::test::TemporaryDirectory directory;
  pawl::EngineOptions options;
  options.directory = directory.path() + "/journal";
  options.pipeline_text = pipeline;
  options.threads = threads;
  options.timeline = timeline;
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->on_decision([](const pawl::Decision&) {});
  auto lane = (*engine)->lane("gateway-1");
  REQUIRE(lane.ok());
  for (std::int64_t i = 0; i < events; ++i) REQUIRE((*lane)->publish(Paid{pawl::one_second * (i + 1), i % 97, {i % 1000}}).accepted());
  auto report = (*engine)->close();
  REQUIRE(report.ok());
  return report->digest;
}

}  // namespace

TEST_CASE("a timeline changes no decision, and has every sampled input in data-path order") {
  const auto digest = run(nullptr, 0);
  for (const int threads : {1, 2, 4}) {
    Timeline timeline(every, samples, Detail::stages);
    CHECK(run(&timeline, threads) == digest);
    CHECK(timeline.threads.size() >= static_cast<std::size_t>(threads));
    for (std::size_t sample = 0; sample < samples; ++sample) {
      REQUIRE(timeline.sequenced.at_ns(sample) != StageLog::not_passed);
      REQUIRE(timeline.windows_at_ns(sample) != StageLog::not_passed);
      REQUIRE(timeline.decided.at_ns(sample) != StageLog::not_passed);
      REQUIRE(timeline.durable.at_ns(sample) != StageLog::not_passed);
    }
    std::int64_t readings = 0;
    for (const auto& thread : timeline.threads) {
      readings += thread.readings();
      for (const auto& turn : thread.turns()) {
        CHECK(turn.to_ns - turn.from_ns > pawl::journal::ThreadWatch::long_turn_ns);
        CHECK(turn.usage.waited_for_cpu_ns >= 0);
      }
    }
    CHECK(readings > 0);
  }
}

TEST_CASE("a timeline of decisions alone wraps nothing else") {
  Timeline timeline(every, samples, Detail::decisions);
  CHECK(run(&timeline, 2) == run(nullptr, 2));
  CHECK(timeline.threads.empty());
  CHECK(timeline.windows.empty());
  CHECK(timeline.sequenced.at_ns(1) == StageLog::not_passed);
  CHECK(timeline.durable.at_ns(1) == StageLog::not_passed);
  CHECK(timeline.decided.at_ns(samples - 1) != StageLog::not_passed);
}

}  // namespace timeline_test
