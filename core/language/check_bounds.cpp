// What can be written and has no meaning that could be kept within bounds: errors, behind the types.
#include <algorithm>
#include <array>
#include <set>

#include "pawl/core/language/evaluable.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/language/typing.hpp"
#include "pawl/core/language/visit.hpp"

namespace pawl::language {

namespace {

constexpr std::size_t steps_max = 32;          // of a pattern
constexpr std::size_t texts_max = 64;          // that a let can be
constexpr std::size_t texts_depth_max = 200;   // of a let
constexpr std::size_t captured_max = 64;       // values of a run that can be missing
constexpr std::size_t captured_bytes_max = 16 * 1024;

// How many texts the expression chooses from. REQUIRES: it is a text; of lets in it, `let_texts` has the numbers.
std::size_t texts_of(const Expr& expr, const std::vector<std::size_t>& let_texts) {
  if (expr.op == Op::let) return let_texts[expr.index];
  if (expr.op == Op::map_lookup) return 1;
  std::size_t texts = 0;
  for (const auto& arg : expr.args) texts += arg->type.kind == Kind::text ? texts_of(*arg, let_texts) : 0;
  return std::max<std::size_t>(texts, 1);
}

// How many texts stand within each other: what takes them apart goes as deep. REQUIRES: it is a text; of lets in it, `let_depths` has the numbers.
std::size_t depth_of(const Expr& expr, const std::vector<std::size_t>& let_depths) {
  if (expr.op == Op::let) return let_depths[expr.index];
  std::size_t depth = 0;
  for (const auto& arg : expr.args) depth = std::max(depth, arg->type.kind == Kind::text ? depth_of(*arg, let_depths) : 0);
  return depth + 1;
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

bool adds_up_by_panes(const Aggregate& aggregate) {
  switch (aggregate.kind) {
    case AggregateKind::count: case AggregateKind::sum: case AggregateKind::avg: case AggregateKind::stddev: case AggregateKind::share: case AggregateKind::min:
    case AggregateKind::max: return true;
    case AggregateKind::own: return aggregate.own == nullptr || aggregate.own->inverse != nullptr;
    default: return false;
  }
}

void check(const Expr& expr, const Aggregate& aggregate, Problems& problems) {
  const std::string name = '`' + std::string(word(aggregate)) + '`';
  if (aggregate.pane != 0 && !adds_up_by_panes(aggregate)) {
    const std::string why = aggregate.kind == AggregateKind::own ? " has no inverse, and" : "";
    problems.error(expr.place, "E125", name + why + " cannot be added up pane by pane; leave `by` out, or use count, sum, avg, stddev, share, min or max");
  }
  const bool ranked = aggregate.kind == AggregateKind::median || aggregate.kind == AggregateKind::percentile;
  if (ranked && aggregate.span == SpanKind::since_start) {
    problems.error(expr.place, "E126", name + " since the start would keep every value for ever; a span of time or `last N` is bounded");
  }
  const bool counted = aggregate.kind == AggregateKind::count || aggregate.kind == AggregateKind::rate;
  if (!counted && aggregate.value != nullptr && aggregate.value->type.ratio) {
    problems.error(aggregate.value->place, "E114", name + " is not defined for " + to_string(aggregate.value->type) + "; write round(..) of it, or aggregate what it is made of");
  }
}

void check_over_repeated(const Expr& call, Problems& problems) {
  constexpr std::array<std::string_view, 8> kept{"count", "sum", "avg", "min", "max", "first", "last", "share"};
  if (std::find(kept.begin(), kept.end(), call.name) != kept.end()) return;
  problems.error(call.place, "E114", std::string("`") + call.name + "` is not defined over the events of a step; count, sum, avg, min, max, first, last and share are");
}

void check_reasons(const Expr& call, const Model& model, Problems& problems) {
  if (model.content == nullptr || model.content->explains()) return;
  problems.error(call.place, "E199", std::string("the file of model `") + model.name + "` does not say how much came to each node (`sum_hessian`, `internal_count`), which its reasons are made of");
}

void check_captures(const Rule& rule, const Pipeline& pipeline, Problems& problems) {
  Captures captures;
  for_each_whole(rule, [&](const Expr& expr) { captures.collect(expr); });
  const EventSchema& first = pipeline.events[rule.pattern->steps.front().event];
  if (const int id = first.find("id"); id >= 0 && is_timed(*rule.pattern)) captures.add_id(first.fields[static_cast<std::size_t>(id)].type);
  if (captures.fit()) return;
  problems.error(rule.place, "E168", std::string("rule `") + rule.name + "` reads too many fields of its steps: a run keeps at most " + std::to_string(captured_max) + " values that can be missing, and " +
                                         std::to_string(captured_bytes_max) + " bytes");
}

}  // namespace

void check_bounds(const Pipeline& pipeline, Problems& problems) {
  for_each(pipeline, [&](const Expr& expr) {
    if (expr.op == Op::aggregate) check(expr, *expr.aggregate, problems);
    if (is_over_repeated(expr)) check_over_repeated(expr, problems);
    if (expr.op == Op::call && expr.name == "reasons") check_reasons(expr, pipeline.models[expr.args[0]->index], problems);
  });
  std::vector<std::size_t> let_texts(pipeline.lets.size()), let_depths(pipeline.lets.size());
  for (const std::size_t index : pipeline.let_order) {  // a let comes after those it uses
    const Let& let = pipeline.lets[index];
    if (let.expr->type.kind != Kind::text) continue;
    let_texts[index] = texts_of(*let.expr, let_texts);
    let_depths[index] = depth_of(*let.expr, let_depths);
    if (let_depths[index] > texts_depth_max) {
      problems.error(let.place, "E119", std::string("let `") + let.name + "` is a text made of texts, more than " + std::to_string(texts_depth_max) + " deep");
      break;
    }
    if (let_texts[index] > texts_max) {
      problems.error(let.place, "E119", std::string("let `") + let.name + "` can be more than " + std::to_string(texts_max) + " texts; a map holds as many as one likes");
      break;
    }
  }
  for (const Rule& rule : pipeline.rules) {
    if (!rule.pattern) continue;
    if (rule.pattern->steps.size() > steps_max) problems.error(rule.place, "E167", std::string("the pattern of rule `") + rule.name + "` has more than " + std::to_string(steps_max) + " steps");
    check_captures(rule, pipeline, problems);
  }
}

}  // namespace pawl::language
