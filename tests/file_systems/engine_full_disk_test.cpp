// A full disk, on real file systems: the engine refuses and stays, goes on by itself, and in the end every event is accounted for.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "loop_mount.hpp"
#include "pawl/journal/durable_engine.hpp"

using pawl::ring::Refusal;
using pawl::test::LoopMount;
using Clock = std::chrono::steady_clock;

namespace {

struct Payment {
  pawl::Time at;
  std::int64_t id;
};
PAWL_EVENT(Payment, at, id);

constexpr pawl::Time start = 1'522'540'800'000'000'000;
constexpr std::uint64_t MiB = std::uint64_t{1} << 20;
const std::vector<std::string> types{"ext4", "xfs"};

double milliseconds_since(Clock::time_point then) { return std::chrono::duration<double, std::milli>(Clock::now() - then).count(); }

// What happened to each event that was offered: an event that was refused is offered again under the same id.
struct Engine {
  std::unique_ptr<pawl::DurableEngine> engine;
  pawl::EngineLane* lane = nullptr;
  std::vector<std::int64_t> decided;
  std::int64_t offered = 0, accepted = 0, refused_full = 0, refused_disk_full = 0;

  explicit Engine(const std::string& directory, pawl::Sequence muted) {
    pawl::EngineOptions options;
    options.directory = directory;
    options.pipeline_text = "pipeline \"full\" version 1\nevent Payment { at: time, id: int }\nlet n = count(per id, 1h)\nrule odd { on Payment when id % 7 = 1 then score 1 }\n";
    options.segment_bytes = 8 * MiB;
    options.muted = muted;
    auto opened = pawl::DurableEngine::open(options);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().text));
    engine = *std::move(opened);
    auto inlet = engine->lane("gateway", {.capacity = 256, .when_full = pawl::WhenFull::refuse});
    REQUIRE(inlet.ok());
    lane = *inlet;
    engine->on_decision([this](const pawl::Decision& decision) { decided.push_back(decision.id()); });
  }

  Refusal offer() {
    ++offered;
    const auto publication = lane->publish(Payment{start + accepted, accepted + 1});
    accepted += publication.accepted() ? 1 : 0;
    refused_full += publication.refusal() == Refusal::full ? 1 : 0;
    refused_disk_full += publication.refusal() == Refusal::disk_full ? 1 : 0;
    return publication.refusal();
  }
  // So many, and waits while it has no room. False: it refused one for another reason.
  bool offer_all(std::int64_t events) {
    for (const std::int64_t enough = accepted + events; accepted < enough;) {
      const Refusal refusal = offer();
      if (refusal != Refusal::none && refusal != Refusal::full) return false;
      if (refusal == Refusal::full) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return true;
  }
  // Until it takes nothing any more: for 30 ms nothing but disk_full. What stands in rings and lanes is accepted, and not acked.
  bool offer_until_disk_full() {
    auto last_accepted = Clock::now();
    while (milliseconds_since(last_accepted) < 30) {
      const Refusal refusal = offer();
      if (refusal == Refusal::none) last_accepted = Clock::now();
      if (refusal != Refusal::none && refusal != Refusal::full && refusal != Refusal::disk_full) return false;
      if (refusal != Refusal::none) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return true;
  }
  // Milliseconds until it takes an event again; negative: not within ten seconds.
  double wait_until_accepted() {
    const auto began = Clock::now();
    while (milliseconds_since(began) < 10'000) {
      if (offer() == Refusal::none) return milliseconds_since(began);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return -1;
  }
  [[nodiscard]] bool has_decided_each_once() const {
    for (std::size_t i = 0; i < decided.size(); ++i) {
      if (decided[i] != static_cast<std::int64_t>(i + 1)) return false;
    }
    return decided.size() == static_cast<std::size_t>(accepted);
  }
};

std::string distribution(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return fmt::format("{:.1f} to {:.1f} ms, median {:.1f} of {}", values.front(), values.back(), values[values.size() / 2], values.size());
}

}  // namespace

TEST_CASE("a running engine on a full disk refuses, stays, and goes on by itself; every event is accounted for") {
  for (const std::string& type : types) {
    CAPTURE(type);
    auto mount = LoopMount::make(type, type == "xfs" ? 304 * MiB : 128 * MiB);
    if (!mount.ok()) {
      MESSAGE("SKIPPED: full disk on ", type, ": ", mount.error().text);
      continue;
    }
    const std::string directory = *mount / "journal";
    Engine run(directory, pawl::EngineOptions::as_recorded);
    std::vector<double> resumed;
    mount->leave(2 * MiB);
    for (int round = 0; round < 12; ++round) {
      REQUIRE(run.offer_until_disk_full());
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * round));  // the poll for space is met at any moment
      const pawl::EngineStatus status = run.engine->status();
      CHECK(status.journal == pawl::journal::WriterState::disk_full);
      CHECK_FALSE(status.failed);
      CHECK(status.emitted <= status.durable);
      CHECK(run.offer() == Refusal::disk_full);
      mount->give_back(5 * MiB);
      resumed.push_back(run.wait_until_accepted());
      REQUIRE(resumed.back() >= 0);
    }
    MESSAGE(type, ": took events again ", distribution(resumed), " after space had come back");
    mount->give_back(64 * MiB);
    REQUIRE(run.offer_all(1000));
    const auto report = run.engine->close();
    REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
    CHECK(report->journal.disk_full >= 12);
    CHECK(report->journal.inputs == static_cast<std::uint64_t>(run.accepted + 1));  // and the activation
    CHECK(report->last_sequence == run.accepted);
    CHECK(run.offered == run.accepted + run.refused_full + run.refused_disk_full);
    CHECK(run.has_decided_each_once());
    run.engine.reset();

    Engine again(directory, pawl::EngineOptions::replay_all);
    CHECK(again.lane->next_ticket() == static_cast<pawl::Ticket>(run.accepted + 1));
    const auto replayed = again.engine->close();
    REQUIRE_MESSAGE(replayed.ok(), (replayed.ok() ? "" : replayed.error().text));
    CHECK(replayed->digest == report->digest);
    CHECK(again.decided == run.decided);
  }
}
