// What this release evaluates. Everything else of the language is parsed and typed, and warned about by name.
#pragma once

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language {

// Errors about what has no meaning that could be kept within bounds. REQUIRES: a pipeline without errors.
void check_bounds(const Pipeline& pipeline, Problems& problems);

// Fills not_evaluated of lets and rules and warns W300 for each. REQUIRES: a pipeline without errors.
void mark_not_evaluated(Pipeline& pipeline, Problems& problems);

}  // namespace pawl::language
