// From a checked pattern to its tables.
#include <algorithm>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/pattern/plan.hpp"

namespace pawl::pattern {
namespace {

using language::Expr;
using language::Op;
using language::Step;

constexpr std::size_t capture_bytes_max = 16 * 1024;  // offsets are 16 bits

class Compiler {
 public:
  Compiler(const language::Pipeline& pipeline, std::size_t rule, const ColumnOf& column, std::string& why)
      : pipeline_(pipeline), rule_(pipeline.rules[rule]), pattern_(*rule_.pattern), column_(column), why_(why) {
    plan_.rule = rule;
  }

  std::optional<PatternPlan> run() {
    if (pattern_.steps.size() > steps_max) return why_ = "it has more than 32 steps", std::nullopt;
    plan_.within = pattern_.within;
    plan_.limit = static_cast<std::uint32_t>(pattern_.limit);
    plan_.skip_to_next = pattern_.skip_to_next;
    plan_.fire_if_missing = rule_.fire_if_missing;
    if (language::is_timed(pattern_)) {
      plan_.end = bit(pattern_.steps.size() - 1);
      plan_.wait = pattern_.steps.back().wait;
    }
    collect_captures();
    if (bits_ > valid_bits) return why_ = "it reads too many fields of its steps", std::nullopt;
    for (std::size_t i = 0; i < pattern_.steps.size(); ++i) {
      if (!add_step(i)) return std::nullopt;
    }
    if (pattern_.where && !(plan_.where = formula(*pattern_.where, plan_.end != 0))) return std::nullopt;
    if (!add_outputs()) return std::nullopt;
    remember_last_event();
    return std::move(plan_);
  }

 private:
  // --- captures ---

  struct Wanted {
    std::size_t step;
    std::string member;  // empty: the events as such
    CaptureKind kind;
  };

  void collect_captures() {
    for (const Step& step : pattern_.steps) {
      if (step.condition) collect(*step.condition);
    }
    if (pattern_.where) collect(*pattern_.where);
    each_output([&](const Expr& expr) { collect(expr); return true; });
    const bool has_id = plan_.end != 0 && pipeline_.events[pattern_.steps.front().event].find("id") >= 0;
    if (has_id) want(0, "id", CaptureKind::first);
    std::stable_sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) { return a.step < b.step; });
    for (const Wanted& wanted : wanted_) lay_out(wanted);
    if (has_id) plan_.id = static_cast<std::uint16_t>(index_of(0, "id", CaptureKind::first));
  }

  void collect(const Expr& expr) {
    if (language::is_over_repeated(expr)) return collect_over_repeated(expr);
    if (expr.op == Op::binding) want(expr, CaptureKind::last);
    for (const auto& arg : expr.args) collect(*arg);
  }

  void collect_over_repeated(const Expr& call) {
    const Expr& binding = *call.args[0];
    if (call.name == "count") return want(binding, binding.member.empty() ? CaptureKind::events : CaptureKind::values);
    if (call.name == "avg" || call.name == "share") want(binding, CaptureKind::values);
    want(binding, kind_of(call.name));
  }

  static CaptureKind kind_of(const std::string& call) {
    if (call == "first") return CaptureKind::first;
    if (call == "last") return CaptureKind::last;
    if (call == "min") return CaptureKind::minimum;
    if (call == "max") return CaptureKind::maximum;
    return CaptureKind::sum;
  }

  std::size_t step_named(const std::string& name) const {
    const auto found = std::find_if(pattern_.steps.begin(), pattern_.steps.end(), [&](const Step& step) { return step.name == name; });
    PAWL_ASSERT(found != pattern_.steps.end());
    return static_cast<std::size_t>(found - pattern_.steps.begin());
  }

