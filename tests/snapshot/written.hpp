// Journals long enough for snapshots, which are taken where a digest interval ends.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "../engine/temporary_directory.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/simulated_clock.hpp"
#include "pawl/journal/durable_engine.hpp"
#include "pawl/journal/replay.hpp"
#include "pawl/journal/snapshot/pages.hpp"
#include "pawl/journal/snapshot/take.hpp"

namespace pawl::snapshot_test {

struct Payment {
  Time at;
  std::int64_t id, customer, terminal;
  std::optional<Money> amount;
};
PAWL_EVENT(Payment, at, id, customer, terminal, amount);

inline constexpr const char* rich = R"(pipeline "rich" version 1
event Payment { at: time, id: int, customer: int, terminal: int, amount: money }
let spent = sum(amount per customer, 1h)
let usual = prior avg(amount per customer, since start)
let seen = distinct(customer per terminal, 2h)
let busy = count(per terminal, 1h delayed 1h)
let latest = avg(amount per terminal, last 20)
let before = prior last(terminal per customer, since start)
let all = sum(amount per all, 10m)
rule big    { on Payment when amount > 190.00 then score 7 }
rule often  { on Payment when count(per customer, 1h) >= 3 then score 5 }
rule above  { on Payment when amount > 3 * usual then alert }
rule moved  { on Payment when before != terminal and seen > 20 then score 1 }
)";

inline constexpr const char* small = R"(pipeline "small" version 1
event Payment { at: time, id: int, customer: int, terminal: int, amount: money }
let spent = sum(amount per all, 1m)
rule big { on Payment when amount > 190.00 then score 7 }
)";

inline constexpr Time start = 1'522'540'800'000'000'000;

// A sixteenth of what engines have by default, in the same time and with as many payments a key. (Goldens, and tests of tools that
// cannot be told another interval, have the default.)
inline constexpr std::int64_t interval = limits::digest_interval / 16;
// Payments: a few more than an interval. What is asked to be so long is written part by part.
inline constexpr std::int64_t part = interval + 300;

struct Flow {
  Duration between;
  std::uint64_t customers, terminals;
};
inline constexpr Flow flow{8 * one_second, 190, 13};

// The same for the same number; at times late, at times without an amount.
inline Payment payment(std::int64_t i, const Flow& of = flow) {
  const auto mixed = static_cast<std::uint64_t>(i) * 0x9E37'79B9'7F4A'7C15 >> 20;
  Payment made{start + i * of.between - (i % 13 == 0 ? 10 * of.between : 0), i, static_cast<std::int64_t>(mixed % of.customers), static_cast<std::int64_t>(mixed / of.customers % of.terminals), {}};
  if (i % 11 != 0) made.amount = Money{static_cast<std::int64_t>(mixed % 20'000)};
  return made;
}

struct Taken {
  Sequence sequence;
  Ticket ticket;
  std::int64_t id, score;
  std::uint64_t fired;
  friend bool operator==(const Taken&, const Taken&) = default;
};

class Collector final : public DecisionSink {
 public:
  Result<void> on_decision(const Decision& decision) override {
    std::uint64_t fired = 0;
    for (std::size_t rule = 0; rule < decision.plan().rules.size(); ++rule) fired |= std::uint64_t{decision.fired(rule)} << rule;
    taken.push_back({decision.sequence(), decision.ticket(), decision.id(), decision.score(), fired});
    return {};
  }
  Result<void> flush() override { return {}; }

  std::vector<Taken> taken;
};

struct Run {
  rules::Digest128 digest{};
  std::vector<std::uint64_t> firings;
  Sequence replayed_after = no_sequence, last_sequence = no_sequence;
  std::vector<Taken> decisions;
  std::vector<std::string> notices;
};

// Opens the engine, publishes payments [from, to), closes.
inline Run run(EngineOptions options, std::int64_t from, std::int64_t to) {
  Run run;
  Collector collector;
  auto engine = DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  run.replayed_after = (*engine)->replayed_after();
  run.notices = (*engine)->notices();
  (*engine)->set_sink(collector);
  auto lane = (*engine)->lane("gateway");
  REQUIRE(lane.ok());
  for (std::int64_t i = from; i < to; ++i) {
    while (!(*lane)->publish(payment(i)).accepted()) {
    }
  }
  auto report = (*engine)->close();
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  run.digest = report->digest;
  run.firings = report->firings;
  run.last_sequence = report->last_sequence;
  run.decisions = std::move(collector.taken);
  return run;
}

inline EngineOptions options_for(const std::string& directory, const char* pipeline = rich) {
  EngineOptions options;
  options.directory = directory;
  options.pipeline_text = pipeline;
  options.durability = Durability::os;
  options.digest_interval = interval;
  options.segment_bytes = std::uint64_t{256} << 10;
  options.block_bytes_max = 64 << 10;
  options.state = window::StateLimits{.keys_max = 1 << 14, .entries_max = 1 << 18, .distinct_max = 1 << 14};
  return options;
}

// The machine's disk, and a clock that stands: the same state gives the same file.
struct World {
  World() : disk(*io::make_real_disk()) {}
  journal::Taken take(const std::string& directory, int threads = 0, std::int64_t digest_interval = interval) {
    auto taken = journal::take_snapshot({.directory = directory, .threads = threads, .disk = disk.get(), .clock = &clock, .digest_interval = digest_interval});
    REQUIRE_MESSAGE(taken.ok(), (taken.ok() ? "" : taken.error().text));
    return *std::move(taken);
  }
  std::unique_ptr<io::Disk> disk;
  io::SimulatedClock clock;
};

struct Replayed {
  ReplayReport report;
  Sequence after = no_sequence;
  std::vector<std::string> notes;
  std::vector<Taken> decisions;
};

inline Replayed replay(ReplayOptions options, std::int64_t digest_interval = interval) {
  options.digest_interval = digest_interval;
  Replayed replayed;
  Collector collector;
  auto opened = Replay::open(options);
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().text));
  replayed.after = (*opened)->after();
  replayed.notes = (*opened)->notes();
  auto report = (*opened)->run(collector);
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().text));
  replayed.report = *report;
  replayed.decisions = std::move(collector.taken);
  return replayed;
}

inline std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

inline void flip(const std::string& path, std::size_t at) {
  std::string bytes = file_bytes(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 0x10);
  write_bytes(path, bytes);
}

}  // namespace pawl::snapshot_test
