// Parts of a plan that need no program. Set-up only.
#pragma once

#include <string>
#include <vector>

#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// Bytes of the longest text that the field has in any event type.
[[nodiscard]] std::size_t longest(const FieldAccess& field);

// Of an enumeration that is a field or a let; else none.
[[nodiscard]] std::vector<std::string> labels_of(const language::Expr& expr, const language::Pipeline& pipeline);

[[nodiscard]] ListPlan list_of(const language::List& list);

// Of the decisions that the rule asks for.
[[nodiscard]] Rank best_rank(const language::Rule& rule, const PolicyPlan& policy);

}  // namespace pawl::rules
