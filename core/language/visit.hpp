// Walks over typed trees. An expression's depth is bounded by the parser, so recursion is too; lets are not followed.
#pragma once

#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

// Calls visit(expr) for every expression of the tree, outer before inner, those inside of aggregates included.
template <class Visit>
void for_each(const Expr& expr, Visit&& visit) {
  visit(expr);
  for (const auto& arg : expr.args) for_each(*arg, visit);
  if (!expr.aggregate) return;
  if (expr.aggregate->value) for_each(*expr.aggregate->value, visit);
  if (expr.aggregate->where) for_each(*expr.aggregate->where, visit);
}

// Every whole expression that stands in the rule: condition, pattern, actions, reasons.
template <class Visit>
void for_each_whole(const Rule& rule, Visit&& visit) {
  if (rule.when) visit(*rule.when);
  if (rule.pattern) {
    for (const Step& step : rule.pattern->steps) {
      if (step.condition) visit(*step.condition);
    }
    if (rule.pattern->where) visit(*rule.pattern->where);
  }
  for (const Action& action : rule.actions) {
    if (action.expr) visit(*action.expr);
  }
  for (const Reason& reason : rule.reasons) {
    for (const auto& hole : reason.exprs) visit(*hole);
  }
}

// Every expression of the rule, outer before inner.
template <class Visit>
void for_each(const Rule& rule, Visit&& visit) {
  for_each_whole(rule, [&](const Expr& expr) { for_each(expr, visit); });
}

// Every expression of the pipeline: lets, models' inputs, rules.
template <class Visit>
void for_each(const Pipeline& pipeline, Visit&& visit) {
  for (const Let& let : pipeline.lets) for_each(*let.expr, visit);
  for (const Model& model : pipeline.models) {
    for (const auto& input : model.inputs) for_each(*input, visit);
  }
  for (const Rule& rule : pipeline.rules) for_each(rule, visit);
}

}  // namespace pawl::language
