// What this machine can do at all, whoever asks: the figures that ours are held against. One call is one run.
//
//   L   one-way transfer of a cache line between two cores (ring/latency.hpp)
//   S   one core streaming lines that another wrote       M   one core streaming from DRAM
//   K   random cache lines per event, fetched ahead       N   an empty open loop at a rate: the machine's own noise
//   D'  latency and B' throughput of a bare group-commit loop (journal/bare_loop.hpp)
#pragma once

#include <cstdint>

#include "pawl/core/base/histogram.hpp"

namespace pawl::bench {

// ns, the better of many round trips' median.
[[nodiscard]] double line_transfer_ns(std::int64_t round_trips = 20'000);
// GB/s. `bytes` that another core has just written, of a size that fits into its caches.
[[nodiscard]] double shared_stream_gb_s(std::int64_t rounds = 200);
// GB/s.
[[nodiscard]] double memory_stream_gb_s(std::size_t bytes = std::size_t{256} << 20);
// ns per event that reads and writes `lines` random lines of `records` records, 32 events ahead.
[[nodiscard]] double random_lines_ns(std::size_t lines, std::size_t records, std::int64_t events = 1'000'000);
// ns of one reading of the clock.
[[nodiscard]] double clock_ns();
// How late a loop that does nothing else sees each planned time, in ns.
[[nodiscard]] Histogram noise_floor(double rate, double seconds);

}  // namespace pawl::bench
