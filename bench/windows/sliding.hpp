// One key: sliding sums and maxima over windows of up to millions of events, and the worst single event of a maximum.
#pragma once

#include <cstdint>

#include "harness/outcome.hpp"

namespace pawl::bench {

// Appends ns per event for windows of 1,024 events up to `held` of them, and ns of the event that outdoes a falling row of as many values, beside
// DABA over a plain array, which has neither keys nor edges in time.
void measure_sliding(std::int64_t held, int runs, Outcome& outcome);

}  // namespace pawl::bench