  void want(const Expr& binding, CaptureKind kind) { want(step_named(binding.name), binding.member, kind); }
  void want(std::size_t step, const std::string& member, CaptureKind kind) {
    if (index_of(step, member, kind) == wanted_.size()) wanted_.push_back({step, member, kind});
  }
  [[nodiscard]] std::size_t index_of(std::size_t step, const std::string& member, CaptureKind kind) const {
    const auto found = std::find_if(wanted_.begin(), wanted_.end(), [&](const Wanted& w) { return w.step == step && w.member == member && w.kind == kind; });
    return static_cast<std::size_t>(found - wanted_.begin());
  }

  void lay_out(const Wanted& wanted) {
    const EventSchema& schema = pipeline_.events[pattern_.steps[wanted.step].event];
    const int field = wanted.member.empty() ? -1 : schema.find(wanted.member);
    Capture made;
    made.kind = wanted.kind;
    made.lateness = field < 0 && !wanted.member.empty();
    const Kind kind = field >= 0 ? schema.fields[static_cast<std::size_t>(field)].type.kind : Kind::duration;
    made.text = kind == Kind::text;
    made.floating = kind == Kind::floating;
    made.place = rules::place_of(schema, field);
    made.offset = static_cast<std::uint16_t>(plan_.capture_bytes);
    const bool can_be_missing = wanted.kind != CaptureKind::events && wanted.kind != CaptureKind::values && wanted.kind != CaptureKind::sum;
    if (can_be_missing) made.bit = static_cast<std::uint8_t>(std::min(bits_++, valid_bits));
    plan_.capture_bytes += capture_bytes(made);
    plan_.captures.push_back(made);
  }

  // REQUIRES: it was collected.
  const Capture& capture_of(const Expr& binding, CaptureKind kind) const {
    const std::size_t index = index_of(step_named(binding.name), binding.member, kind);
    PAWL_ASSERT(index < plan_.captures.size());
    return plan_.captures[index];
  }

  std::optional<Captured> captured(const Expr& expr) {
    const Expr& binding = expr.op == Op::binding ? expr : *expr.args[0];
    if (plan_.capture_bytes > capture_bytes_max) return why_ = "it reads too many fields of its steps", std::nullopt;
    if (expr.op != Op::binding && expr.name == "count") {
      return Captured{.as = Captured::As::count, .offset = capture_of(binding, binding.member.empty() ? CaptureKind::events : CaptureKind::values).offset};
    }
    const Capture& capture = capture_of(binding, expr.op == Op::binding ? CaptureKind::last : kind_of(expr.name));
    Captured made{.as = Captured::As::number, .offset = capture.offset, .text_bytes = static_cast<std::uint16_t>(capture.text ? capture.place.bytes : 0), .bit = capture.bit};
    if (capture.text) made.as = Captured::As::text;
    const bool averages = capture.kind == CaptureKind::sum && expr.name != "sum";
    if (capture.kind == CaptureKind::sum && capture.floating) made.as = averages ? Captured::As::float_average : Captured::As::float_sum;
    else if (capture.kind == CaptureKind::sum) made.as = averages ? Captured::As::average : Captured::As::sum;
    if (averages) made.count_offset = capture_of(binding, CaptureKind::values).offset;
    return made;
  }

  // --- steps ---

