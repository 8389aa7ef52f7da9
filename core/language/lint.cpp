#include "pawl/core/language/lint.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "pawl/core/event/ratio.hpp"
#include "pawl/core/language/print.hpp"
#include "pawl/core/language/typing.hpp"
#include "pawl/core/language/visit.hpp"

namespace pawl::language {

namespace {

constexpr std::size_t keys_compared_max = 64;

// --- Rules that can never or always fire ---

struct Bound { Fraction value; bool inclusive = true; };
// Values that an expression can have; an absent bound is infinite. Never excludes a value it can have.
struct Range { std::optional<Bound> low, high; };

enum class Truth : std::uint8_t { unknown, never, always };

Truth opposite(Truth truth) { return truth == Truth::never ? Truth::always : truth == Truth::always ? Truth::never : Truth::unknown; }

bool is_exact(const Expr& expr) { return expr.op == Op::literal && expr.type.kind != Kind::text && expr.type.kind != Kind::floating; }

void tighten(Range& range, const Range& by) {
  if (by.low) {
    const auto order = range.low ? compare(by.low->value, range.low->value) : std::strong_ordering::greater;
    if (order > 0 || (order == 0 && !by.low->inclusive)) range.low = by.low;
  }
  if (by.high) {
    const auto order = range.high ? compare(by.high->value, range.high->value) : std::strong_ordering::less;
    if (order < 0 || (order == 0 && !by.high->inclusive)) range.high = by.high;
  }
}

bool is_empty(const Range& range) {
  if (!range.low || !range.high) return false;
  const auto order = compare(range.low->value, range.high->value);
  return order > 0 || (order == 0 && !(range.low->inclusive && range.high->inclusive));
}

Range between(std::int64_t low, std::optional<std::int64_t> high) {
  Range range;
  range.low = Bound{{low, 1}, true};
  if (high) range.high = Bound{{*high, 1}, true};
  return range;
}

// Of values x for which `x op value` can be true.
Range satisfying(Op op, const Fraction& value) {
  Range range;
  if (op == Op::greater || op == Op::greater_equal || op == Op::equal) range.low = Bound{value, op != Op::greater};
  if (op == Op::less || op == Op::less_equal || op == Op::equal) range.high = Bound{value, op != Op::less};
  return range;
}

Op mirrored(Op op) {
  switch (op) {
    case Op::less: return Op::greater;
    case Op::less_equal: return Op::greater_equal;
    case Op::greater: return Op::less;
    case Op::greater_equal: return Op::less_equal;
    default: return op;
  }
}

Op denied(Op op) {
  switch (op) {
    case Op::less: return Op::greater_equal;
    case Op::less_equal: return Op::greater;
    case Op::greater: return Op::less_equal;
    case Op::greater_equal: return Op::less;
    case Op::not_equal: return Op::equal;
    default: return Op::not_equal;
  }
}

bool is_comparison(Op op) { return op >= Op::equal && op <= Op::greater_equal; }

class Decidable {
 public:
  explicit Decidable(const Pipeline& pipeline) : lets_(pipeline.lets.size()), lets_can_be_missing_(pipeline.lets.size()) {
    for (const std::size_t index : pipeline.let_order) {
      lets_[index] = range_of(*pipeline.lets[index].expr);
      lets_can_be_missing_[index] = can_be_missing(*pipeline.lets[index].expr);
    }
  }

  // What is true or false "always" is so only where its values are there.
  bool can_be_missing(const Expr& expr) const {
    switch (expr.op) {
      case Op::literal:
      case Op::is_missing: return false;
      case Op::let: return lets_can_be_missing_[expr.index];
      case Op::aggregate: return expr.aggregate->kind != AggregateKind::count && expr.aggregate->kind != AggregateKind::distinct;
      case Op::otherwise: return can_be_missing(*expr.args[1]);
      case Op::field: return expr.name != "at";
      case Op::binding:
      case Op::model:
      case Op::map_lookup:
      case Op::divide:
      case Op::modulo: return true;
      case Op::call:
        if (expr.name == "km") return true;  // of what is no place
        [[fallthrough]];
      default: return std::any_of(expr.args.begin(), expr.args.end(), [this](const auto& arg) { return can_be_missing(*arg); });
    }
  }

