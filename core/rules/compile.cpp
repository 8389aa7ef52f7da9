// From typed trees to one straight program. Equal expressions share a register wherever they stand in the file (hash-consing by
// canonical text), so the cost of a pipeline is that of its distinct sub-expressions.
#include <bit>
#include <map>
#include <optional>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/schema.hpp"
#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {
namespace {

using language::Expr;
using language::Op;
using language::Pipeline;

constexpr std::size_t registers_max = 60'000;  // operands are 16 bits

class Compiler {
 public:
  explicit Compiler(const Pipeline& pipeline) : pipeline_(pipeline) { plan_.pipeline = &pipeline; }

  Plan run() {
    for (std::size_t i = 0; i < pipeline_.lets.size(); ++i) plan_.lets.push_back({.let = i, .evaluated = false, .value = {}});
    for (const std::size_t i : pipeline_.let_order) compile_let(i);
    for (std::size_t i = 0; i < pipeline_.rules.size(); ++i) compile_rule(i);
    return std::move(plan_);
  }

 private:
  void compile_let(std::size_t index) {
    const language::Let& let = pipeline_.lets[index];
    if (!let.not_evaluated.empty()) return;
    why_not_.clear();
    if (const auto value = compile(*let.expr)) {
      plan_.lets[index].value = *value;
      plan_.lets[index].evaluated = true;
    } else {
      plan_.not_evaluated.push_back("let " + let.name + ": " + why_not_);
    }
  }

  void compile_rule(std::size_t index) {
    const language::Rule& rule = pipeline_.rules[index];
    RulePlan planned;
    planned.rule = index;
    planned.shadow = rule.mode == language::RuleMode::shadow;
    planned.fire_if_missing = rule.fire_if_missing;
    why_not_.clear();
    if (rule.not_evaluated.empty() && rule.mode != language::RuleMode::off && rule.when != nullptr) {
      planned.evaluated = compile_body(rule, planned);
      if (!planned.evaluated) plan_.not_evaluated.push_back("rule " + rule.name + ": " + why_not_);
    }
    plan_.rules.push_back(std::move(planned));
  }

  bool compile_body(const language::Rule& rule, RulePlan& planned) {
    const auto when = compile(*rule.when);
    if (!when) return false;
    PAWL_ASSERT(when->kind == ColumnKind::boolean);
    planned.when = *when;
    for (const language::Action& action : rule.actions) {
      if (action.kind != language::ActionKind::score) continue;
      if (action.expr->op == Op::literal && !action.expr->type.ratio) {
        planned.scores.push_back({.value = {}, .is_constant = true, .constant = action.expr->value.number});
        continue;
      }
      const auto score = compile(*action.expr);
      if (!score) return false;
      if (score->kind != ColumnKind::number) return refuse("a score that is not a whole number"), false;
      planned.scores.push_back({.value = *score});
    }
    return true;
  }

  std::optional<Register> refuse(std::string reason) {
    if (why_not_.empty()) why_not_ = std::move(reason);
    return std::nullopt;
  }

  // The register that holds the expression's value in every lane, or nothing and why_not_.
  std::optional<Register> compile(const Expr& expr) {
    if (expr.op == Op::let) return compile_let_reference(expr);
    const std::string key = language::canonical(expr) + (expr.type.ratio ? "|r" : "|n");
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    const auto made = compile_new(expr);
    if (made) known_.emplace(key, *made);
    return made;
  }

  std::optional<Register> compile_let_reference(const Expr& expr) {
    const LetPlan& let = plan_.lets[expr.index];
    if (!let.evaluated) return refuse("it uses let " + pipeline_.lets[expr.index].name + ", which is not evaluated");
    return let.value;
  }

