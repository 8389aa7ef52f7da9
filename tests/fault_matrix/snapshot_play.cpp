#include "pawl/journal/receipt.hpp"
#include "scene.hpp"
#include "snapshot_scene.hpp"

namespace pawl::fault_matrix {
namespace {

using snapshot_scene::Known;
using snapshot_scene::Scene;

constexpr std::int64_t intervals_before = 4;
constexpr int turns_max = 500;  // of a snapshot that fails: it would be tried again a second later

// A journal of some snapshots, and an engine that has all but the last event of an interval: what follows is a snapshot and what retention does.
struct Eve {
  Eve() : disk(snapshot_scene::closed_behind(intervals_before).after_power_cut(io::PowerCut{})), scene(*disk, Durability::disk, intervals_before * snapshot_scene::interval) {
    const auto opened = scene.open();
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().text));
    REQUIRE(scene.publish(snapshot_scene::interval - 2));
    REQUIRE(scene.turn_until([&] { return scene.has_emitted(); }));
    for (int turns = 0; turns < 200; ++turns) scene.turn();  // the idle seal, and the next segment
    REQUIRE(scene.engine().snapshots().taken == 0);
  }
  template <class Ended>
  void live(Ended ended) {
    if (!scene.publish(1)) return;
    const auto done = [&] { return ended() || scene.engine().snapshots().failed > 0 || scene.engine().status().failed || scene.engine().snapshots().retired_segments > 0; };
    scene.turn_until(done, turns_max);
  }
  [[nodiscard]] Phase phase() { return scene.engine().snapshots().taken > 0 ? Phase::retiring : Phase::snapshotting; }

  std::unique_ptr<io::SimulatedDisk> disk;
  Scene scene;
};

// What strikes from outside. True: it did.
bool strike(Kind kind, io::SimulatedDisk& disk, std::unique_ptr<io::SimulatedDisk>& left) {
  switch (kind) {
    case Kind::process_death: left = disk.after_process_death(); break;
    case Kind::power_cut: left = disk.after_power_cut(io::PowerCut{.policy = io::PowerCut::Policy::torn, .seed = disk.counters().operations}); break;
    case Kind::disk_full: disk.set_capacity((std::uint64_t{1} << 40) - *disk.free_bytes("/")); break;
    case Kind::rot: {
      // Rows of the newest file; those of older ones have been read and are read again.
      const auto names = disk.list("data/snap");
      for (auto name = names->rbegin(); name != names->rend(); ++name) {
        const std::string path = "data/snap/" + *name;
        if (name->find(".pages") != std::string::npos || disk.content(path).size() < 5'000) continue;
        disk.flip_bit(path, 4'500, 3);
        return true;
      }
      return false;
    }
    default: return false;
  }
  if (left) disk.power_off();
  return true;
}

// "refused", "a published snapshot is not whole" of what check says: damage has a name.
bool names_damage(const std::string& wrong) { return wrong.starts_with("refused: ") || wrong.starts_with("a published snapshot is not whole"); }

std::string describe(Eve& eve, bool left) {
  if (left) return "ended";
  const EngineStatus status = eve.scene.engine().status();
  const journal::SnapshotStatus snapshots = eve.scene.engine().snapshots();
  std::string text = status.failed ? "stopped" : snapshots.failed > 0 ? "told" : "went on";
  return text + (snapshots.taken == 0 ? ", no snapshot" : snapshots.retired_segments == 0 ? ", nothing retired" : "");
}

}  // namespace

Trace snapshot_trace() {
  Eve eve;
  Trace trace;
  const io::SimulatedCounters before = eve.disk->counters();
  eve.disk->watch([&] {
    const io::SimulatedCounters now = eve.disk->counters();
    trace.operations.resize(now.operations - before.operations, eve.phase());
    trace.writes.resize(now.writes - before.writes, eve.phase());
  });
  eve.live([] { return false; });
  REQUIRE(eve.scene.engine().snapshots().retired_segments > 0);
  eve.disk->watch({});
  return trace;
}

Outcome play_snapshot(Kind kind, std::uint64_t at) {
  Eve eve;
  Outcome result;
  std::unique_ptr<io::SimulatedDisk> left;
  Known known;
  const io::SimulatedCounters before = eve.disk->counters();
  if (auto fault = fault_of(kind)) {
    fault->after = at;
    eve.disk->add_fault(*fault);
  } else {
    eve.disk->watch([&] {
      if (result.struck || eve.disk->counters().operations <= before.operations + at) return;
      known = eve.scene.known();
      result.struck = strike(kind, *eve.disk, left);
    });
  }
  eve.live([&] { return left != nullptr; });
  eve.disk->watch({});
  result.struck = result.struck || eve.disk->counters().faults > before.faults;
  if (!result.struck) return result;
  const bool engine_failed = eve.scene.engine().status().failed;
  result.outcome = describe(eve, left != nullptr);
  if (!left) known = eve.scene.known();
  const journal::Receipt receipt = eve.scene.engine().receipt();
  auto after = left ? std::move(left) : eve.disk->after_power_cut(io::PowerCut{});
  after->clear_faults();
  after->set_capacity(std::numeric_limits<std::uint64_t>::max());
  const std::string wrong = snapshot_scene::check(*after, known);
  if (wrong.empty()) return result;
  if (is_damage(kind) && names_damage(wrong)) {
    result.outcome += engine_failed ? ", named" : ", named by readers";
  } else if (const auto verdict = journal::check_receipt(world::directory, *after, receipt); is_damage(kind) && verdict.ok() && !verdict->holds()) {
    result.outcome += ", proved by the receipt";
  } else {
    result.broken = wrong;
  }
  return result;
}

}  // namespace pawl::fault_matrix
