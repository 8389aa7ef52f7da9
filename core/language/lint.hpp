// What a correct pipeline may still have wrong: warnings and notes.
#pragma once

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language {

// W201 a rule that can never fire, W202 one that always does, W210 a value compared with a window that contains it, I320 a key that
// scale-out could not partition. REQUIRES: a pipeline without errors.
void lint(const Pipeline& pipeline, Problems& problems);

}  // namespace pawl::language
