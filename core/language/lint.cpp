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

constexpr int lets_compared_max = 8;       // a chain of lets behind a comparison
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
  explicit Decidable(const Pipeline& pipeline) : lets_(pipeline.lets.size()) {
    for (const std::size_t index : pipeline.let_order) lets_[index] = range_of(*pipeline.lets[index].expr);
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
};

void warn_decided(const Pipeline& pipeline, Problems& problems) {
  const Decidable decidable(pipeline);
  for (const Rule& rule : pipeline.rules) {
    if (!rule.when || rule.fire_if_missing) continue;
    const Truth truth = decidable.truth(*rule.when);
    if (truth == Truth::never) {
      problems.warning(rule.when->place, "W201", std::string("rule `") + rule.name + "` can never fire: no event fulfils this condition");
    } else if (truth == Truth::always) {
      problems.warning(rule.when->place, "W202", std::string("rule `") + rule.name + "` fires on every event: this condition is always true");
    }
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

const Aggregate* containing(const Expr& side, const std::string& field, Op op, const Rule& rule, const Pipeline& pipeline, int lets_left) {
  const Aggregate* found = nullptr;
  for_each(side, [&](const Expr& expr) {
    if (found != nullptr) return;
    if (expr.op == Op::let && lets_left > 0) found = containing(*pipeline.lets[expr.index].expr, field, op, rule, pipeline, lets_left - 1);
    if (expr.op != Op::aggregate) return;
    const Aggregate& aggregate = *expr.aggregate;
    const bool itself = !aggregate.prior && aggregate.delay == 0 && !aggregate.where && is_blunted(aggregate.kind, op);
    const auto windowed = [&](std::uint16_t event) { return std::binary_search(aggregate.on.begin(), aggregate.on.end(), event); };
    if (itself && std::any_of(rule.on.begin(), rule.on.end(), windowed) && canonical(*aggregate.value) == field) found = &aggregate;
  });
  return found;
}

void warn_self_comparison(const Expr& comparison, const Rule& rule, const Pipeline& pipeline, Problems& problems) {
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    const Expr& value = *comparison.args[side];
    if (value.op != Op::field) continue;
    const Aggregate* window = containing(*comparison.args[1 - side], canonical(value), comparison.op, rule, pipeline, lets_compared_max);
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
  for (const Rule& rule : pipeline.rules) {
    for_each(rule, [&](const Expr& expr) {
      if (is_comparison(expr.op)) warn_self_comparison(expr, rule, pipeline, problems);
    });
  }
}

void lint(const Pipeline& pipeline, Problems& problems) {
  warn_decided(pipeline, problems);
  note_partitions(pipeline, problems);
}

}  // namespace pawl::language
