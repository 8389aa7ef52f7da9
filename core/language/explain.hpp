// What `pawl rules explain` shows: every rule as it was understood, and what it costs.
#pragma once

#include <span>
#include <string>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

// Text for people, in file order: windows with their edges in words, who shares them and their state; then lets and rules.
// `groups`: a line for each group of windows that keep their state together, with what it takes (window::plan()).
[[nodiscard]] std::string explain(const Pipeline& pipeline, std::span<const std::string> groups = {});

}  // namespace pawl::language
