// What `pawl rules explain` shows: every rule as it was understood, and what it costs.
#pragma once

#include <string>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

// Text for people, in file order: windows with their edges in words, who shares them and their state; then lets and rules.
// State is an estimate of what the definitions imply, not a measurement.
[[nodiscard]] std::string explain(const Pipeline& pipeline);

}  // namespace pawl::language
