#include "snapshot_scene.hpp"

#include "../journal/world.hpp"
#include "pawl/journal/durable_engine.hpp"

namespace pawl::snapshot_scene {
namespace {

struct Payment {
  Time at;
  std::int64_t customer;
};
PAWL_EVENT(Payment, at, customer);

constexpr const char* pipeline = R"(pipeline "scene" version 1
event Payment { at: time, customer: int }
let seen = count(per customer, 1m)
rule often { on Payment when seen >= 3 then score 5 }
)";

std::unique_ptr<io::SimulatedDisk> written() {
  auto disk = std::make_unique<io::SimulatedDisk>();
  EngineOptions options;
  options.directory = world::directory;
  options.pipeline_text = pipeline;
  options.threads = 1;
  options.segment_bytes = std::uint64_t{1} << 20;
  options.block_bytes_max = std::uint32_t{1} << 18;
  options.state = window::StateLimits{.keys_max = 64, .entries_max = 4096, .distinct_max = 64};
  options.disk = disk.get();
  options.random = world::fixed_random;
  auto engine = DurableEngine::open(options);
  REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().text));
  (*engine)->on_decision([](const Decision&) {});
  auto lane = (*engine)->lane("gateway", {.max_future = 0});
  REQUIRE(lane.ok());
  for (std::int64_t i = 0; i < limits::digest_interval + 100; ++i) REQUIRE((*lane)->publish(Payment{i * one_second, i % 7}).accepted());
  REQUIRE((*engine)->close().ok());
  return disk;
}

}  // namespace

std::unique_ptr<io::SimulatedDisk> journal_without_snapshot() {
  static const std::unique_ptr<io::SimulatedDisk> made = written();
  return made->after_power_cut(io::PowerCut{});  // what its threads had begun and not synced is not of this scene
}

Result<journal::Taken> take(io::SimulatedDisk& disk) {
  static io::SimulatedClock clock;
  return journal::take_snapshot({.directory = world::directory, .threads = 1, .disk = &disk, .clock = &clock});
}

std::string check(io::SimulatedDisk& disk, bool published, bool take_again) {
  io::SimulatedClock clock;
  {
    auto opened = journal::Journal::open(world::small_options(disk, clock));
    if (!opened.ok()) return "the journal is refused: " + opened.error().text;
  }
  auto reader = journal::JournalReader::open(world::directory, disk);
  if (!reader.ok()) return "reader: " + reader.error().text;
  auto names = journal::list_snapshots(disk, world::directory);
  if (!names.ok()) return "list: " + names.error().text;
  for (const journal::SnapshotName& name : *names) {
    const auto header = journal::verify_snapshot(disk, name.path);
    if (!header.ok()) return "a published snapshot is not whole: " + header.error().text;
    if (auto ours = journal::check_history(*reader, *header); !ours.ok()) return "of another history: " + ours.error().text;
  }
  if (published && names->empty()) return "the snapshot that was taken is gone";
  if (!take_again) return {};
  const auto taken = take(disk);
  return taken.ok() ? std::string() : "cannot be taken again: " + taken.error().text;
}

}  // namespace pawl::snapshot_scene
