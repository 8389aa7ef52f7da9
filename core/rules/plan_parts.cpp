#include "pawl/core/rules/plan_parts.hpp"

#include <algorithm>
#include <string_view>

namespace pawl::rules {

using language::Op;

std::size_t longest(const FieldAccess& field) {
  std::size_t bytes = 0;
  for (const SlotPlace& place : field.in) bytes = std::max<std::size_t>(bytes, place.exists() ? place.bytes : 0);
  return bytes;
}

std::vector<std::string> labels_of(const language::Expr& expr, const language::Pipeline& pipeline) {
  if (expr.type.kind != Kind::enumeration) return {};
  if (expr.op == Op::let) return pipeline.lets[expr.index].labels;
  const bool is_field = expr.op == Op::field || expr.op == Op::binding;
  const std::string& name = expr.op == Op::field ? expr.name : expr.member;
  for (const EventSchema& event : pipeline.events) {
    const int field = is_field ? event.find(name) : -1;
    if (field >= 0 && event.fields[static_cast<std::size_t>(field)].type == expr.type) return event.fields[static_cast<std::size_t>(field)].labels;
  }
  return {};
}

ListPlan list_of(const language::List& list) {
  return {.floating = list.type.kind == Kind::floating, .bytes = list.type.kind == Kind::text ? list.type.text_bytes : std::size_t{8}};
}

Rank best_rank(const language::Rule& rule, const PolicyPlan& policy) {
  Rank best = no_rank;
  for (const language::Action& action : rule.actions) {
    if (const std::string_view name = decision_of(action.kind); !name.empty()) best = std::min(best, policy.rank_of(name));
  }
  return best;
}

}  // namespace pawl::rules
