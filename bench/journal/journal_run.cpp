#include "journal/journal_run.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/scratch.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/event/header.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/journal.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::bench {
namespace {

std::vector<std::byte> make_record(std::size_t payload_bytes) {
  std::vector<std::byte> record(record_bytes(payload_bytes));
  journal::RecordHeader header{};
  header.ticket = 1;
  header.type = first_event_type;
  header.length = static_cast<std::uint16_t>(payload_bytes);
  std::memcpy(record.data(), &header, sizeof header);
  const std::uint32_t crc = crc32c(std::span(record).subspan(record_crc_offset, record_header_bytes - record_crc_offset + payload_bytes));
  std::memcpy(record.data(), &crc, sizeof crc);
  return record;
}

// Prepares segments on a thread of its own while it lives.
class Preparing {
 public:
  explicit Preparing(journal::SegmentPreparer* preparer)
      : thread_([this, preparer] {
          while (!done_.load(std::memory_order_relaxed)) {
            if (preparer == nullptr || !preparer->step()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}
  ~Preparing() {
    done_.store(true, std::memory_order_relaxed);
    thread_.join();
  }
  Preparing(const Preparing&) = delete;
  Preparing& operator=(const Preparing&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

void write(journal::Journal& opened, const JournalLoad& load, JournalFigures& figures) {
  const auto record = make_record(load.payload_bytes);
  journal::Writer& writer = opened.writer();
  const Preparing preparing(opened.preparer());
  const std::int64_t start = now_ns();
  for (std::int64_t sent = 0; sent < load.events;) {
    // A block as full as it gets; while it fills, the one before it may be in flight.
    while (sent < load.events && writer.append(record)) ++sent;
    writer.wait(1'000'000);
    if (writer.state() == journal::WriterState::failed) fail(writer.error().text);
  }
  while (writer.durable_sequence() < writer.appended_sequence()) writer.wait(1'000'000);
  const double seconds = seconds_since(start);
  if (writer.durable_sequence() + 1 != load.events) fail("the journal counts other events than were appended");
  const auto& counters = writer.counters();
  figures.write_events_per_second = static_cast<double>(load.events) / seconds;
  figures.write_bytes_per_second = static_cast<double>(counters.bytes) / seconds;
  figures.block_bytes = counters.blocks == 0 ? 0 : static_cast<double>(counters.bytes) / static_cast<double>(counters.blocks);
}

double read(const JournalLoad& load, const std::string& directory, io::Disk& disk, bool deep) {
  const std::int64_t start = now_ns();
  auto reader = or_fail(journal::JournalReader::open(directory, disk));
  auto cursor = or_fail(reader.read({.deep = deep}));
  journal::BlockView block;
  std::int64_t inputs = 0;
  std::uint64_t tickets = 0;
  while (or_fail(cursor.next(block))) {
    for (const journal::Record record : block.records()) {
      if (!record.is_input()) continue;
      ++inputs;
      tickets += record.header().ticket;
    }
  }
  if (inputs != load.events || tickets != static_cast<std::uint64_t>(inputs)) fail("the journal gave back something else than was written");
  return static_cast<double>(inputs) / seconds_since(start);
}

}  // namespace

JournalFigures run_journal(const JournalLoad& load) {
  const Scratch scratch(load.directory);
  const auto disk = or_fail(io::make_real_disk(load.backend));
  io::SystemClock clock;
  journal::Options options;
  options.directory = scratch.path("journal");
  options.durability = load.durability;
  options.body_hash = load.body_hash;
  options.disk = disk.get();
  options.clock = &clock;
  const bool on_files = load.durability != journal::Durability::memory;
  if (on_files) or_fail(journal::Journal::create(options));
  JournalFigures figures;
  {
    auto journal = or_fail(journal::Journal::open(options));
    write(journal, load, figures);
    or_fail(journal.close());
  }
  if (!on_files) return figures;
  figures.read_events_per_second = read(load, options.directory, *disk, false);
  figures.check_events_per_second = read(load, options.directory, *disk, true);
  return figures;
}

}  // namespace pawl::bench
