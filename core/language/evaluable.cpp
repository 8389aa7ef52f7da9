#include "pawl/core/language/evaluable.hpp"

#include <algorithm>
#include <array>

#include "pawl/core/language/steps_read.hpp"
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
    case AggregateKind::median:
    case AggregateKind::percentile:
    case AggregateKind::ewma:
    case AggregateKind::rate:
    case AggregateKind::distinct: return true;
    default: return false;
  }
}

bool is_evaluated_by_panes(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::count: case AggregateKind::sum: case AggregateKind::avg: case AggregateKind::stddev: case AggregateKind::share: case AggregateKind::min:
    case AggregateKind::max: return true;
    default: return false;
  }
}

bool has_floats(const Expr& expr) {
  return expr.type.kind == Kind::floating || std::any_of(expr.args.begin(), expr.args.end(), [](const auto& arg) { return has_floats(*arg); });
}

// The one place of a float inside an aggregate.
bool is_float_field(const Expr& expr, const Aggregate& aggregate) { return &expr == aggregate.value.get() && expr.op == Op::field; }

bool adds_up(AggregateKind kind) { return kind == AggregateKind::sum || kind == AggregateKind::avg || kind == AggregateKind::stddev; }

// Each returns the empty text, or why not.
std::string why_not(const Expr& expr, const Pipeline& pipeline);

std::string why_not(const Aggregate& aggregate, const Pipeline& pipeline) {
  const std::string name(word(aggregate.kind));
  if (!is_evaluated(aggregate.kind)) return std::string("it uses the aggregate `") + name + "`";
  if (aggregate.pane != 0 && !is_evaluated_by_panes(aggregate.kind)) return std::string("it uses `") + name + "` in panes (`by`)";
  const bool ranked = aggregate.kind == AggregateKind::median || aggregate.kind == AggregateKind::percentile;
  if (ranked && aggregate.span == SpanKind::since_start) return std::string("it uses `") + name + "` since the start, which would keep every value for ever; a span of time or `last N` is bounded";
  for (const Expr* part : {aggregate.value.get(), aggregate.where.get()}) {
    if (part == nullptr) continue;
    if (has_floats(*part) && !is_float_field(*part, aggregate)) return "it computes with floats inside an aggregate";
    if (std::string why = why_not(*part, pipeline); !why.empty()) return why;
  }
  if (aggregate.value == nullptr) return {};
  if (has_floats(*aggregate.value) && adds_up(aggregate.kind)) return std::string("it uses `") + name + "` of a float, and sums of floats depend on what has left the window";
  const bool counted = aggregate.kind == AggregateKind::count || aggregate.kind == AggregateKind::rate;
  if (!counted && aggregate.value->type.ratio) return std::string("it uses `") + name + "` of a ratio";
  const bool picked = aggregate.kind == AggregateKind::first || aggregate.kind == AggregateKind::last;
  if (picked && aggregate.value->type.kind == Kind::text) return std::string("it uses `") + name + "` of a text";
  return {};
}

std::string why_not_over_repeated(const Expr& call) {
  constexpr std::array<std::string_view, 8> evaluated{"count", "sum", "avg", "min", "max", "first", "last", "share"};
  if (std::find(evaluated.begin(), evaluated.end(), call.name) != evaluated.end()) return {};
  return std::string("it uses `") + call.name + "` over a step of a pattern";
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
    case Op::binding: return expr.type.kind == Kind::floating ? "it computes with floats and steps of a pattern" : "";
    case Op::let: return pipeline.lets[expr.index].not_evaluated.empty() ? std::string() : std::string("it uses let `") + pipeline.lets[expr.index].name + "`";
    case Op::aggregate: return why_not(*expr.aggregate, pipeline);
    case Op::model: return why_not(pipeline.models[expr.index], pipeline);
    case Op::map_lookup: return std::string("it uses map `") + pipeline.maps[expr.index].name + "`";
    case Op::matches: return "it uses `matches`";
    case Op::call:
      if (is_over_repeated(expr)) return why_not_over_repeated(expr);
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
  const bool edits = action.kind == ActionKind::add_to_list || action.kind == ActionKind::remove_from_list;
  if (edits && action.expr->type.kind == Kind::text && reads_steps(*action.expr)) return "it puts a text of a step into a list";
  return action.expr ? why_not(*action.expr, pipeline) : std::string();
}

std::string why_not(const Pattern& pattern, const Pipeline& pipeline) {
  if (pattern.steps.size() > 32) return "its pattern has more than 32 steps";
  if (pattern.steps.back().negated) return "its pattern ends with `no`";
  for (const Step& step : pattern.steps) {
    if (step.negated && step.wait != 0) return "its pattern has a `no .. for` before its end";
    if (step.negated && step.immediately) return "its pattern has a `then immediately no`";
    if (!step.condition) continue;
    if (std::string why = why_not(*step.condition, pipeline); !why.empty()) return why;
  }
  return pattern.where ? why_not(*pattern.where, pipeline) : std::string();
}

std::string why_not(const Rule& rule, const Pipeline& pipeline) {
  if (std::string why = rule.pattern ? why_not(*rule.pattern, pipeline) : why_not(*rule.when, pipeline); !why.empty()) return why;
  for (const Action& action : rule.actions) {
    if (std::string why = why_not(action, pipeline); !why.empty()) return why;
  }
  for (const Reason& reason : rule.reasons) {
    for (const auto& hole : reason.exprs) {
      if (hole->type.kind == Kind::text && reads_steps(*hole)) return "it shows a text of a step in a reason";
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
}

}  // namespace pawl::language
