// Crash states, exhaustively: PAWL_CRASH_IMAGES says how many distinct disk images are wanted in all. PAWL_CRASH_PART=k/n: of these the k-th of n
// parts, which have no image in common, so that many images can be gathered by several runs.
#include <fmt/format.h>

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "../fault_matrix/snapshot_scene.hpp"
#include "enumerator.hpp"

using namespace pawl;
using namespace pawl::crash_states;
using journal::Label;
using powercut::Acked;
using journal::Durability;
using powercut::History;
using powercut::Run;

namespace {

// Sanitizers make a state some fifty times as slow; the code is the same.
#ifdef PAWL_SANITIZED
constexpr std::uint64_t slower = 50;
#else
constexpr std::uint64_t slower = 1;
#endif

Part part_wanted() {
  Part part;
  const char* text = std::getenv("PAWL_CRASH_PART");
  if (text == nullptr) return part;
  char rest = 0;
  REQUIRE_MESSAGE((std::sscanf(text, "%" SCNu64 "/%" SCNu64 "%c", &part.number, &part.of, &rest) == 2 && part.number >= 1 && part.number <= part.of),
                  "PAWL_CRASH_PART is k/n, with k from 1 to n");
  return part;
}

// By this part.
std::uint64_t images_wanted(const Part& part) {
  const char* text = std::getenv("PAWL_CRASH_IMAGES");
  const std::uint64_t all = (text != nullptr ? std::strtoull(text, nullptr, 10) : 1'000'000) / slower;
  return (all + part.of - 1) / part.of;
}

// For the record of a long run.
std::string commit() {
  FILE* const git = ::popen("git -C " PAWL_SOURCE_DIR " describe --always --dirty 2>/dev/null", "r");
  if (git == nullptr) return "unknown";
  char line[64] = "unknown";
  const bool is_there = std::fgets(line, sizeof line, git) != nullptr;
  ::pclose(git);
  const std::string_view text(line);
  return std::string(is_there ? text.substr(0, text.find('\n')) : text);
}

void play(const History& history, const Run::Look& look) {
  Run run(1, look, history.capacity);
  run.options().segment_bytes = 32 * 1024;  // the smallest: a recovery reads all of it
  history.play(run);
}

std::vector<Moment> moments_of(const History& history) {
  std::vector<Moment> moments;
  Fingerprints keys;
  play(history, [&](const io::SimulatedDisk& disk, const Acked& acked) {
    const Moment moment = moment_of(disk, disk.unsynced(), acked);
    if (keys.insert(moment.key)) moments.push_back(moment);
  });
  return moments;
}

}  // namespace

namespace {

struct Total {
  std::uint64_t images = 0, states = 0, cut_recoveries = 0, broken = 0;
};

// So many more states of one history, of all parts together.
void enumerate(const History& history, std::uint64_t states, const Part& part, Seen& seen, Total& total) {
  Enumerator enumerator(seen, quota_for(moments_of(history), states), part);
  play(history, [&](const io::SimulatedDisk& disk, const Acked& acked) { enumerator.look(disk, acked); });
  const Tally& tally = enumerator.tally();
  const auto labelled = [&](Label label) { return tally.labels[static_cast<std::size_t>(label)]; };
  MESSAGE(fmt::format("{}: {} moments, {} of them whole, {} distinct images, {} recovered (END {}, TORN {}, begun anew {}), {} recoveries cut in turn", history.name,
                      tally.moments, tally.whole, tally.images, tally.states, labelled(Label::end), labelled(Label::torn), labelled(Label::not_initialised), tally.cut_recoveries));
  for (const std::string& text : tally.broken) FAIL_CHECK(history.name << ", " << text);
  total.images += tally.images;
  total.states += tally.states;
  total.cut_recoveries += tally.cut_recoveries;
  total.broken += tally.broken_count;
}

}  // namespace

TEST_CASE("every state that a power cut may leave, in every history: what was acked is recovered, and nothing is called corrupt") {
  const auto& histories = powercut::histories();
  REQUIRE(histories.size() >= 12);
  const Part part = part_wanted();
  const std::uint64_t wanted = images_wanted(part);
  const auto start = std::chrono::steady_clock::now();
  const std::string of_commit = commit();  // in hours it may be another
  Seen seen;
  Total total;
  // What one history cannot give, the later ones do; and all of them once more, if that was not enough.
  for (int round = 0; round < 8 && total.images < wanted; ++round) {
    for (std::size_t i = 0; i < histories.size() && total.images < wanted; ++i) {
      const std::uint64_t share = (wanted - total.images) * part.of / (histories.size() - i);
      enumerate(histories[i], share * (6 + static_cast<std::uint64_t>(round)) / 5 + 100, part, seen, total);
    }
  }
  MESSAGE(fmt::format("crash states: part {}/{}, {} histories, {} distinct images, {} recovered, {} recoveries cut in turn; lost, doubled, silent or called corrupt: {}; {:.0f} s, commit {}", part.number, part.of,
                      histories.size(), total.images, total.states, total.cut_recoveries, total.broken, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), of_commit));
  CHECK(total.broken == 0);
  CHECK(total.images >= wanted);
  CHECK(total.images == seen.images.size());
}

namespace {

// States of two intervals of an engine that takes snapshots and retires segments, from its start to its close.
void enumerate_engine(Durability durability, std::uint64_t quota) {
  Seen seen;
  Enumerator enumerator(seen, quota, {}, [&](io::SimulatedDisk& disk, const Acked& acked) {
    return powercut::Verdict{snapshot_scene::check(disk, {.created = true, .acked = acked.sequence, .synced = acked.synced, .durability = durability}), Label::end};
  });
  constexpr std::int64_t before = 4;
  const auto disk = snapshot_scene::closed_behind(before).after_power_cut(io::PowerCut{});
  const Sequence last = before * snapshot_scene::interval;
  snapshot_scene::Scene scene(*disk, durability, durability == Durability::os ? EngineOptions::as_recorded : last);
  scene.sink().flushed = scene.sink().synced = last;  // level os too: what is there was synced by the close
  bool opened = false;
  disk->watch([&] {
    const auto known = opened ? scene.known() : snapshot_scene::Known{.acked = last, .synced = last};
    enumerator.look(*disk, {.created = true, .sequence = known.acked, .synced = known.synced});
  });
  REQUIRE(scene.open().ok());
  opened = true;
  snapshot_scene::live(scene, 2);
  CHECK(scene.engine().snapshots().retired_segments > 0);
  REQUIRE(scene.close().ok());
  const Tally& tally = enumerator.tally();
  MESSAGE(fmt::format("engine with snapshots and retention, level {}: {} moments, {} of them whole, {} distinct images, {} started, {} starts cut in turn", durability == Durability::os ? "os" : "disk",
                      tally.moments, tally.whole, tally.images, tally.states, tally.cut_recoveries));
  for (const std::string& text : tally.broken) FAIL_CHECK(text);
  CHECK(tally.broken_count == 0);
  CHECK(tally.whole >= 10);
  CHECK(tally.images >= quota * 10);
}

}  // namespace

TEST_CASE("every state that a power cut may leave while an engine takes snapshots and retires segments: it starts, and decides as before") {
  const std::uint64_t quota = std::max<std::uint64_t>(40 / slower, 4);
  enumerate_engine(Durability::disk, quota);
  enumerate_engine(Durability::os, quota);
}
