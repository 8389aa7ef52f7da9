// A model of 100 trees of depth 6, trained by libxgboost here and now, in a rule of ours and beside libxgboost itself.
#pragma once

#include <cstdint>

#include "harness/outcome.hpp"

namespace pawl::bench {

// ns per event of `events` events in each run. Every margin must be libxgboost's to the last bit.
void measure_models(std::int64_t events, int runs, Outcome& outcome);

}  // namespace pawl::bench
