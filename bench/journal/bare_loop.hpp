// The disk's own figures, which the journal is held against: a bare group-commit loop (fill a block, write it with data sync, wait in
// the kernel) without records, checksums or ring. One loop is one run.
//
//   D'   latency from an event's planned time to its block being durable, at a given rate (open loop)
//   B'   throughput, unpaced, whole blocks of 1 MiB
#pragma once

#include <cstdint>
#include <string>

#include "pawl/core/base/histogram.hpp"
#include "pawl/io/real_disk.hpp"

namespace pawl::bench {

struct BareLoopOptions {
  std::string directory = ".";
  double seconds = 2;
  double rate = 0;          // events a second; 0: unpaced
  std::size_t depth = 1;    // writes in flight, 1 to 8
  io::Backend backend = io::Backend::pwritev2;
  std::size_t file_mib = 64;  // size of the prepared file, which is written round and round
};

struct BareLoopFigures {
  double events_per_second = 0;
  double bytes_per_second = 0;
  double blocks_per_second = 0;
  Histogram latency = {};  // ns; empty if unpaced
};

inline constexpr std::size_t bare_event_bytes = 64;

// Fails if a write did, or events are missing.
[[nodiscard]] BareLoopFigures run_bare_loop(const BareLoopOptions& options);

}  // namespace pawl::bench
