#include "pawl/core/language/evaluable.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/language/typing.hpp"
#include "pawl/core/language/visit.hpp"

namespace pawl::language {

namespace {

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
    case AggregateKind::distinct:
    case AggregateKind::own: return true;
    default: return false;
  }
}

bool is_evaluated_by_panes(const Aggregate& aggregate) {
  switch (aggregate.kind) {
    case AggregateKind::count: case AggregateKind::sum: case AggregateKind::avg: case AggregateKind::stddev: case AggregateKind::share: case AggregateKind::min:
    case AggregateKind::max: return true;
    case AggregateKind::own: return aggregate.own->inverse != nullptr;
    default: return false;
  }
}

bool adds_up(AggregateKind kind) { return kind == AggregateKind::sum || kind == AggregateKind::avg || kind == AggregateKind::stddev; }

// --- what plans of patterns and texts bound ---

constexpr std::size_t texts_max = 64;          // that a let can be
constexpr std::size_t captured_max = 64;       // values of a run that can be missing
constexpr std::size_t captured_bytes_max = 16 * 1024;

// How many texts the expression chooses from. REQUIRES: it is a text; of lets in it, `let_texts` has the numbers.
std::size_t texts_of(const Expr& expr, const std::vector<std::size_t>& let_texts) {
  if (expr.op == Op::let) return let_texts[expr.index];
  std::size_t texts = 0;
  for (const auto& arg : expr.args) texts += arg->type.kind == Kind::text ? texts_of(*arg, let_texts) : 0;
  return std::max<std::size_t>(texts, 1);
}

// What a run keeps of its steps: "step.field kind", with bytes and whether it can be missing.
class Captures {
 public:
  void collect(const Expr& expr) {
    if (is_over_repeated(expr)) return collect_over_repeated(expr);
    if (expr.op == Op::binding) add(expr, "last");
    for (const auto& arg : expr.args) collect(*arg);
  }
  // Of the first event, where a deadline completes the pattern.
  void add_id(const Type& type) {
    ++can_be_missing_;
    bytes_ += type.kind == Kind::text ? (type.text_bytes + 7U) / 8 * 8 : 8;
  }
  [[nodiscard]] bool fit() const { return can_be_missing_ <= captured_max && bytes_ <= captured_bytes_max; }

 private:
  void collect_over_repeated(const Expr& call) {
    const Expr& binding = *call.args[0];
    const bool summed = call.name == "sum" || call.name == "avg" || call.name == "share";
    if (call.name == "count" || call.name == "avg" || call.name == "share") add(binding, "count");
    if (call.name != "count") add(binding, summed ? "sum" : call.name);
  }
  void add(const Expr& binding, const std::string& kind) {
    if (!known_.insert(binding.name + '.' + binding.member + ' ' + kind).second) return;
    const bool is_value = kind != "count" && kind != "sum";
    can_be_missing_ += is_value ? 1 : 0;
    bytes_ += kind == "sum" ? 16 : is_value && binding.type.kind == Kind::text ? (binding.type.text_bytes + 7U) / 8 * 8 : 8;
  }

  std::set<std::string> known_;
  std::size_t can_be_missing_ = 0, bytes_ = 0;
};

// Each returns the empty text, or why not.
std::string why_not(const Expr& expr, const Pipeline& pipeline);

std::string why_not(const Aggregate& aggregate, const Pipeline& pipeline) {
  const std::string name(word(aggregate));
  if (aggregate.kind == AggregateKind::own && aggregate.own == nullptr) return std::string("it uses operator `") + name + "`, which this program does not have";
  if (!is_evaluated(aggregate.kind)) return std::string("it uses the aggregate `") + name + "`";
  if (aggregate.pane != 0 && !is_evaluated_by_panes(aggregate)) return std::string("it uses `") + name + "` in panes (`by`)";
  const bool ranked = aggregate.kind == AggregateKind::median || aggregate.kind == AggregateKind::percentile;
  if (ranked && aggregate.span == SpanKind::since_start) return std::string("it uses `") + name + "` since the start, which would keep every value for ever; a span of time or `last N` is bounded";
  for (const Expr* part : {aggregate.value.get(), aggregate.where.get()}) {
    if (part == nullptr) continue;
    if (std::string why = why_not(*part, pipeline); !why.empty()) return why;
  }
  if (aggregate.value == nullptr) return {};
  if (aggregate.value->type.kind == Kind::floating && adds_up(aggregate.kind)) return std::string("it uses `") + name + "` of a float, and sums of floats depend on what has left the window";
  const bool counted = aggregate.kind == AggregateKind::count || aggregate.kind == AggregateKind::rate;
  if (!counted && aggregate.value->type.ratio) return std::string("it uses `") + name + "` of a ratio";
  const bool computed = aggregate.value->type.kind == Kind::text && aggregate.value->op != Op::field;
  if (computed) return std::string("it uses `") + name + "` of a text that is computed; of a text that is a field it is evaluated";
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

std::string why_not_reasons(const Model& model) {
  if (model.content == nullptr || model.content->explains()) return {};
  return std::string("the file of model `") + model.name + "` does not say how much came to each node (`sum_hessian`, `internal_count`), which its reasons are made of";
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
    case Op::call:
      if (is_over_repeated(expr)) return why_not_over_repeated(expr);
      if (expr.name == "reasons") return why_not_reasons(pipeline.models[expr.args[0]->index]);
      return {};
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
  if (pattern.steps.size() > 32) return "its pattern has more than 32 steps";
  for (const Step& step : pattern.steps) {
    if (!step.condition) continue;
    if (std::string why = why_not(*step.condition, pipeline); !why.empty()) return why;
  }
  return pattern.where ? why_not(*pattern.where, pipeline) : std::string();
}

std::string why_not_its_captures(const Rule& rule, const Pipeline& pipeline) {
  Captures captures;
  for_each_whole(rule, [&](const Expr& expr) { captures.collect(expr); });
  const EventSchema& first = pipeline.events[rule.pattern->steps.front().event];
  if (const int id = first.find("id"); id >= 0 && is_timed(*rule.pattern)) captures.add_id(first.fields[static_cast<std::size_t>(id)].type);
  return captures.fit() ? std::string() : "it reads too many fields of its steps";
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
  return rule.pattern ? why_not_its_captures(rule, pipeline) : std::string();
}

}  // namespace

void mark_not_evaluated(Pipeline& pipeline, Problems& problems) {
  std::vector<std::size_t> let_texts(pipeline.lets.size());
  for (const std::size_t index : pipeline.let_order) {  // a let comes after those it uses
    Let& let = pipeline.lets[index];
    let.not_evaluated = why_not(*let.expr, pipeline);
    let_texts[index] = let.expr->type.kind == Kind::text ? texts_of(*let.expr, let_texts) : 0;
    if (let.not_evaluated.empty() && let_texts[index] > texts_max) let.not_evaluated = "it can be more than " + std::to_string(texts_max) + " texts";
    if (!let.not_evaluated.empty()) problems.warning(let.place, "W300", std::string("let `") + let.name + "` is not evaluated by this release: " + let.not_evaluated + ". It reads as missing");
  }
  for (Rule& rule : pipeline.rules) {
    rule.not_evaluated = why_not(rule, pipeline);
    if (!rule.not_evaluated.empty()) problems.warning(rule.place, "W300", std::string("rule `") + rule.name + "` is not evaluated by this release: " + rule.not_evaluated + ". It never fires");
  }
}

}  // namespace pawl::language
