// What can be wrong with a pipeline that is well-formed: warnings and notes.
#pragma once

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language {

// W210: a value compared with a window that contains it. Of rules whose condition is sound, whatever is wrong elsewhere.
void lint_comparisons(const Pipeline& pipeline, Problems& problems);

// W201 a rule that can never fire, W202 one that always does, I320 a key that scale-out could not partition. REQUIRES: a pipeline without errors.
void lint(const Pipeline& pipeline, Problems& problems);

}  // namespace pawl::language
