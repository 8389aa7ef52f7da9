// Zeros of the next segment keep pace with the blocks, and with the time when there are none.
#include "world.hpp"

#include "hooked_disk.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/segment_preparer.hpp"

using namespace pawl;
using namespace pawl::world;
using journal::SegmentPreparer;

namespace {

constexpr std::uint64_t segment_bytes = std::uint64_t{8} << 20;

struct Preparing {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  Options options = small_options(disk, clock);
  SegmentPreparer preparer{with_segments(), nullptr};

  explicit Preparing(bool paced) {
    REQUIRE(disk.make_directory(directory).ok());
    REQUIRE(disk.make_directory(journal::segments_directory(directory)).ok());
    preparer.request({.segment = 1, .bytes = segment_bytes, .bytes_min = segment_bytes, .paced = paced});
  }
  const Options& with_segments() {
    options.segment_bytes = segment_bytes;
    return options;
  }
  // Until it has nothing to do for now. Bytes of zeros so far.
  std::uint64_t steps() {
    while (preparer.step()) {
    }
    const std::string path = preparer.state() == SegmentPreparer::State::ready ? journal::segment_path(directory, 1) : std::string(directory) + "/wal/prepared.tmp";
    auto file = disk.open(path, {.access = io::Access::read});
    return file.ok() ? static_cast<std::uint64_t>((*file)->size()) : 0;
  }
};

}  // namespace

TEST_CASE("preparer: without a pace a segment is made in one go") {
  Preparing world(false);
  CHECK(world.steps() == segment_bytes);
  CHECK(world.preparer.state() == SegmentPreparer::State::ready);
}

TEST_CASE("preparer: zeros stay a little ahead of what is allowed") {
  Preparing world(true);
  CHECK(world.steps() == SegmentPreparer::ahead_bytes);
  world.preparer.allow(3 << 20);
  CHECK(world.steps() == (3 << 20) + SegmentPreparer::ahead_bytes);
  CHECK(world.preparer.state() == SegmentPreparer::State::working);
  world.preparer.allow(2 * segment_bytes);
  CHECK(world.steps() == segment_bytes);
  CHECK(world.preparer.state() == SegmentPreparer::State::ready);
}

TEST_CASE("preparer: without blocks zeros go on slowly, and are done in time") {
  Preparing world(true);
  std::uint64_t before = world.steps();
  for (int i = 0; i < 40 && before < segment_bytes; ++i) {
    world.clock.advance(SegmentPreparer::idle_ns_per_step);
    const std::uint64_t now = world.steps();
    CHECK(now - before <= SegmentPreparer::step_bytes);
    before = now;
  }
  CHECK(world.preparer.state() == SegmentPreparer::State::ready);
}

TEST_CASE("preparer: a writer that waits for its segment sets no pace") {
  Preparing world(true);
  CHECK(world.steps() == SegmentPreparer::ahead_bytes);
  world.preparer.set_urgent(true);
  CHECK(world.steps() == segment_bytes);
  CHECK(world.preparer.take() == segment_bytes);
}

TEST_CASE("preparer: a writer that fills its segment finds the next one ready") {
  io::SimulatedDisk disk;
  io::SimulatedClock clock;
  Options options = small_options(disk, clock);
  options.segment_bytes = std::uint64_t{4} << 20;
  Journal journal = create_and_open(options);
  Writer& writer = journal.writer();
  // A turn of the preparer for each block, as much as a device gives both: no roll waits.
  std::uint64_t i = 0;
  bool waited = false;
  while (writer.counters().segments < 4) {
    const auto record = make_input(i, 3'000);
    if (writer.append(record)) ++i;
    journal.preparer()->step();
    writer.poll();
    clock.advance(1'000);
    waited |= !writer.in_flight() && journal.preparer()->state() == SegmentPreparer::State::working && writer.durable_position().offset + 16 * 1024 > options.segment_bytes;
  }
  CHECK_FALSE(waited);
}

namespace {

// While the name of segment 2 was being synced.
struct DuringNameSync {
  Sequence acked = no_sequence;
  std::unique_ptr<io::SimulatedDisk> after_power_cut;
};

// The writer goes on then, as on a thread of its own.
DuringNameSync write_during_name_sync(io::SimulatedDisk& disk, HookedDisk& hooked, io::SimulatedClock& clock, Journal& journal) {
  Writer& writer = journal.writer();
  DuringNameSync seen;
  std::uint64_t next = 0;
  const auto write = [&](int turns) {
    for (int i = 0; i < turns; ++i) {
      if (writer.append(make_input(next, 1'500))) ++next;
      writer.poll();
      clock.advance(20'000);
    }
  };
  hooked.set_hook([&](io::Operation operation, const std::string& path) {
    if (operation != io::Operation::sync_directory || !path.ends_with("wal") || seen.after_power_cut) return;
    write(500);
    seen = {writer.durable_sequence(), disk.after_power_cut(io::PowerCut{})};
  });
  for (int i = 0; i < 2'000 && !seen.after_power_cut; ++i) {
    write(1);
    journal.preparer()->step();
  }
  hooked.set_hook({});
  return seen;
}

}  // namespace

TEST_CASE("preparer: an ack in the next segment waits until its name is durable") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  HookedDisk hooked(disk);
  Journal journal = create_and_open(small_options(hooked, clock));
  const DuringNameSync seen = write_during_name_sync(disk, hooked, clock, journal);
  REQUIRE(seen.after_power_cut);
  REQUIRE(seen.acked > 10);  // of segment 1, which is full
  const Journal again = reopen(small_options(*seen.after_power_cut, clock));
  CHECK(again.recovery().last_sequence >= seen.acked);
}

TEST_CASE("preparer: a name that cannot be synced is FAILED, and nothing was written under it") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  HookedDisk hooked(disk);
  Journal journal = create_and_open(small_options(hooked, clock));
  disk.add_fault({.operation = io::Operation::sync_directory, .path_part = "wal"});
  REQUIRE(write_during_name_sync(disk, hooked, clock, journal).after_power_cut);
  REQUIRE(turn_until(journal, clock, [&] { return journal.writer().state() == WriterState::failed; }));
  CHECK(journal.preparer()->state() == SegmentPreparer::State::failed);
  CHECK(journal.writer().counters().segments == 1);
  CHECK(journal.writer().error().text.find("wal") != std::string::npos);
}
