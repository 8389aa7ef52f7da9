// The bytes of a small snapshot, kept for ever: a journal that is the same in every run gives them, and every later release reads them.
#include <cstring>

#include "../journal/golden.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/journal/engine/activation.hpp"
#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/journal.hpp"
#include "pawl/journal/reader.hpp"
#include "pawl/journal/snapshot/contents.hpp"
#include "written.hpp"

namespace pawl::snapshot_test {
namespace {

constexpr window::StateLimits limits{.keys_max = 64, .entries_max = 256, .distinct_max = 64};
constexpr std::int64_t inputs = pawl::limits::digest_interval;

void fixed_random(std::span<std::byte> into) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>(i * 37 + 11);
}

// Of one input as it stands in a slot: header and payload behind the stamp's word.
void append(journal::Journal& journal, std::vector<std::byte> slot, Sequence sequence) {
  auto& header = *reinterpret_cast<EventHeader*>(slot.data());
  header.ingest = start + sequence;
  header.ticket = static_cast<Ticket>(sequence);
  header.source = 0;
  header.flags = 0;
  const std::span<const std::byte> record = std::span(slot).subspan(record_offset, record_header_bytes + header.length);
  header.crc = crc32c(record.subspan(record_crc_offset));
  while (!journal.writer().append(record)) {
    REQUIRE(journal.writer().state() == journal::WriterState::running);
    journal.preparer()->step();
    journal.writer().poll();
  }
}

std::vector<std::byte> activation_slot() {
  const journal::ActivatePayload payload = journal::activation(1, small, limits);
  std::vector<std::byte> slot(sizeof(EventHeader) + sizeof payload);
  auto& header = *reinterpret_cast<EventHeader*>(slot.data());
  header.type = static_cast<std::uint16_t>(InputType::activate);
  header.length = sizeof payload;
  header.at = start;
  std::memcpy(slot.data() + sizeof(EventHeader), &payload, sizeof payload);
  return slot;
}

std::vector<std::byte> payment_slot(std::int64_t i) {
  std::vector<std::byte> slot(sizeof(EventHeader) + payload_bytes_of<Payment>);
  encode(payment(i, {one_second / 2, 3000, 200}), first_event_type, slot.data());
  return slot;
}

// One thread, one disk, one clock, given secrets: each run writes the same blocks.
void write_journal(io::SimulatedDisk& disk, io::SimulatedClock& clock) {
  journal::Options options;
  options.directory = "data";
  options.disk = &disk;
  options.clock = &clock;
  options.segment_bytes = std::uint64_t{4} << 20;
  options.random = fixed_random;
  REQUIRE(journal::Journal::create(options).ok());
  auto journal = journal::Journal::open(options);
  REQUIRE(journal.ok());
  REQUIRE(journal->writer().annotate_pipeline(small));
  append(*journal, activation_slot(), 0);
  for (std::int64_t i = 1; i < inputs; ++i) append(*journal, payment_slot(i), i);
  REQUIRE(journal->close().ok());
}

const std::string golden = std::string(PAWL_SOURCE_DIR) + "/tests/snapshot/golden/snapshot-1.txt";

}  // namespace

TEST_CASE("golden: a snapshot has the bytes of format 1") {
  io::SimulatedDisk disk({.polls_max = 1});
  io::SimulatedClock clock;
  write_journal(disk, clock);
  const auto taken = journal::take_snapshot({"data", 1, &disk, &clock});
  REQUIRE_MESSAGE(taken.ok(), (taken.ok() ? "" : taken.error().text));
  golden::check(golden, golden::dump(taken->path, disk.content(taken->path)));
}

TEST_CASE("golden: this release reads a snapshot of format 1, and comes to the digest in it") {
  io::SimulatedDisk disk;
  const std::string path = golden::restore(golden, disk).at(0);
  auto snapshot = journal::SnapshotReader::open(disk, path);
  REQUIRE_MESSAGE(snapshot.ok(), (snapshot.ok() ? "" : snapshot.error().text));
  CHECK(snapshot->header().sequence == inputs - 1);
  auto loaded = journal::check_pipeline(small, "golden");
  REQUIRE(loaded.ok());
  io::SimulatedClock clock;
  journal::MachineOptions settings;
  settings.threads = 1;
  settings.state = limits;
  settings.after = snapshot->header().sequence;
  auto machine = journal::Machine::make(*loaded->pipeline, settings, clock, nullptr, nullptr, no_sequence);
  REQUIRE(machine.ok());
  const auto restored = journal::load_machine(*snapshot, *loaded->pipeline, **machine);
  REQUIRE_MESSAGE(restored.ok(), (restored.ok() ? "" : restored.error().text));
  CHECK((*machine)->decide().sequence() == inputs - 1);
  CHECK((*machine)->decide().digest() == snapshot->header().digest);
}

}  // namespace pawl::snapshot_test
