// Parts of a plan that need no program. Set-up only.
#pragma once

#include <string>
#include <vector>

#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// Bytes of the longest text that the field has in any event type.
[[nodiscard]] std::size_t longest(const FieldAccess& field);
// Of a text; 0 of any other value.
[[nodiscard]] std::size_t longest(const Operand& value, const Program& program);

// Of an enumeration; else none.
[[nodiscard]] std::vector<std::string> labels_of(const language::Expr& expr);

// Equal for expressions that explanations show alike: the same computation with the same labels. Enumerations of two events may have one name.
[[nodiscard]] std::string shown_key(const language::Expr& expr);

// LetPlan::readable.
[[nodiscard]] std::vector<bool> readers_of(const language::Let& let, const language::Pipeline& pipeline);

[[nodiscard]] ListPlan list_of(const language::List& list);

// Of the decisions that the rule asks for.
[[nodiscard]] Rank best_rank(const language::Rule& rule, const PolicyPlan& policy);

}  // namespace pawl::rules
