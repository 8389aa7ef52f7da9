// The journal's three threads on a real disk: one appends and polls, one prepares segments, one reads up to what is durable.
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "../journal/world.hpp"
#include "pawl/core/ring/cursor.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"

using namespace pawl;
using namespace pawl::world;

namespace {

constexpr std::uint64_t inputs = 40'000;

// Reads the whole journal up to a durable block, again and again, as a tool beside a live engine does. Returns inputs seen, 0 if wrong.
std::uint64_t read_until(io::Disk& disk, const std::string& place, std::uint64_t block_number) {
  auto reader = JournalReader::open(place, disk);
  if (!reader) return 0;
  auto cursor = reader->read({.until_block = block_number, .deep = true});
  if (!cursor) return 0;
  BlockView block;
  std::uint64_t seen = 0;
  for (;;) {
    auto more = cursor->next(block);
    if (!more) return 0;
    if (!*more) return seen;
    for (const Record record : block.records()) {
      if (!record.is_input()) continue;
      const auto expected = make_input(seen++);
      const auto got = record.bytes();
      if (!std::equal(got.begin(), got.end(), expected.begin(), expected.end())) return 0;
    }
  }
}

}  // namespace

TEST_CASE("writer, preparer and a live reader, each on its own thread") {
  auto disk = io::make_real_disk();
  REQUIRE(disk.ok());
  io::SystemClock clock;
  Options options;
  options.directory = std::string(PAWL_BINARY_DIR) + "/journal_threads_" + std::to_string(::getpid());
  std::filesystem::remove_all(options.directory);
  options.segment_bytes = 1 << 20;
  options.block_bytes_max = 64 * 1024;
  options.disk = disk->get();
  options.clock = &clock;
  Journal journal = create_and_open(options);
  Writer& writer = journal.writer();
  while (writer.durable_block() < 2) writer.wait(1'000'000);

  ring::Cursor<> durable{2};  // durable block, published by the writer's thread
  ring::Cursor<> done{0};
  std::thread preparer([&] {
    while (done.load_acquire() == 0) {
      if (!journal.preparer()->step()) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  std::uint64_t readings = 0;
  std::uint64_t wrong = 0;
  std::uint64_t last_seen = 0;
  std::thread reader([&] {
    while (done.load_acquire() == 0) {
      const auto block = static_cast<std::uint64_t>(durable.load_acquire());
      const std::uint64_t seen = read_until(**disk, options.directory, block);
      if (block > 2 && (seen == 0 || seen < last_seen)) ++wrong;
      last_seen = seen;
      ++readings;
    }
  });
  for (std::uint64_t i = 0; i < inputs;) {
    if (writer.append(make_input(i))) {
      if (++i % 64 == 0) writer.poll();
    } else {
      writer.wait(1'000'000);
    }
    durable.publish(static_cast<Sequence>(writer.durable_block()));
    if (writer.state() == WriterState::failed) break;
  }
  while (writer.durable_sequence() < writer.appended_sequence() && writer.state() == WriterState::running) writer.wait(1'000'000);
  done.publish(1);
  preparer.join();
  reader.join();
  CHECK(writer.durable_sequence() == static_cast<Sequence>(inputs) - 1);
  CHECK(wrong == 0);
  CHECK(readings > 0);
  CHECK(read_until(**disk, options.directory, writer.durable_block()) == inputs);
  CHECK(journal.close().ok());
  std::filesystem::remove_all(options.directory);
}
