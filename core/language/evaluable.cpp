#include "pawl/core/language/evaluable.hpp"

#include <algorithm>
#include <array>

#include "pawl/core/language/typing.hpp"

namespace pawl::language {

namespace {

constexpr std::array<std::string_view, 7> evaluated_calls{"abs", "min2", "max2", "hour_of", "weekday_of", "hours", "minutes"};

bool is_evaluated(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::count:
    case AggregateKind::sum:
    case AggregateKind::avg:
    case AggregateKind::share:
    case AggregateKind::first:
    case AggregateKind::last:
    case AggregateKind::min:
    case AggregateKind::max:
    case AggregateKind::stddev:
    case AggregateKind::rate:
    case AggregateKind::distinct: return true;
    default: return false;
  }
}

bool has_floats(const Expr& expr) {
  return expr.type.kind == Kind::floating || std::any_of(expr.args.begin(), expr.args.end(), [](const auto& arg) { return has_floats(*arg); });
}

// Each returns the empty text, or why not.
std::string why_not(const Expr& expr, const Pipeline& pipeline);

std::string why_not(const Aggregate& aggregate, const Pipeline& pipeline) {
  const std::string name(word(aggregate.kind));
  if (!is_evaluated(aggregate.kind)) return std::string("it uses the aggregate `") + name + "`";
  if (aggregate.pane != 0) return "it uses panes (`by`)";
  for (const Expr* part : {aggregate.value.get(), aggregate.where.get()}) {
    if (part == nullptr) continue;
    if (has_floats(*part)) return "it computes with floats inside an aggregate";
    if (std::string why = why_not(*part, pipeline); !why.empty()) return why;
  }
  if (aggregate.value == nullptr) return {};
  const bool counted = aggregate.kind == AggregateKind::count || aggregate.kind == AggregateKind::rate;
  if (!counted && aggregate.value->type.ratio) return std::string("it uses `") + name + "` of a ratio";
  const bool picked = aggregate.kind == AggregateKind::first || aggregate.kind == AggregateKind::last;
  if (picked && aggregate.value->type.kind == Kind::text) return std::string("it uses `") + name + "` of a text";
  return {};
}

std::string why_not(const Model& model, const Pipeline& pipeline) {
  if (model.content == nullptr) return std::string("it uses model `") + model.name + "`, whose file was not read";
  for (const auto& input : model.inputs) {
    if (std::string why = why_not(*input, pipeline); !why.empty()) return why;
  }
  return {};
}

std::string why_not_itself(const Expr& expr, const Pipeline& pipeline) {
  switch (expr.op) {
    case Op::binding: return "it reads a step of a pattern";
    case Op::let: return pipeline.lets[expr.index].not_evaluated.empty() ? std::string() : std::string("it uses let `") + pipeline.lets[expr.index].name + "`";
    case Op::aggregate: return why_not(*expr.aggregate, pipeline);
    case Op::model: return why_not(pipeline.models[expr.index], pipeline);
    case Op::in_list: return std::string("it uses list `") + pipeline.lists[expr.index].name + "`";
    case Op::map_lookup: return std::string("it uses map `") + pipeline.maps[expr.index].name + "`";
    case Op::matches: return "it uses `matches`";
    case Op::call:
      if (std::find(evaluated_calls.begin(), evaluated_calls.end(), expr.name) != evaluated_calls.end()) return {};
      return std::string("it uses `") + expr.name + "(..)`";
    default: return {};
  }
}

std::string why_not(const Expr& expr, const Pipeline& pipeline) {
  if (std::string why = why_not_itself(expr, pipeline); !why.empty()) return why;
  for (const auto& arg : expr.args) {
    if (std::string why = why_not(*arg, pipeline); !why.empty()) return why;
  }
  return {};
}

std::string why_not(const Action& action, const Pipeline& pipeline) {
  if (action.kind == ActionKind::add_to_list || action.kind == ActionKind::remove_from_list) return std::string("it edits list `") + pipeline.lists[action.list].name + "`";
  return action.expr ? why_not(*action.expr, pipeline) : std::string();
}

std::string why_not(const Rule& rule, const Pipeline& pipeline) {
  if (rule.pattern) return "it has a pattern";
  if (rule.mode == RuleMode::live_percent) return "it is live for a share of events";
  if (rule.cooldown != 0) return "it has a cooldown";
  if (std::string why = why_not(*rule.when, pipeline); !why.empty()) return why;
  for (const Action& action : rule.actions) {
    if (std::string why = why_not(action, pipeline); !why.empty()) return why;
  }
  for (const Reason& reason : rule.reasons) {
    for (const auto& hole : reason.exprs) {
      if (std::string why = why_not(*hole, pipeline); !why.empty()) return why + " in a reason";
    }
  }
  return {};
}

}  // namespace

void mark_not_evaluated(Pipeline& pipeline, Problems& problems) {
  for (const std::size_t index : pipeline.let_order) {  // a let comes after those it uses
    Let& let = pipeline.lets[index];
    let.not_evaluated = why_not(*let.expr, pipeline);
    if (!let.not_evaluated.empty()) problems.warning(let.place, "W300", std::string("let `") + let.name + "` is not evaluated by this release: " + let.not_evaluated + ". It reads as missing");
  }
  for (Rule& rule : pipeline.rules) {
    rule.not_evaluated = why_not(rule, pipeline);
    if (!rule.not_evaluated.empty()) problems.warning(rule.place, "W300", std::string("rule `") + rule.name + "` is not evaluated by this release: " + rule.not_evaluated + ". It never fires");
  }
  if (pipeline.policy.present) problems.warning(pipeline.policy.place, "W300", "the policy is not evaluated by this release: decisions stay `approve`, the score is the sum");
}

}  // namespace pawl::language
