// A full engine is a value for the producer: nothing accepted is lost, nothing refused gets in.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "pawl/journal/durable_engine.hpp"
#include "temporary_directory.hpp"

namespace back_pressure_test {

namespace {

struct Payment {
  pawl::Time at;
  std::int64_t id;
};
PAWL_EVENT(Payment, at, id);

constexpr pawl::Time start = 1'522'540'800'000'000'000;
constexpr std::int64_t attempts_max = std::int64_t{1} << 22;  // more than all rings hold together

}  // namespace

TEST_CASE("without a sink the rings fill up, publish says full, and what was accepted is decided once there is one") {
  const pawl::test::TemporaryDirectory directory;
  pawl::EngineOptions options;
  options.directory = directory.path() + "/journal";
  options.pipeline_text = "pipeline \"full\" version 1\nevent Payment { at: time, id: int }\nrule odd { on Payment when id = 1 then score 1 }\n";
  options.durability = pawl::Durability::os;
  options.segment_bytes = std::uint64_t{8} << 20;
  auto engine = pawl::DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  const auto lane = (*engine)->lane("gateway", {.capacity = 64, .when_full = pawl::WhenFull::refuse});
  REQUIRE(lane.ok());

  // A refusal can be the sequence stage being a moment late; it is the sink once the engine stands still.
  std::int64_t accepted = 0;
  int refused_in_a_row = 0;
  for (std::int64_t attempt = 0; attempt < attempts_max && refused_in_a_row < 1000; ++attempt) {
    const auto publication = (*lane)->publish(Payment{start + accepted, accepted + 1});
    if (publication.accepted()) {
      CHECK(publication.ticket() == static_cast<pawl::Ticket>(++accepted));
      refused_in_a_row = 0;
    } else {
      REQUIRE(publication.refusal() == pawl::ring::Refusal::full);
      ++refused_in_a_row;
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
  REQUIRE(refused_in_a_row == 1000);
  CHECK(accepted > 64);
  CHECK((*lane)->next_ticket() == static_cast<pawl::Ticket>(accepted + 1));
  CHECK((*engine)->status().emitted < 1);  // sequence 0 is the activation: nobody has seen a decision

  std::vector<std::int64_t> decided;
  (*engine)->on_decision([&](const pawl::Decision& decision) { decided.push_back(decision.id()); });
  const auto report = (*engine)->close();
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  REQUIRE(decided.size() == static_cast<std::size_t>(accepted));
  for (std::size_t i = 0; i < decided.size(); ++i) REQUIRE(decided[i] == static_cast<std::int64_t>(i + 1));
  CHECK(report->last_sequence == accepted);
}

}  // namespace back_pressure_test