  Truth truth(const Expr& expr) const {
    switch (expr.op) {
      case Op::literal: return expr.value.number != 0 ? Truth::always : Truth::never;
      case Op::logical_not: return opposite(truth(*expr.args[0]));
      case Op::logical_and: return conjunction(expr);
      case Op::logical_or: {
        const Truth left = truth(*expr.args[0]);
        const Truth right = truth(*expr.args[1]);
        if (left == Truth::always || right == Truth::always) return Truth::always;
        return left == right ? left : Truth::unknown;
      }
      case Op::between: {
        const Truth low = compared(Op::greater_equal, *expr.args[0], *expr.args[1]);
        const Truth high = compared(Op::less_equal, *expr.args[0], *expr.args[2]);
        if (low == Truth::never || high == Truth::never || compared(Op::greater, *expr.args[1], *expr.args[2]) == Truth::always) return Truth::never;
        return low == high ? low : Truth::unknown;
      }
      case Op::matches: return expr.regex->never() ? Truth::never : expr.regex->always() ? Truth::always : Truth::unknown;
      default: return is_comparison(expr.op) ? compared(expr.op, *expr.args[0], *expr.args[1]) : Truth::unknown;
    }
  }

 private:
  Range range_of(const Expr& expr) const {
    if (is_exact(expr)) return satisfying(Op::equal, {expr.value.number, expr.value.denominator});
    if (expr.op == Op::let) return lets_[expr.index];
    if (expr.op == Op::aggregate) {
      const AggregateKind kind = expr.aggregate->kind;
      if (kind == AggregateKind::share) return between(0, 1);
      const bool counts = kind == AggregateKind::count || kind == AggregateKind::distinct || kind == AggregateKind::rate;
      return counts ? between(0, {}) : Range{};
    }
    if (expr.op == Op::call) {
      if (expr.name == "hour_of") return between(0, 23);
      if (expr.name == "weekday_of") return between(1, 7);
      return expr.name == "abs" || expr.name == "len" ? between(0, {}) : Range{};
    }
    return expr.op == Op::otherwise ? hull(range_of(*expr.args[0]), range_of(*expr.args[1])) : Range{};
  }

  static Range hull(const Range& a, const Range& b) {
    Range range;
    if (a.low && b.low) range.low = compare(a.low->value, b.low->value) < 0 ? a.low : b.low;
    if (a.high && b.high) range.high = compare(a.high->value, b.high->value) > 0 ? a.high : b.high;
    return range;
  }

  // Can `a op b` hold, given ranges alone?
  bool possible(Op op, const Range& a, const Range& b) const {
    if (op == Op::not_equal) {
      const bool one_value = a.low && a.high && b.low && b.high && compare(a.low->value, a.high->value) == 0 && compare(b.low->value, b.high->value) == 0;
      return !one_value || compare(a.low->value, b.low->value) != 0;
    }
    Range both = a;
    if (op == Op::equal) {
      tighten(both, b);
      return !is_empty(both);
    }
    const std::optional<Bound>& limit = op == Op::less || op == Op::less_equal ? b.high : b.low;
    if (!limit) return true;
    tighten(both, satisfying(op, limit->value));
    return !is_empty(both);
  }

  Truth compared(Op op, const Expr& a, const Expr& b) const {
    if (a.type.kind == Kind::text || a.type.kind == Kind::floating) return Truth::unknown;
    const Range left = range_of(a);
    const Range right = range_of(b);
    if (!possible(op, left, right)) return Truth::never;
    return possible(denied(op), left, right) ? Truth::unknown : Truth::always;
  }

  static void flatten(const Expr& expr, std::vector<const Expr*>& parts) {
    if (expr.op != Op::logical_and) return parts.push_back(&expr);
    for (const auto& arg : expr.args) flatten(*arg, parts);
  }

  // Each part alone, then all parts that compare the same value with literals.
  Truth conjunction(const Expr& expr) const {
    std::vector<const Expr*> parts;
    flatten(expr, parts);
    std::map<std::string, Range> ranges;
    std::map<std::string, std::string> texts;
    bool always = true;
    for (const Expr* part : parts) {
      const Truth alone = truth(*part);
      if (alone == Truth::never || contradicts(*part, ranges, texts)) return Truth::never;
      always = always && alone == Truth::always;
    }
    return always ? Truth::always : Truth::unknown;
  }

  bool contradicts(const Expr& part, std::map<std::string, Range>& ranges, std::map<std::string, std::string>& texts) const {
    if (part.op == Op::between) {
      if (!is_exact(*part.args[1]) || !is_exact(*part.args[2])) return false;
      return narrows_to_nothing(Op::greater_equal, *part.args[0], *part.args[1], ranges) || narrows_to_nothing(Op::less_equal, *part.args[0], *part.args[2], ranges);
    }
    if (!is_comparison(part.op)) return false;
    const Expr& left = *part.args[0];
    const Expr& right = *part.args[1];
    if (part.op == Op::equal && right.op == Op::literal && right.type.kind == Kind::text) {
      const auto [known, fresh] = texts.try_emplace(canonical(left), right.value.text);
      return !fresh && known->second != right.value.text;
    }
    if (is_exact(right)) return narrows_to_nothing(part.op, left, right, ranges);
    return is_exact(left) && narrows_to_nothing(mirrored(part.op), right, left, ranges);
  }

