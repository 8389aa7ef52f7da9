// Journals written by the library on the real disk, for the command to look at.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/journal/journal.hpp"

namespace pawl::test {

inline constexpr const char* cards_source =
    "pipeline \"cards\" version 3\n"
    "event Payment { id: int, at: time, customer: int, amount: money, device: text(8) }\n";

// Event number i: id i, amount i.50, no device for even ones.
inline std::vector<std::byte> make_payment(const EventSchema& schema, std::int64_t i) {
  std::vector<std::uint64_t> slot(slot_bytes(schema.payload_bytes) / 8, 0);
  auto* bytes = reinterpret_cast<std::byte*>(slot.data());
  begin_event(schema, bytes);
  const std::string texts[] = {std::to_string(i), "2018-08-08T10:00:00Z", "7", std::to_string(i) + ".50", i % 2 == 0 ? "" : "d\"1"};
  for (std::size_t f = 0; f < 5; ++f) REQUIRE(parse_into(schema, bytes, f, texts[f]) == ParseError::none);
  EventHeader header;
  std::memcpy(&header, bytes, sizeof header);
  header.source = 1;
  header.ticket = static_cast<Ticket>(i + 1);
  std::memcpy(bytes, &header, sizeof header);
  std::vector<std::byte> record(bytes + record_offset, bytes + record_offset + record_bytes(schema.payload_bytes));
  const auto covered = std::span(record).subspan(record_crc_offset, record_header_bytes - record_crc_offset + schema.payload_bytes);
  header.crc = crc32c(covered);
  std::memcpy(record.data(), &header.crc, sizeof header.crc);
  return record;
}

// A journal of `count` payments, closed cleanly.
inline void write_journal(const std::string& directory, std::int64_t count) {
  auto disk = io::make_real_disk();
  REQUIRE(disk.ok());
  io::SystemClock clock;
  journal::Options options;
  options.directory = directory;
  options.segment_bytes = 64 * 1024;
  options.block_bytes_max = 8 * 1024;
  options.disk = disk->get();
  options.clock = &clock;
  REQUIRE(journal::Journal::create(options).ok());
  auto journal = journal::Journal::open(options);
  REQUIRE(journal.ok());
  const auto checked = language::check(cards_source, "cards.pawl");
  REQUIRE(checked.pipeline);
  const auto until = [&](auto done) {
    while (!done()) {
      journal->preparer()->step();
      journal->writer().poll();
    }
  };
  until([&] { return journal->writer().annotate_pipeline(cards_source); });
  until([&] { return journal->writer().annotate_source(1, "gateway"); });
  for (std::int64_t i = 0; i < count; ++i) {
    const auto record = make_payment(checked.pipeline->events[0], i);
    until([&] { return journal->writer().append(record); });
  }
  REQUIRE(journal->close().ok());
}

inline std::string first_segment(const std::string& directory) { return directory + "/wal/0000000000000001.seg"; }

inline void flip_byte(const std::string& path, std::streamoff offset) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(offset);
  const char byte = static_cast<char>(file.get() ^ 0x40);
  file.seekp(offset);
  file.put(byte);
}

}  // namespace pawl::test
