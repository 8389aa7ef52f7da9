#include "pawl/core/rules/plan_parts.hpp"

#include <algorithm>
#include <string_view>

namespace pawl::rules {

std::size_t longest(const FieldAccess& field) {
  std::size_t bytes = field.bytes;
  for (const SlotPlace& place : field.in) bytes = std::max<std::size_t>(bytes, place.exists() ? place.bytes : 0);
  return bytes;
}

std::size_t longest(const Operand& value, const Program& program) {
  const auto bytes = [&](bool is_field, std::size_t index) { return is_field ? longest(program.fields[index]) : program.texts[index].size(); };
  if (value.kind == Operand::Kind::model_reasons) return program.models[value.index].reasons_bytes;
  std::size_t most = 0;
  for (const TextChoice& choice : value.choices) most = std::max(most, bytes(choice.is_field, choice.index));
  if (value.kind == Operand::Kind::column || value.kind == Operand::Kind::chosen_text) return most;
  return bytes(value.kind == Operand::Kind::text_field, value.index);
}

std::vector<std::string> labels_of(const language::Expr& expr) { return expr.labels == nullptr ? std::vector<std::string>{} : *expr.labels; }

std::string shown_key(const language::Expr& expr) {
  std::string key = language::canonical(expr);
  for (const std::string& label : labels_of(expr)) key.append(1, '|').append(label);
  return key;
}

std::vector<bool> readers_of(const language::Let& let, const language::Pipeline& pipeline) {
  if (let.readable_at.size() == pipeline.events.size()) return {};
  std::vector<bool> readable(pipeline.events.size());
  for (const std::uint16_t event : let.readable_at) readable[event] = true;
  return readable;
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