  bool narrows_to_nothing(Op op, const Expr& value, const Expr& literal, std::map<std::string, Range>& ranges) const {
    if (op == Op::not_equal || value.op == Op::literal) return false;
    const auto [range, fresh] = ranges.try_emplace(canonical(value));
    if (fresh) range->second = range_of(value);
    tighten(range->second, satisfying(op, {literal.value.number, literal.value.denominator}));
    return is_empty(range->second);
  }

  std::vector<Range> lets_;
  std::vector<bool> lets_can_be_missing_;
};

void warn_decided(const Rule& rule, const Decidable& decidable, Problems& problems) {
  const std::string name = std::string("rule `") + rule.name + '`';
  const Truth truth = decidable.truth(*rule.when);
  const bool always_there = rule.fire_if_missing || !decidable.can_be_missing(*rule.when);
  if (truth == Truth::never && !rule.fire_if_missing) {
    problems.warning(rule.when->place, "W201", name + " can never fire: no event fulfils this condition");
  } else if (truth == Truth::always && always_there) {
    problems.warning(rule.when->place, "W202", name + " fires on every event: this condition is always true");
  } else if (truth == Truth::always) {
    problems.warning(rule.when->place, "W202", name + " fires on every event that has what this condition reads: it is then always true");
  }
}

void warn_decided_steps(const Rule& rule, const Decidable& decidable, Problems& problems) {
  for (const Step& step : rule.pattern->steps) {
    const Truth truth = step.condition ? decidable.truth(*step.condition) : Truth::unknown;
    if (truth == Truth::unknown || (truth == Truth::always && decidable.can_be_missing(*step.condition))) continue;
    if (truth == Truth::always) {
      problems.warning(step.condition->place, "W202", "this condition is always true: every " + std::string(step.negated ? "such event is forbidden" : "such event fits the step") + "; leave it out");
    } else if (step.negated || step.at_least == 0) {
      problems.warning(step.condition->place, "W201", std::string("no event fulfils this condition: ") + (step.negated ? "nothing is forbidden here" : "the step is never taken"));
    } else {
      problems.warning(step.condition->place, "W201", std::string("rule `") + rule.name + "` can never fire: no event fulfils this condition");
    }
  }
  if (!rule.pattern->where) return;
  const Truth truth = decidable.truth(*rule.pattern->where);
  if (truth == Truth::never && !rule.fire_if_missing) {
    problems.warning(rule.pattern->where->place, "W201", std::string("rule `") + rule.name + "` can never fire: no run fulfils this condition");
  } else if (truth == Truth::always && !decidable.can_be_missing(*rule.pattern->where)) {
    problems.warning(rule.pattern->where->place, "W202", "this condition is always true: no run is left out; leave it out");
  }
}

void warn_decided(const Pipeline& pipeline, Problems& problems) {
  const Decidable decidable(pipeline);
  for (const Rule& rule : pipeline.rules) {
    if (rule.when) warn_decided(rule, decidable, problems);
    if (rule.pattern) warn_decided_steps(rule, decidable, problems);
  }
}

// --- Values compared with a window that contains them ---

// Would the event's own value, being in the window, blunt this comparison? `amount = max(amount ..)` asks for a new largest, on purpose.
bool is_blunted(AggregateKind kind, Op op) {
  switch (kind) {
    case AggregateKind::avg:
    case AggregateKind::median:
    case AggregateKind::percentile:
    case AggregateKind::ewma:
    case AggregateKind::last: return true;
    case AggregateKind::min:
    case AggregateKind::max: return op == Op::less || op == Op::greater || op == Op::not_equal;
    default: return false;
  }
}

// Windows that contain what they are compared with, behind lets as well. What the lets hold is found once for each question.
class SelfComparisons {
 public:
  explicit SelfComparisons(const Pipeline& pipeline) : pipeline_(pipeline) {}

  // The first of them, or null. `field`: canonical text of what is compared.
  const Aggregate* containing(const Expr& side, const std::string& field, Op op, const Rule& rule) {
    const bool needs_lets = reads_lets(side);
    std::string question = field + (is_blunted(AggregateKind::max, op) ? "|strict" : "|") + '|';
    for (const std::uint16_t event : rule.on) question.append(std::to_string(event)).append(1, ' ');
    const auto [known, fresh] = by_let_.try_emplace(std::move(question));
    std::vector<const Aggregate*>& lets = known->second;
    if (needs_lets && lets.empty()) {
      lets.resize(pipeline_.lets.size());
      for (const std::size_t index : pipeline_.let_order) {  // a let comes after those it uses
        if (pipeline_.lets[index].expr) lets[index] = first(*pipeline_.lets[index].expr, field, op, rule, lets);
      }
    }
    return first(side, field, op, rule, lets);
  }

