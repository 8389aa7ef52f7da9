#include "pawl/core/language/evaluable.hpp"

#include "pawl/core/language/typing.hpp"

namespace pawl::language {

namespace {

bool adds_up(AggregateKind kind) { return kind == AggregateKind::sum || kind == AggregateKind::avg || kind == AggregateKind::stddev; }

// Each returns the empty text, or why not.
std::string why_not(const Expr& expr, const Pipeline& pipeline);

std::string why_not(const Aggregate& aggregate, const Pipeline& pipeline) {
  const std::string name(word(aggregate));
  if (aggregate.kind == AggregateKind::own && aggregate.own == nullptr) return std::string("it uses operator `") + name + "`, which this program does not have";
  for (const Expr* part : {aggregate.value.get(), aggregate.where.get()}) {
    if (part == nullptr) continue;
    if (std::string why = why_not(*part, pipeline); !why.empty()) return why;
  }
  if (aggregate.value == nullptr) return {};
  if (aggregate.value->type.kind == Kind::floating && adds_up(aggregate.kind)) return std::string("it uses `") + name + "` of a float, and sums of floats depend on what has left the window; declared as a decimal the field adds up exactly";
  const bool computed = aggregate.value->type.kind == Kind::text && aggregate.value->op != Op::field;
  if (computed) return std::string("it uses `") + name + "` of a text that is computed; of a text that is a field it is evaluated";
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

std::string why_not(const Map& map) {
  return map.content == nullptr ? std::string("it uses map `") + map.name + "`, whose file was not read" : std::string();
}

std::string why_not_itself(const Expr& expr, const Pipeline& pipeline) {
  switch (expr.op) {
    case Op::let: return pipeline.lets[expr.index].not_evaluated.empty() ? std::string() : std::string("it uses let `") + pipeline.lets[expr.index].name + "`";
    case Op::aggregate: return why_not(*expr.aggregate, pipeline);
    case Op::model: return why_not(pipeline.models[expr.index], pipeline);
    case Op::map_lookup: return why_not(pipeline.maps[expr.index]);
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

std::string why_not(const Pattern& pattern, const Pipeline& pipeline) {
  for (const Step& step : pattern.steps) {
    if (!step.condition) continue;
    if (std::string why = why_not(*step.condition, pipeline); !why.empty()) return why;
  }
  return pattern.where ? why_not(*pattern.where, pipeline) : std::string();
}

std::string why_not(const Rule& rule, const Pipeline& pipeline) {
  if (std::string why = rule.pattern ? why_not(*rule.pattern, pipeline) : why_not(*rule.when, pipeline); !why.empty()) return why;
  for (const Action& action : rule.actions) {
    if (std::string why = action.expr ? why_not(*action.expr, pipeline) : std::string(); !why.empty()) return why;
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
}

}  // namespace pawl::language