  std::optional<Register> compile_new(const Expr& expr) {
    switch (expr.op) {
      case Op::literal: return constant(expr);
      case Op::field: return field(expr);
      case Op::aggregate: return feature(expr);
      case Op::logical_and: return booleans(Code::logical_and, expr);
      case Op::logical_or: return booleans(Code::logical_or, expr);
      case Op::logical_not: return inverted(compile(*expr.args[0]));
      case Op::equal:
      case Op::not_equal:
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal: return comparison(expr.op, *expr.args[0], *expr.args[1]);
      case Op::add:
      case Op::subtract:
      case Op::multiply:
      case Op::divide:
      case Op::modulo: return arithmetic(expr);
      case Op::negate: return unary(expr, is_float(expr) ? Code::float_negate : Code::negate, Code::ratio_negate);
      case Op::otherwise: return merged(expr, {Code::number_otherwise, Code::ratio_otherwise, Code::boolean_otherwise}, std::nullopt, 0);
      case Op::choose: return choice(expr);
      case Op::in_set: return membership(expr);
      case Op::between: return range(expr);
      case Op::is_missing: return missing(*expr.args[0]);
      case Op::starts_with: return text_test(Code::text_starts_with, *expr.args[0], {&expr.value.text, 1});
      case Op::call: return call(expr);
      case Op::let: return compile_let_reference(expr);
      case Op::model: return model(expr);
      case Op::binding:
      case Op::in_list:
      case Op::matches:
      case Op::map_lookup: return refuse("lists, maps, patterns and `matches` come in a later release");
    }
    return refuse("unknown operation");
  }

  // --- registers and instructions ---

  std::optional<Register> allocate(ColumnKind kind) {
    Program& program = plan_.program;
    std::size_t& count = kind == ColumnKind::number ? program.numbers : kind == ColumnKind::ratio ? program.ratios : program.booleans;
    if (count >= registers_max) return refuse("the pipeline is too large");
    return Register{kind, static_cast<std::uint16_t>(count++)};
  }

  std::optional<Register> emit(ColumnKind kind, Instruction instruction) {
    const auto out = allocate(kind);
    if (!out) return std::nullopt;
    instruction.out = out->index;
    plan_.program.instructions.push_back(instruction);
    return out;
  }

  std::optional<Register> emit2(ColumnKind kind, Code code, std::optional<Register> a, std::optional<Register> b) {
    if (!a || !b) return std::nullopt;
    return emit(kind, {.code = code, .a = a->index, .b = b->index});
  }

  std::optional<Register> constant_of(ColumnKind kind, std::int64_t number, std::int64_t denominator) {
    const auto out = allocate(kind);
    if (out) plan_.program.constants.push_back({*out, number, denominator});
    return out;
  }

  std::optional<Register> as_ratio(std::optional<Register> value) {
    if (!value || value->kind == ColumnKind::ratio) return value;
    PAWL_ASSERT(value->kind == ColumnKind::number);
    if (const auto known = ratios_of_.find(value->index); known != ratios_of_.end()) return known->second;
    const auto made = emit(ColumnKind::ratio, {.code = Code::to_ratio, .a = value->index});
    if (made) ratios_of_.emplace(value->index, *made);
    return made;
  }

  // --- leaves ---

  std::optional<Register> constant(const Expr& expr) {
    if (expr.type.kind == Kind::text) return refuse("a text constant outside of a comparison");
    if (expr.type.kind == Kind::floating) return constant_of(ColumnKind::number, std::bit_cast<std::int64_t>(expr.value.floating), 1);
    const ColumnKind kind = expr.type.ratio ? ColumnKind::ratio : expr.type.kind == Kind::boolean ? ColumnKind::boolean : ColumnKind::number;
    return constant_of(kind, expr.value.number, expr.value.denominator);
  }

  std::uint16_t access(const std::string& name, Kind kind) {
    for (std::size_t i = 0; i < plan_.program.fields.size(); ++i) {
      if (plan_.program.fields[i].name == name && plan_.program.fields[i].kind == kind) return static_cast<std::uint16_t>(i);
    }
    FieldAccess made{.name = name, .kind = kind, .in = {}};
    for (const EventSchema& event : pipeline_.events) {
      const int index = event.find(name);
      const bool same_kind = index >= 0 && event.fields[static_cast<std::size_t>(index)].type.kind == kind;
      made.in.push_back(place_of(event, same_kind ? index : -1));
    }
    plan_.program.fields.push_back(std::move(made));
    return static_cast<std::uint16_t>(plan_.program.fields.size() - 1);
  }

  std::optional<Register> field(const Expr& expr) {
    if (expr.name == "late_by") return emit(ColumnKind::number, {.code = Code::load_lateness});
    if (expr.type.kind == Kind::text) return refuse("a text field outside of a comparison");
    const std::uint16_t a = access(expr.name, expr.type.kind);
    if (expr.type.kind == Kind::boolean) return emit(ColumnKind::boolean, {.code = Code::load_boolean, .a = a});
    return emit(ColumnKind::number, {.code = Code::load_number, .a = a});
  }

