// A snapshot on a disk that forgets what was not synced: whole once it was published, and never half there.
#include "pawl/io/simulated.hpp"
#include "pawl/journal/reader.hpp"
#include "written.hpp"

namespace pawl::snapshot_test {
namespace {

using Policy = io::PowerCut::Policy;

EngineOptions options_on(io::Disk& disk) {
  EngineOptions options = options_for("data", small);
  options.durability = Durability::disk;
  options.disk = &disk;
  return options;
}

Result<journal::Taken> take(io::SimulatedDisk& disk) {
  io::SimulatedClock clock;
  return journal::take_snapshot({.directory = "data", .threads = 1, .disk = &disk, .clock = &clock, .digest_interval = interval});
}

// Each snapshot that has its name is whole; how many.
std::size_t check_all_whole(io::SimulatedDisk& disk) {
  auto names = journal::list_snapshots(disk, "data");
  REQUIRE(names.ok());
  for (const journal::SnapshotName& name : *names) {
    const auto whole = journal::verify_snapshot(disk, name.path, interval);
    CHECK_MESSAGE(whole.ok(), (whole.ok() ? "" : whole.error().text));
  }
  return names->size();
}

}  // namespace

TEST_CASE("a snapshot is whole after a power cut at any of its operations, and stays once it was published") {
  io::SimulatedDisk written;
  static_cast<void>(run(options_on(written), 1, part));
  int refused = 0;
  for (const io::Operation operation : {io::Operation::write, io::Operation::sync, io::Operation::rename, io::Operation::sync_directory}) {
    auto disk = written.after_process_death();
    disk->add_fault({.operation = operation, .path_part = "snap", .times = io::Fault::for_ever, .error_number = EIO});
    refused += take(*disk).ok() ? 0 : 1;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      auto after = disk->after_power_cut({.policy = seed == 1 ? Policy::keep_all : Policy::torn, .seed = seed});
      check_all_whole(*after);
    }
  }
  CHECK(refused == 4);
  auto disk = written.after_process_death();
  const auto taken = take(*disk);
  REQUIRE_MESSAGE(taken.ok(), (taken.ok() ? "" : taken.error().text));
  auto after = disk->after_power_cut(io::PowerCut{});
  CHECK(check_all_whole(*after) == 1);
}

TEST_CASE("a snapshot of a forked history is refused") {
  io::SimulatedDisk ours;
  static_cast<void>(run(options_on(ours), 1, 1'000));
  auto theirs = ours.after_process_death();
  static_cast<void>(run(options_on(ours), 1'000, part));
  static_cast<void>(run(options_on(*theirs), 1'001, part + 1));
  const auto taken = take(*theirs);
  REQUIRE(taken.ok());
  auto reader = journal::JournalReader::open("data", ours);
  REQUIRE(reader.ok());
  CHECK(reader->control().database == taken->header.database);
  const auto ours_too = journal::check_history(*reader, taken->header);
  REQUIRE_FALSE(ours_too.ok());
  CHECK(ours_too.error().code == ErrorCode::foreign);
}

}  // namespace pawl::snapshot_test
