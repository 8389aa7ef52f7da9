// Two streams that other engines publish figures for, on one thread: the core of the Yahoo streaming benchmark, and the fraud predictor of DSPBench.
#pragma once

#include <cstdint>

#include "harness/outcome.hpp"

namespace pawl::bench {

// Appends millions of events a second, in batches of 256, each run compared with a naive count of the same events.
void measure_streams(std::int64_t events, int runs, Outcome& outcome);

}  // namespace pawl::bench