  std::optional<Register> feature(const Expr& expr) {
    const std::string key = language::canonical(*expr.aggregate);
    auto known = features_.find(key);
    if (known == features_.end()) {
      known = features_.emplace(key, plan_.feature_columns).first;
      plan_.features.push_back({expr.aggregate.get(), expr.type, plan_.feature_columns});
      plan_.feature_columns += plan_.features.back().columns();
    }
    const auto column = static_cast<std::uint16_t>(known->second);
    if (expr.type.ratio) return emit(ColumnKind::ratio, {.code = Code::load_ratio_feature, .a = column});
    if (expr.type.kind == Kind::boolean) {  // the last truth of a key: 0 or 1
      return emit2(ColumnKind::boolean, Code::number_equal, emit(ColumnKind::number, {.code = Code::load_number_feature, .a = column}),
                   constant_of(ColumnKind::number, 1, 1));
    }
    return emit(ColumnKind::number, {.code = Code::load_number_feature, .a = column});
  }

  std::optional<Register> model(const Expr& expr) {
    const language::Model& model = pipeline_.models[expr.index];
    if (model.content == nullptr) return refuse("the file of model " + model.name + " was not read");
    ModelCall call{.model = model.content.get(), .inputs = {}, .events = model.readable_at};
    for (const auto& input : model.inputs) {
      const auto value = compile(*input);
      if (!value) return std::nullopt;
      const Type& type = input->type;
      const bool is_money = type.kind == Kind::money || type.kind == Kind::decimal;
      call.inputs.push_back({.value = *value, .is_float = is_float(*input), .scale = type.kind == Kind::duration ? 9U : is_money ? type.scale : 0U});
    }
    plan_.program.models.push_back(std::move(call));
    return emit(ColumnKind::number, {.code = Code::evaluate_model, .a = static_cast<std::uint16_t>(plan_.program.models.size() - 1)});
  }

  // --- booleans ---

  std::optional<Register> booleans(Code code, const Expr& expr) {
    return emit2(ColumnKind::boolean, code, compile(*expr.args[0]), compile(*expr.args[1]));
  }

  std::optional<Register> inverted(std::optional<Register> value) {
    if (!value) return std::nullopt;
    return emit(ColumnKind::boolean, {.code = Code::logical_not, .a = value->index});
  }

  std::optional<Register> comparison(Op op, const Expr& left, const Expr& right) {
    if (left.type.kind == Kind::text) return text_comparison(op, left, right);
    auto a = compile(left);
    auto b = compile(right);
    if (!a || !b) return std::nullopt;
    if (op == Op::greater || op == Op::greater_equal) std::swap(a, b);
    const bool equality = op == Op::equal || op == Op::not_equal;
    const bool strict = op == Op::less || op == Op::greater;
    std::optional<Register> out;
    if (left.type.kind == Kind::floating) {
      out = emit2(ColumnKind::boolean, equality ? Code::float_equal : strict ? Code::float_less : Code::float_less_equal, a, b);
    } else if (a->kind == ColumnKind::boolean) {
      if (!equality) return refuse("an order of booleans");
      out = emit2(ColumnKind::boolean, Code::boolean_equal, a, b);
    } else if (a->kind == ColumnKind::ratio || b->kind == ColumnKind::ratio) {
      out = emit2(ColumnKind::boolean, equality ? Code::ratio_equal : strict ? Code::ratio_less : Code::ratio_less_equal, as_ratio(a), as_ratio(b));
    } else {
      out = emit2(ColumnKind::boolean, equality ? Code::number_equal : strict ? Code::number_less : Code::number_less_equal, a, b);
    }
    return op == Op::not_equal ? inverted(out) : out;
  }

  std::optional<Register> text_comparison(Op op, const Expr& left, const Expr& right) {
    switch (op) {
      case Op::less: return text_order(true, left, right);
      case Op::less_equal: return text_order(false, left, right);
      case Op::greater: return text_order(true, right, left);
      case Op::greater_equal: return text_order(false, right, left);
      default: break;
    }
    std::optional<Register> out;
    if (left.op == Op::field && right.op == Op::field) {
      out = emit(ColumnKind::boolean, {.code = Code::text_equals_field, .a = access(left.name, Kind::text), .b = access(right.name, Kind::text)});
    } else if (right.op == Op::literal) {
      out = text_test(Code::text_in, left, {&right.value.text, 1});
    } else {
      out = text_test(Code::text_in, right, {&left.value.text, 1});
    }
    return op == Op::not_equal ? inverted(out) : out;
  }

