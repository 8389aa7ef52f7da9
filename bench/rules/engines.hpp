// Our rules beside those of other engines, on the same payments with alerts that are compared.
#pragma once

#include <cstdint>
#include <string>

#include "harness/outcome.hpp"

namespace pawl::bench {

// Appends our figure and theirs. Payments for them lie in a file below `directory` meanwhile.
void measure_rule_engines(std::int64_t payments, const std::string& directory, int runs, Outcome& outcome);

}  // namespace pawl::bench
