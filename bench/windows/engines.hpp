// Our windows beside those of other engines, on the same payments with results that are compared.
#pragma once

#include <cstdint>
#include <string>

#include "harness/outcome.hpp"

namespace pawl::bench {

// Appends our figures and theirs. Payments for them lie in a file below `directory` meanwhile.
void measure_window_engines(std::int64_t payments, const std::string& directory, int runs, Outcome& outcome);

}  // namespace pawl::bench
