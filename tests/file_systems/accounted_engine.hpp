// An engine whose every event is accounted for: one that was refused is offered again under the same id, ids start at 1.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "loop_mount.hpp"
#include "pawl/journal/durable_engine.hpp"

namespace pawl::test {

using Clock = std::chrono::steady_clock;
using ring::Refusal;

struct Payment {
  Time at;
  std::int64_t id;
};
PAWL_EVENT(Payment, at, id);

inline constexpr Time start = 1'522'540'800'000'000'000;

inline double milliseconds_since(Clock::time_point then) { return std::chrono::duration<double, std::milli>(Clock::now() - then).count(); }

struct AccountedEngine {
  std::vector<std::int64_t> decided;  // ids; the engine's until it is closed
  std::unique_ptr<DurableEngine> engine;
  EngineLane* lane = nullptr;
  std::int64_t offered = 0, accepted = 0, refused_full = 0, refused_disk_full = 0;

  explicit AccountedEngine(const std::string& directory, Sequence muted) {
    EngineOptions options;
    options.directory = directory;
    options.pipeline_text = "pipeline \"full\" version 1\nevent Payment { at: time, id: int }\nlet n = count(per id, 1h)\nrule odd { on Payment when id % 7 = 1 then score 1 }\n";
    options.segment_bytes = 8 * MiB;
    options.muted = muted;
    auto opened = DurableEngine::open(options);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().text));
    engine = *std::move(opened);
    auto inlet = engine->lane("gateway", {.capacity = 256, .when_full = WhenFull::refuse});
    REQUIRE(inlet.ok());
    lane = *inlet;
    engine->on_decision([this](const Decision& decision) { decided.push_back(decision.id()); });
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
  // False: it refused one for another reason, or had no room for ten seconds.
  bool offer_until_disk_full() {
    auto last_accepted = Clock::now(), other_than_full_disk = Clock::now();
    while (milliseconds_since(other_than_full_disk) < 30) {
      const Refusal refusal = offer();
      if (refusal != Refusal::disk_full) other_than_full_disk = Clock::now();
      if (refusal == Refusal::none) {
        last_accepted = Clock::now();
        continue;
      }
      const bool waits = refusal == Refusal::full || refusal == Refusal::disk_full;
      if (!waits || milliseconds_since(last_accepted) > 10'000) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return true;
  }
  // Closes the engine.
  std::string why_refused() {
    const bool failed = engine->status().failed;
    const auto report = engine->close();
    return std::string(failed ? "failed: " : "not failed: ") + (report.ok() ? "closed" : report.error().text);
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
  // Those decided are the first ones, in order.
  [[nodiscard]] bool has_decided_each_once() const {
    for (std::size_t i = 0; i < decided.size(); ++i) {
      if (decided[i] != static_cast<std::int64_t>(i + 1)) return false;
    }
    return true;
  }
};

}  // namespace pawl::test
