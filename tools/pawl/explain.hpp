// What a pipeline computes, in words.
#pragma once

#include <string>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::tools {

// Several lines: events with their layouts, every distinct window with what reads it, lets and rules in file order, and what this
// release does not evaluate.
[[nodiscard]] std::string explanation(const language::Pipeline& pipeline);

}  // namespace pawl::tools
