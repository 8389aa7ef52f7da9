// What can be wrong with a pipeline that is well-formed: warnings and notes.
#pragma once

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language {

// W210: a value compared with a window that contains it. Of rules whose condition is sound, whatever is wrong elsewhere.
void lint_comparisons(const Pipeline& pipeline, Problems& problems);

// W201 what can never be true, W202 what always is, I320 a key that scale-out could not partition. REQUIRES: a pipeline without errors.
void lint(const Pipeline& pipeline, Problems& problems);

// W203 a list or model without use, I330 a let that only the file of features has, W220 a step or repetition that no run reaches.
// REQUIRES: a pipeline without errors.
void lint_unused(const Pipeline& pipeline, Problems& problems);

}  // namespace pawl::language
