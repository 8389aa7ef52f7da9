#include "journal/journal_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/open_loop.hpp"
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

// A journal in a fresh directory.
class Opened {
 public:
  explicit Opened(const JournalLoad& load) : scratch_(load.directory), disk_(or_fail(io::make_real_disk(load.backend))) {
    options_.directory = scratch_.path("journal");
    options_.durability = load.durability;
    options_.body_hash = load.body_hash;
    options_.disk = disk_.get();
    options_.clock = &clock_;
    if (load.prepared) options_.segment_bytes = one_segment_bytes(load);
    if (on_files()) or_fail(journal::Journal::create(options_));
    journal_.emplace(or_fail(journal::Journal::open(options_)));
  }

  [[nodiscard]] bool on_files() const { return options_.durability != journal::Durability::memory; }
  [[nodiscard]] const std::string& directory() const { return options_.directory; }
  io::Disk& disk() { return *disk_; }
  journal::Journal& journal() { return *journal_; }
  // Until the blocks that every start writes are durable.
  void wait_for_start() {
    while (on_files() && journal_->writer().durable_block() < 2) journal_->writer().wait(1'000'000);
  }

 private:
  // Room for every block, if none is less than half full.
  static std::uint64_t one_segment_bytes(const JournalLoad& load) {
    const std::uint64_t records = static_cast<std::uint64_t>(load.events) * record_bytes(load.payload_bytes);
    return std::max<std::uint64_t>(journal::round_up_to_page(records + records / 8) + (std::uint64_t{8} << 20), limits::segment_bytes_default);
  }

  Scratch scratch_;
  std::unique_ptr<io::Disk> disk_;
  io::SystemClock clock_;
  journal::Options options_;
  std::optional<journal::Journal> journal_;
};

// A block as full as it gets; while it fills, the one before it may be in flight.
void write(Opened& opened, const JournalLoad& load, JournalFigures& figures) {
  const auto record = make_record(load.payload_bytes);
  journal::Writer& writer = opened.journal().writer();
  opened.wait_for_start();
  const auto before = writer.counters();
  const Preparing preparing(load.prepared ? nullptr : opened.journal().preparer());
  std::int64_t filling_ns = 0;
  const std::int64_t start = now_ns();
  for (std::int64_t sent = 0; sent < load.events;) {
    const std::int64_t from = now_ns();
    while (sent < load.events && writer.append(record)) ++sent;
    filling_ns += now_ns() - from;
    writer.wait(1'000'000);
    if (writer.state() == journal::WriterState::failed) fail(writer.error().text);
  }
  while (writer.durable_sequence() < writer.appended_sequence()) writer.wait(1'000'000);
  const auto took = static_cast<double>(now_ns() - start);
  if (writer.durable_sequence() + 1 != load.events) fail("the journal counts other events than were appended");
  const auto& after = writer.counters();
  const auto events = static_cast<double>(load.events), bytes = static_cast<double>(after.bytes - before.bytes);
  const auto in_flight = static_cast<double>(after.in_flight_ns - before.in_flight_ns);
  figures.write_events_per_second = events * 1e9 / took;
  figures.write_bytes_per_second = bytes * 1e9 / took;
  figures.fill_ns = static_cast<double>(filling_ns) / events;
  figures.gap_ns = (took - in_flight) / events;
  figures.block_bytes = bytes / static_cast<double>(std::max<std::uint64_t>(after.blocks - before.blocks, 1));
}

double read(const JournalLoad& load, Opened& opened, bool deep) {
  const std::int64_t start = now_ns();
  auto reader = or_fail(journal::JournalReader::open(opened.directory(), opened.disk()));
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
  Opened opened(load);
  JournalFigures figures;
  write(opened, load, figures);
  or_fail(opened.journal().close());
  if (!opened.on_files()) return figures;
  figures.read_events_per_second = read(load, opened, false);
  figures.check_events_per_second = read(load, opened, true);
  return figures;
}

Histogram run_journal_open_loop(const JournalLoad& load, double rate, double seconds) {
  Opened opened(load);
  const auto record = make_record(load.payload_bytes);
  journal::Writer& writer = opened.journal().writer();
  opened.wait_for_start();
  const Preparing preparing(opened.journal().preparer());
  const auto events = static_cast<std::int64_t>(rate * seconds);
  const OpenLoop plan(now_ns(), rate);
  Histogram latency;
  for (std::int64_t sent = 0, acked = 0; acked < events;) {
    for (const std::int64_t due = std::min(plan.due(now_ns()), events); sent < due && writer.append(record);) ++sent;
    if (writer.wait(50'000) > 0) {
      for (const std::int64_t now = now_ns(); acked <= writer.durable_sequence(); ++acked) latency.record(now - plan.planned_ns(acked));
    }
    if (writer.state() == journal::WriterState::failed) fail(writer.error().text);
  }
  or_fail(opened.journal().close());
  return latency;
}

}  // namespace pawl::bench
