// Patterns of three steps over keys with open runs.
#pragma once

#include <cstdint>

#include "harness/outcome.hpp"

namespace pawl::bench {

struct PatternLoad {
  std::size_t patterns = 100;
  std::int64_t keys = 1'000'000;
  std::int64_t runs_per_key = 4;  // open when the measuring starts
  std::int64_t events = 1'000'000;
};

// Appends the figure. Firings of each rule are compared with those of a plain list of runs per key.
void measure_patterns(const PatternLoad& load, int runs, Outcome& outcome);

}  // namespace pawl::bench