  bool add_step(std::size_t index) {
    const Step& step = pattern_.steps[index];
    StepPlan made;
    made.event = step.event;
    made.at_least = static_cast<std::uint32_t>(step.at_least);
    made.at_most = step.at_most < 0 ? UINT32_MAX : static_cast<std::uint32_t>(step.at_most);
    if (step.condition && !add_condition(*step.condition, made)) return false;
    if (step.immediately && !step.negated) plan_.strict |= bit(index);
    if (!step.negated) add_ways(index, made);
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (wanted_[i].step != index) continue;
      if (made.captures++ == 0) made.first_capture = static_cast<std::uint16_t>(i);
    }
    plan_.steps.push_back(std::move(made));
    return true;
  }

  void remember_last_event() {
    const auto asks = [this](auto asked) {
      return std::any_of(plan_.steps.begin(), plan_.steps.end(), [&](const StepPlan& step) { return std::any_of(step.negations.begin(), step.negations.end(), asked); });
    };
    plan_.asks_next = asks([](const StepPlan::Negation& negation) { return negation.of_next; });
    if (!plan_.asks_next && !asks([](const StepPlan::Negation& negation) { return negation.wait != 0; })) return;
    plan_.last_event = static_cast<std::uint16_t>(plan_.capture_bytes);
    plan_.capture_bytes += 2 * sizeof(std::int64_t);
  }

  // Where a run may go from here, and what closes which of these ways.
  void add_ways(std::size_t index, StepPlan& made) const {
    const std::vector<Step>& steps = pattern_.steps;
    const auto is_needed = [](const Step& step) { return !step.negated && step.at_least > 0; };
    const auto rest = steps.begin() + static_cast<std::ptrdiff_t>(index) + 1;
    made.ends = plan_.end == 0 && std::none_of(rest, steps.end(), is_needed);
    for (std::size_t i = index + 1; i < steps.size(); ++i) {
      if (steps[i].negated) {
        const bool counts_to_deadline = i + 1 == steps.size();
        made.negations.push_back({.step = static_cast<std::uint16_t>(i), .closes = 0, .wait = counts_to_deadline ? 0 : steps[i].wait, .of_next = steps[i].immediately});
        continue;
      }
      made.next |= bit(i);
      for (StepPlan::Negation& negation : made.negations) negation.closes |= bit(i);
      if (steps[i].at_least > 0) return;
    }
    if (plan_.end == 0) return;
    made.next |= plan_.end;
    for (StepPlan::Negation& negation : made.negations) negation.closes |= plan_.end;
  }

  // Parts joined by `and`: all have to be true, so each can be asked where it is cheapest.
  bool add_condition(const Expr& condition, StepPlan& made) {
    if (condition.op == Op::logical_and) return add_condition(*condition.args[0], made) && add_condition(*condition.args[1], made);
    if (language::reads_steps(condition)) {
      auto bound = formula(condition, false);
      if (bound) made.bound.push_back(*std::move(bound));
      return bound.has_value();
    }
    const auto column = column_(condition);
    if (column) made.free.push_back(*column);
    return column.has_value();
  }

  // --- formulas ---

  std::optional<Formula> formula(const Expr& expr, bool of_deadline) {
    const FormulaSources sources{.column = column_, .captured = [this](const Expr& read) { return captured(read); }, .pipeline = &pipeline_, .of_deadline = of_deadline};
    return Formula::compile(expr, sources, why_);
  }

  // visit(expr) -> go on, for what actions and reasons compute of a match, in their order, then what explains it.
  template <class Visit>
  bool each_output(Visit visit) const {
    const auto visited = [&](const Expr* expr) { return expr == nullptr || !language::is_of_match(pattern_, *expr) || visit(*expr); };
    for (const language::Action& action : rule_.actions) {
      if (!visited(action.expr.get())) return false;
    }
    for (const language::Reason& reason : rule_.reasons) {
      if (!std::all_of(reason.exprs.begin(), reason.exprs.end(), [&](const auto& hole) { return visited(hole.get()); })) return false;
    }
    return language::each_value_of_steps(pattern_, visit);
  }

  bool add_outputs() {
    return each_output([&](const Expr& expr) {
      auto made = formula(expr, plan_.end != 0);
      if (made) plan_.outputs.push_back({*std::move(made), {}});
      return made.has_value();
    });
  }

  const language::Pipeline& pipeline_;
  const language::Rule& rule_;
  const language::Pattern& pattern_;
  const ColumnOf& column_;
  std::string& why_;
  PatternPlan plan_;
  std::vector<Wanted> wanted_;  // in the order of plan_.captures
  std::size_t bits_ = 0;
};

}  // namespace

std::optional<PatternPlan> make_pattern(const language::Pipeline& pipeline, std::size_t rule, const ColumnOf& column, std::string& why) {
  return Compiler(pipeline, rule, column, why).run();
}

}  // namespace pawl::pattern