 private:
  static bool reads_lets(const Expr& expr) {
    return expr.op == Op::let || std::any_of(expr.args.begin(), expr.args.end(), [](const auto& arg) { return reads_lets(*arg); });
  }

  static const Aggregate* first(const Expr& expr, const std::string& field, Op op, const Rule& rule, const std::vector<const Aggregate*>& lets) {
    if (expr.op == Op::let) return lets[expr.index];
    if (expr.op == Op::aggregate && contains(*expr.aggregate, field, op, rule)) return expr.aggregate.get();
    for (const auto& arg : expr.args) {
      if (const Aggregate* found = first(*arg, field, op, rule, lets)) return found;
    }
    return nullptr;
  }

  static bool contains(const Aggregate& aggregate, const std::string& field, Op op, const Rule& rule) {
    if (aggregate.prior || aggregate.delay != 0 || aggregate.where || !is_blunted(aggregate.kind, op)) return false;
    const auto windowed = [&](std::uint16_t event) { return std::binary_search(aggregate.on.begin(), aggregate.on.end(), event); };
    return std::any_of(rule.on.begin(), rule.on.end(), windowed) && canonical(*aggregate.value) == field;
  }

  const Pipeline& pipeline_;
  std::map<std::string, std::vector<const Aggregate*>> by_let_;  // question -> answer of each let
};

void warn_self_comparison(const Expr& comparison, const Rule& rule, const Pipeline& pipeline, SelfComparisons& windows, Problems& problems) {
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    const Expr& value = *comparison.args[side];
    if (value.op != Op::field) continue;
    const Aggregate* window = windows.containing(*comparison.args[1 - side], canonical(value), comparison.op, rule);
    if (window == nullptr) continue;
    problems.warning(comparison.place, "W210",
                     "`" + value.name + "` is compared with `" + print(*window, pipeline) + "`, which contains it. Did you mean `prior " + print(*window, pipeline) + "`?");
    return;
  }
}

// --- Keys and scale-out ---

void note_partitions(const Pipeline& pipeline, Problems& problems) {
  std::vector<std::pair<std::set<std::string>, Place>> keys;  // each key once, where it stands first
  for_each(pipeline, [&](const Expr& expr) {
    if (expr.op != Op::aggregate || keys.size() >= keys_compared_max) return;
    std::set<std::string> key(expr.aggregate->key.begin(), expr.aggregate->key.end());
    const auto same = [&](const auto& known) { return known.first == key; };
    if (std::none_of(keys.begin(), keys.end(), same)) keys.emplace_back(std::move(key), expr.place);
  });
  const auto offends = [](const std::set<std::string>& key, const std::set<std::string>& partition) {
    return partition.empty() || !std::includes(key.begin(), key.end(), partition.begin(), partition.end());
  };
  const auto offenders = [&](const std::set<std::string>& partition) {
    return std::count_if(keys.begin(), keys.end(), [&](const auto& key) { return offends(key.first, partition); });
  };
  const auto best = std::min_element(keys.begin(), keys.end(), [&](const auto& a, const auto& b) { return offenders(a.first) < offenders(b.first); });
  if (best == keys.end() || offenders(best->first) == 0) return;
  const auto spelled = [](const std::set<std::string>& key) { return print_key({key.begin(), key.end()}); };
  for (const auto& [key, place] : keys) {
    if (!offends(key, best->first)) continue;
    const std::string part = best->first.empty() ? "whatever the log is partitioned by" : std::string("if the log is partitioned by ") + spelled(best->first);
    problems.note(place, "I320", std::string("windows per ") + spelled(key) + " cannot be scaled out exactly " + part + ": they need events of several partitions");
  }
}

}  // namespace

void lint_comparisons(const Pipeline& pipeline, Problems& problems) {
  SelfComparisons windows(pipeline);
  for (const Rule& rule : pipeline.rules) {
    for_each(rule, [&](const Expr& expr) {
      if (is_comparison(expr.op)) warn_self_comparison(expr, rule, pipeline, windows, problems);
    });
  }
}

void lint(const Pipeline& pipeline, Problems& problems) {
  warn_decided(pipeline, problems);
  note_partitions(pipeline, problems);
}

}  // namespace pawl::language
