// Sealed segments with a page that the device cannot read: an error with its place, after everything before it was given, and never the
// death of the process, which a mapping would make of it.
#include <unistd.h>

#include <filesystem>

#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/files.hpp"
#include "world.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

struct Reading {
  std::uint64_t inputs = 0, blocks = 0;
  std::uint64_t last_offset = 0, last_segment = 0;  // of the last block that was given
  std::string error;
};

// `between`: called behind each block.
template <class Between>
Reading read_until_error(const std::string& journal, io::Disk& disk, Between between) {
  Reading reading;
  auto reader = JournalReader::open(journal, disk);
  REQUIRE(reader.ok());
  auto cursor = reader->read();
  REQUIRE_MESSAGE(cursor.ok(), (cursor.ok() ? "" : cursor.error().text));
  BlockView block;
  for (;;) {
    auto more = cursor->next(block);
    if (!more.ok()) reading.error = more.error().text;
    if (!more.ok() || !*more) return reading;
    reading.inputs += block.header.inputs;
    ++reading.blocks;
    reading.last_offset = block.header.offset;
    reading.last_segment = block.header.segment;
    between(reading);
  }
}

}  // namespace

TEST_CASE("an unreadable page of a sealed segment: what stands before it is read, and its place is named") {
  io::SimulatedClock clock;
  io::SimulatedDisk disk;
  {
    Journal journal = create_and_open(small_options(disk, clock));
    REQUIRE(append_inputs(journal, clock, 0, 2'000));
    REQUIRE(journal.close().ok());
  }
  const std::string path = journal::segment_path(directory, 2);
  const std::uint64_t all = read_until_error(directory, disk, [](const Reading&) {}).inputs;
  REQUIRE(all == 2'000);
  for (const std::uint64_t offset : {std::uint64_t{8'192}, std::uint64_t{20'480 + 512}, std::uint64_t{40'960 + 3'584}}) {
    CAPTURE(offset);
    const auto copy = disk.after_process_death();
    copy->make_unreadable(path, offset, 512);
    const Reading reading = read_until_error(directory, *copy, [](const Reading&) {});
    CHECK(reading.inputs > 0);
    CHECK(reading.last_segment == 2);
    CHECK(reading.last_offset < offset);
    CHECK_MESSAGE(reading.error.starts_with("CORRUPT: " + path + " at offset "), reading.error);
    CHECK_MESSAGE(reading.error.find("UNREADABLE (EIO") != std::string::npos, reading.error);
  }
}

// A file that became shorter is to a mapping what a sector that cannot be read is: SIGBUS.
TEST_CASE("real disk: a page of a sealed segment that goes while it is read does not end the process") {
  const std::string place = std::string(PAWL_BINARY_DIR) + "/unreadable_" + std::to_string(::getpid());
  std::filesystem::remove_all(place);
  auto disk = io::make_real_disk();
  REQUIRE(disk.ok());
  io::SystemClock clock;
  Options options;
  options.directory = place;
  options.segment_bytes = 4 << 20;
  options.disk = disk->get();
  options.clock = &clock;
  {
    Journal journal = create_and_open(options);
    Writer& writer = journal.writer();
    const auto record = make_input(0, 30'000);
    while (writer.counters().segments < 3) {
      (void)writer.append(record);
      journal.preparer()->step();
      writer.poll();
    }
    while (writer.durable_sequence() < writer.appended_sequence()) {
      journal.preparer()->step();
      writer.wait(1'000'000);
    }
    REQUIRE(journal.close().ok());
  }
  const std::string path = journal::segment_path(place, 1);
  const Reading reading = read_until_error(place, **disk, [&](const Reading& so_far) {
    if (so_far.blocks == 3) REQUIRE(::truncate(path.c_str(), 2 << 20) == 0);
  });
  CHECK(reading.blocks >= 3);
  CHECK_MESSAGE(reading.error.starts_with("CORRUPT: " + path + " at offset "), reading.error);
  CHECK_MESSAGE(reading.error.find("unreadable") != std::string::npos, reading.error);
  std::filesystem::remove_all(place);
}
