// A journal on a simulated disk, with inputs that can be recognised again: input i has a payload made from i alone.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/io/random.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/journal/journal.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::world {

using journal::BlockCursor;
using journal::BlockView;
using journal::Digest;
using journal::Durability;
using journal::Journal;
using journal::JournalReader;
using journal::Label;
using journal::Options;
using journal::ReadOptions;
using journal::Record;
using journal::RecordHeader;
using journal::RecoveryReport;
using journal::Writer;
using journal::WriterState;

inline constexpr const char* directory = "data";

// The same ids and secrets in every test: blocks can be compared byte for byte.
inline void fixed_random(std::span<std::byte> into) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>(i * 37 + 11);
}

inline Options small_options(io::Disk& disk, io::Clock& clock) {
  Options options;
  options.directory = directory;
  options.segment_bytes = 64 * 1024;
  options.block_bytes_max = 8 * 1024;
  options.disk = &disk;
  options.clock = &clock;
  options.random = fixed_random;
  return options;
}

// Input number `i`: payload length and bytes depend on i, so lost, doubled and swapped inputs are all seen.
inline std::vector<std::byte> make_input(std::uint64_t i, std::size_t payload_bytes = 0) {
  io::Random random(i + 1);
  const std::size_t length = payload_bytes != 0 ? payload_bytes : random.below(120);
  std::vector<std::byte> bytes(record_bytes(length));
  RecordHeader header{};
  header.at = static_cast<Time>(1'000 + i);
  header.ingest = static_cast<Time>(2'000 + i);
  header.ticket = i / 3 + 1;
  header.type = first_event_type;
  header.source = static_cast<std::uint16_t>(i % 3);
  header.length = static_cast<std::uint16_t>(length);
  std::memcpy(bytes.data(), &header, sizeof header);
  for (std::size_t at = 0; at < length; ++at) bytes[record_header_bytes + at] = static_cast<std::byte>(random.next());
  header.crc = crc32c(std::span(bytes).subspan(record_crc_offset, record_header_bytes - record_crc_offset + length));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

// One turn of everything that a thread would do.
inline void turn(Journal& journal, io::SimulatedClock& clock) {
  journal.preparer()->step();
  journal.writer().poll();
  clock.advance(20'000);
}

template <class Until>
bool turn_until(Journal& journal, io::SimulatedClock& clock, Until until, int turns = 20'000) {
  for (int i = 0; i < turns; ++i) {
    if (until()) return true;
    turn(journal, clock);
  }
  return until();
}

// Appends inputs [from, to), turning while there is no room. False if the journal stopped taking them.
inline bool append_inputs(Journal& journal, io::SimulatedClock& clock, std::uint64_t from, std::uint64_t to, std::size_t payload_bytes = 0) {
  for (std::uint64_t i = from; i < to; ++i) {
    const auto record = make_input(i, payload_bytes);
    const auto appended = [&] { return journal.writer().append(record); };
    if (!turn_until(journal, clock, appended, 2'000)) return false;
  }
  return true;
}

inline bool all_durable(Journal& journal, io::SimulatedClock& clock) {
  Writer& writer = journal.writer();
  return turn_until(journal, clock, [&] { return writer.durable_sequence() == writer.appended_sequence() || writer.state() == WriterState::failed; }) &&
         writer.state() != WriterState::failed;
}

inline Journal create_and_open(const Options& options) {
  auto created = Journal::create(options);
  REQUIRE_MESSAGE(created.ok(), (created ? "" : created.error().text));
  auto opened = Journal::open(options);
  REQUIRE_MESSAGE(opened.ok(), (opened ? "" : opened.error().text));
  return std::move(*opened);
}

inline Journal reopen(const Options& options) {
  auto opened = Journal::open(options);
  REQUIRE_MESSAGE(opened.ok(), (opened ? "" : opened.error().text));
  return std::move(*opened);
}

// What a reader finds: the inputs in order, and how it ended.
struct Contents {
  std::vector<std::vector<std::byte>> inputs;
  std::uint64_t last_block = 0;
  Result<void> end;
};

inline Contents read_all(io::Disk& disk, const ReadOptions& options = {.deep = true}) {
  Contents contents;
  auto reader = JournalReader::open(directory, disk);
  if (!reader) return {{}, 0, reader.error()};
  auto cursor = reader->read(options);
  if (!cursor) return {{}, 0, cursor.error()};
  BlockView block;
  for (;;) {
    auto more = cursor->next(block);
    if (!more) contents.end = more.error();
    if (!more || !*more) break;
    contents.last_block = block.header.block;
    Sequence sequence = block.header.first_sequence;
    for (const Record record : block.records()) {
      if (!record.is_input()) continue;
      if (sequence++ != static_cast<Sequence>(contents.inputs.size())) {
        contents.end = Error{ErrorCode::corrupt, "a hole in the sequences, not reported by the reader"};
        FAIL_CHECK(contents.end.error().text);
      }
      contents.inputs.emplace_back(record.bytes().begin(), record.bytes().end());
    }
  }
  return contents;
}

// The first `count` inputs are exactly those appended.
inline bool holds_inputs(const Contents& contents, std::uint64_t count, std::size_t payload_bytes = 0) {
  if (contents.inputs.size() < count) return false;
  for (std::uint64_t i = 0; i < contents.inputs.size(); ++i) {
    if (contents.inputs[i] != make_input(i, payload_bytes)) return false;
  }
  return true;
}

}  // namespace pawl::world