  // low < high, or low <= high. A constant below a field is the contrary of the field below or at the constant.
  std::optional<Register> text_order(bool strict, const Expr& low, const Expr& high) {
    if (low.op == Op::field && high.op == Op::field) {
      return emit(ColumnKind::boolean, {.code = strict ? Code::text_less_field : Code::text_less_equal_field, .a = access(low.name, Kind::text), .b = access(high.name, Kind::text)});
    }
    if (high.op == Op::literal) return text_test(strict ? Code::text_less : Code::text_less_equal, low, {&high.value.text, 1});
    if (low.op == Op::literal) return inverted(text_test(strict ? Code::text_less_equal : Code::text_less, high, {&low.value.text, 1}));
    return refuse("a computed text");
  }

  std::optional<Register> text_test(Code code, const Expr& text, std::span<const std::string> constants) {
    if (text.op != Op::field) return refuse("a computed text");
    const auto first = static_cast<std::int64_t>(plan_.program.texts.size());
    plan_.program.texts.insert(plan_.program.texts.end(), constants.begin(), constants.end());
    return emit(ColumnKind::boolean, {.code = code, .a = access(text.name, Kind::text), .c = static_cast<std::uint16_t>(constants.size()), .aux = first});
  }

  std::optional<Register> membership(const Expr& expr) {
    if (expr.args[0]->type.kind == Kind::text) {
      std::vector<std::string> texts;
      for (std::size_t i = 1; i < expr.args.size(); ++i) texts.push_back(expr.args[i]->value.text);
      return text_test(Code::text_in, *expr.args[0], texts);
    }
    std::optional<Register> out;
    for (std::size_t i = 1; i < expr.args.size(); ++i) {
      const auto one = comparison(Op::equal, *expr.args[0], *expr.args[i]);
      out = i == 1 ? one : emit2(ColumnKind::boolean, Code::logical_or, out, one);
      if (!out) return std::nullopt;
    }
    return out;
  }

  std::optional<Register> range(const Expr& expr) {
    return emit2(ColumnKind::boolean, Code::logical_and, comparison(Op::less_equal, *expr.args[1], *expr.args[0]),
                 comparison(Op::less_equal, *expr.args[0], *expr.args[2]));
  }

  std::optional<Register> missing(const Expr& value) {
    if (value.type.kind == Kind::text) {
      if (value.op != Op::field) return refuse("a computed text");
      return inverted(emit(ColumnKind::boolean, {.code = Code::text_present, .a = access(value.name, Kind::text)}));
    }
    const auto of = compile(value);
    if (!of) return std::nullopt;
    const Code code = of->kind == ColumnKind::number ? Code::number_present
                      : of->kind == ColumnKind::ratio ? Code::ratio_present : Code::boolean_present;
    return inverted(emit(ColumnKind::boolean, {.code = code, .a = of->index}));
  }

  // --- numbers and ratios ---

  static bool is_float(const Expr& expr) { return expr.type.kind == Kind::floating; }

  std::optional<Register> unary(const Expr& expr, Code number, Code ratio) {
    const auto of = compile(*expr.args[0]);
    if (!of) return std::nullopt;
    return emit(of->kind, {.code = of->kind == ColumnKind::ratio ? ratio : number, .a = of->index});
  }

  std::optional<Register> binary(std::optional<Register> a, std::optional<Register> b, Code number, Code ratio) {
    if (!a || !b) return std::nullopt;
    if (a->kind == ColumnKind::ratio || b->kind == ColumnKind::ratio) return emit2(ColumnKind::ratio, ratio, as_ratio(a), as_ratio(b));
    return emit2(ColumnKind::number, number, a, b);
  }

