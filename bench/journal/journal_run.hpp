// The journal alone: one thread appends and polls, another prepares segments; then everything is read back and checked.
//
//   events -> Writer -> disk          then          disk -> BlockCursor -> records
#pragma once

#include <cstdint>
#include <string>

#include "pawl/core/base/histogram.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/options.hpp"

namespace pawl::bench {

struct JournalLoad {
  std::string directory = ".";
  std::int64_t events = 5'000'000;
  std::size_t payload_bytes = 24;  // records of 64 bytes
  journal::Durability durability = journal::Durability::disk;
  journal::BodyHash body_hash = journal::BodyHash::xxh3_128;
  io::Backend backend = io::Backend::pwritev2;
  // All in one segment, which was prepared before: what the journal does when preparation keeps out of its way. Else in segments of the
  // default size, prepared meanwhile, so that every byte is written twice.
  bool prepared = false;
};

struct JournalFigures {
  double write_bytes_per_second = 0, write_events_per_second = 0;
  double read_events_per_second = 0;   // decode only; of a journal just written: from the page cache or the device, as it happens
  double check_events_per_second = 0;  // with every CRC and hash
  // Where the time of writing went.
  double fill_ns = 0;            // per event: append
  double gap_ns = 0;             // per event: no block was on its way to the device
  double block_bytes = 0;        // in the mean
};

// Writes all events as fast as it goes, waits until they are durable, closes, reads them back and compares count and sum. Fails if they
// differ. Durability memory: writes only.
[[nodiscard]] JournalFigures run_journal(const JournalLoad& load);

// An open loop of `rate` events a second: ns from each event's planned time until it is durable. Segments are prepared meanwhile.
[[nodiscard]] Histogram run_journal_open_loop(const JournalLoad& load, double rate, double seconds);

}  // namespace pawl::bench
