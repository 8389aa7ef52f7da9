// A full disk, on real file systems: the engine refuses and stays, goes on by itself, and in the end every event is accounted for.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "accounted_engine.hpp"
#include "loop_mount.hpp"

using namespace pawl::test;

namespace {

std::string distribution(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return fmt::format("{:.1f} to {:.1f} ms, median {:.1f} of {}", values.front(), values.back(), values[values.size() / 2], values.size());
}

}  // namespace

TEST_CASE("a running engine on a full disk refuses, stays, and goes on by itself; every event is accounted for") {
  for (const std::string& type : file_systems) {
    CAPTURE(type);
    auto mount = LoopMount::make(type, 128 * MiB);
    if (!mount.ok()) {
      MESSAGE("SKIPPED: full disk on ", type, ": ", mount.error().text);
      continue;
    }
    const std::string directory = *mount / "journal";
    AccountedEngine run(directory, pawl::EngineOptions::as_recorded);
    std::vector<double> resumed;
    mount->leave(2 * MiB);
    for (int round = 0; round < 12; ++round) {
      REQUIRE_MESSAGE(run.offer_until_disk_full(), run.why_refused());
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
    CHECK(run.decided.size() == static_cast<std::size_t>(run.accepted));
    run.engine.reset();

    AccountedEngine again(directory, pawl::EngineOptions::replay_all);
    CHECK(again.lane->next_ticket() == static_cast<pawl::Ticket>(run.accepted + 1));
    const auto replayed = again.engine->close();
    REQUIRE_MESSAGE(replayed.ok(), (replayed.ok() ? "" : replayed.error().text));
    CHECK(replayed->digest == report->digest);
    CHECK(again.decided == run.decided);
  }
}