  std::optional<Register> arithmetic(const Expr& expr) {
    const auto a = compile(*expr.args[0]);
    const auto b = compile(*expr.args[1]);
    if (!a || !b) return std::nullopt;
    if (expr.type.kind == Kind::floating) return float_arithmetic(expr.op, a, b);
    switch (expr.op) {
      case Op::add: return binary(a, b, Code::add, Code::ratio_add);
      case Op::subtract: return binary(a, b, Code::subtract, Code::ratio_subtract);
      case Op::multiply: return binary(a, b, Code::multiply, Code::ratio_multiply);
      case Op::modulo:
        if (a->kind == ColumnKind::ratio || b->kind == ColumnKind::ratio) return refuse("the remainder of a fraction");
        return emit2(ColumnKind::number, Code::modulo, a, b);
      default: break;
    }
    PAWL_ASSERT(expr.op == Op::divide);
    if (a->kind == ColumnKind::number && b->kind == ColumnKind::number) return emit2(ColumnKind::ratio, Code::divide_numbers, a, b);
    return emit2(ColumnKind::ratio, Code::ratio_divide, as_ratio(a), as_ratio(b));
  }

  std::optional<Register> float_arithmetic(Op op, std::optional<Register> a, std::optional<Register> b) {
    switch (op) {
      case Op::add: return emit2(ColumnKind::number, Code::float_add, a, b);
      case Op::subtract: return emit2(ColumnKind::number, Code::float_subtract, a, b);
      case Op::multiply: return emit2(ColumnKind::number, Code::float_multiply, a, b);
      default: PAWL_ASSERT(op == Op::divide); return emit2(ColumnKind::number, Code::float_divide, a, b);
    }
  }

  struct CodeByKind { Code number, ratio, boolean; };

  // Two arguments, from args[first] on, merged into one value of their common kind; `condition` is a third operand.
  std::optional<Register> merged(const Expr& expr, CodeByKind codes, std::optional<Register> condition, std::size_t first) {
    auto a = compile(*expr.args[first]);
    auto b = compile(*expr.args[first + 1]);
    if (!a || !b) return std::nullopt;
    if (a->kind != b->kind) { a = as_ratio(a); b = as_ratio(b); }
    if (!a || !b) return std::nullopt;
    const Code code = a->kind == ColumnKind::number ? codes.number : a->kind == ColumnKind::ratio ? codes.ratio : codes.boolean;
    if (!condition) return emit(a->kind, {.code = code, .a = a->index, .b = b->index});
    return emit(a->kind, {.code = code, .a = condition->index, .b = a->index, .c = b->index});
  }

  std::optional<Register> choice(const Expr& expr) {
    if (expr.type.kind == Kind::text) return refuse("a computed text");
    const auto condition = compile(*expr.args[0]);
    if (!condition) return std::nullopt;
    return merged(expr, {Code::number_choose, Code::ratio_choose, Code::boolean_choose}, condition, 1);
  }

  std::optional<Register> call(const Expr& expr) {
    if (expr.name == "abs") return unary(expr, is_float(expr) ? Code::float_absolute : Code::absolute, Code::ratio_absolute);
    if (expr.name == "min2") return binary(compile(*expr.args[0]), compile(*expr.args[1]), is_float(expr) ? Code::float_minimum : Code::minimum, Code::ratio_minimum);
    if (expr.name == "max2") return binary(compile(*expr.args[0]), compile(*expr.args[1]), is_float(expr) ? Code::float_maximum : Code::maximum, Code::ratio_maximum);
    if (expr.name == "hour_of") return unary(expr, Code::hour_of_day, Code::hour_of_day);
    if (expr.name == "weekday_of") return unary(expr, Code::day_of_week, Code::day_of_week);
    if (expr.name == "hours") return scaled(*expr.args[0], 3600 * one_second);
    if (expr.name == "minutes") return scaled(*expr.args[0], 60 * one_second);
    return refuse("`" + expr.name + "` comes in a later release");
  }

  std::optional<Register> scaled(const Expr& value, std::int64_t divisor) {
    return emit2(ColumnKind::ratio, Code::ratio_multiply, as_ratio(compile(value)), constant_of(ColumnKind::ratio, 1, divisor));
  }

  const Pipeline& pipeline_;
  Plan plan_;
  std::string why_not_;  // why the expression at hand has no program; set where compile returns nothing
  std::map<std::string, Register> known_;
  std::map<std::string, std::uint32_t> features_;
  std::map<std::uint16_t, Register> ratios_of_;
};

}  // namespace

Plan make_plan(const Pipeline& pipeline) { return Compiler(pipeline).run(); }

}  // namespace pawl::rules
