// An engine that takes snapshots and retires segments: sharp enough to tell one planted bug from none.
#include "../fault_matrix/snapshot_scene.hpp"

using namespace pawl;

namespace {

constexpr std::int64_t intervals_before = 4;

// All entries and sectors lost, landed, or a part of them.
void cut_everywhere() {
  const auto disk = snapshot_scene::closed_behind(intervals_before).after_power_cut(io::PowerCut{});
  // Its sink has what the older one of the kept snapshots needs, and little more.
  snapshot_scene::Scene scene(*disk, Durability::disk, (intervals_before - 1) * snapshot_scene::interval + 8);
  REQUIRE(scene.open().ok());
  std::uint64_t cuts = 0;
  std::string wrong;  // nothing is thrown through an engine
  disk->watch([&] {
    for (const io::PowerCut cut : {io::PowerCut{}, io::PowerCut{.policy = io::PowerCut::Policy::keep_all}, io::PowerCut{.policy = io::PowerCut::Policy::subset, .seed = ++cuts}}) {
      if (wrong.empty()) wrong = snapshot_scene::check(*disk->after_power_cut(cut), scene.known());
    }
  });
  snapshot_scene::live(scene, 2);
  disk->watch({});
  CHECK_MESSAGE(wrong.empty(), wrong);
  CHECK(scene.engine().snapshots().retired_segments > 0);
  CHECK(cuts > 100);
}

}  // namespace

TEST_CASE("retention: power cuts at each operation") { cut_everywhere(); }

// Segments of some intervals: both kept snapshots stand in the one that is being written, which no seal has synced.
TEST_CASE("retention: power cuts at level os") {
  io::SimulatedDisk disk;
  snapshot_scene::Scene scene(disk, Durability::os, EngineOptions::as_recorded, true, 128 * 1024);
  REQUIRE(scene.open().ok());
  std::uint64_t moments = 0;
  std::string wrong;
  disk.watch([&] {
    const bool looks = scene.engine().snapshots().retired_segments > 0 || ++moments % 8 == 0;
    if (looks && wrong.empty()) wrong = snapshot_scene::check(*disk.after_power_cut(io::PowerCut{}), scene.known());
  });
  snapshot_scene::live(scene, 9);
  disk.watch({});
  CHECK_MESSAGE(wrong.empty(), wrong);
  CHECK(scene.engine().snapshots().retired_segments > 0);
}

// The sink lags behind: its decisions come again, each of them.
TEST_CASE("retention: a start gives each decision that the sink does not have") {
  for (const Sequence muted : {Sequence{200}, Sequence{230}}) {
    const auto disk = snapshot_scene::closed_behind(intervals_before).after_power_cut(io::PowerCut{});
    const std::string wrong = snapshot_scene::check(*disk, {.created = true, .acked = intervals_before * snapshot_scene::interval, .synced = muted});
    CHECK_MESSAGE(wrong.empty(), wrong);
  }
}
