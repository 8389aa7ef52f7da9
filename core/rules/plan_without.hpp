// The plan of a pipeline as if one of its rules were off: what it would cost without it.
#pragma once

#include <cstddef>

#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// `rule`: index into Pipeline::rules. As make_plan() in everything else.
[[nodiscard]] Plan make_plan_without(const language::Pipeline& pipeline, std::size_t rule);

}  // namespace pawl::rules
