// From typed trees to one straight program. Equal expressions share a register wherever they stand in the file (hash-consing by
// canonical text), so the cost of a pipeline is that of its distinct sub-expressions.
#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/schema.hpp"
#include "pawl/core/language/print.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/rules/event_key.hpp"
#include "pawl/core/rules/model_reasons.hpp"
#include "pawl/core/rules/number_compiler.hpp"
#include "pawl/core/rules/plan.hpp"
#include "pawl/core/rules/plan_parts.hpp"
#include "pawl/core/rules/plan_without.hpp"
#include "pawl/core/rules/share.hpp"
#include "pawl/core/rules/text_compiler.hpp"

namespace pawl::rules {
namespace {

using language::Expr;
using language::Op;
using language::Pipeline;

constexpr std::size_t registers_max = 60'000;  // operands are 16 bits
constexpr std::size_t compared_members_max = 8;  // of a set of numbers; in a larger one each lane's number is searched

class Compiler : private TextCompiler<Compiler>, private NumberCompiler<Compiler> {
  friend TextCompiler<Compiler>;
  friend NumberCompiler<Compiler>;

 public:
  // `without`: a rule that is taken for off; null: none.
  Compiler(const Pipeline& pipeline, const language::Rule* without) : pipeline_(pipeline), without_(without) { plan_.pipeline = &pipeline; }

  Plan run() {
    for (std::size_t i = 0; i < pipeline_.lets.size(); ++i) plan_.lets.push_back({.let = i, .value = {}, .readable = readers_of(pipeline_.lets[i], pipeline_), .text = {}});
    lets_read_state_.resize(pipeline_.lets.size());
    for (const language::List& list : pipeline_.lists) plan_.lists.push_back(list_of(list));
    plan_.policy = plan_policy(pipeline_.policy);
    for (const std::size_t i : pipeline_.let_order) compile_let(i);
    for (std::size_t i = 0; i < pipeline_.rules.size(); ++i) compile_rule(i);
    // What depends on lists first: the second pass may need what the explaining part would compute.
    for (const bool explaining : {false, true}) {
      explaining_ = explaining;
      for (RulePlan& rule : plan_.rules) show(rule);
    }
    plan_.patterns.groups = pattern::make_groups(pipeline_, plan_.patterns.patterns);
    take_conditions(plan_);
    return std::move(plan_);
  }

 private:
  void compile_let(std::size_t index) {
    const language::Let& let = pipeline_.lets[index];
    lets_read_state_[index] = reads_state(*let.expr);
    if (!let.not_evaluated.empty()) return;
    why_not_.clear();
    LetPlan& planned = plan_.lets[index];
    const bool is_text = let.expr->type.kind == Kind::text;
    if (const auto value = is_text ? text_let(*let.expr, planned.text) : compile(*let.expr)) {
      planned.value = *value;
      planned.evaluated = true;
      planned.is_text = is_text;
      planned.bytes = std::max<std::size_t>(longest(planned.text, plan_.program), 1);
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
    if (rule.not_evaluated.empty() && rule.mode != language::RuleMode::off && &rule != without_) {
      planned.evaluated = rule.pattern ? compile_pattern(rule, planned) : compile_when(rule, planned);
      if (!planned.evaluated) plan_.not_evaluated.push_back("rule " + rule.name + ": " + why_not_);
    }
    plan_.rules.push_back(std::move(planned));
  }

  bool compile_when(const language::Rule& rule, RulePlan& planned) {
    const auto when = compile(*rule.when);
    if (!when) return false;
    PAWL_ASSERT(when->kind == ColumnKind::boolean);
    planned.when = *when;
    return compile_body(rule, planned);
  }

  bool compile_pattern(const language::Rule& rule, RulePlan& planned) {
    auto made = pattern::make_pattern(pipeline_, planned.rule, [this](const Expr& expr) { return compile_pattern_read(expr); }, why_not_);
    if (!made) return false;
    planned.has_pattern = true;
    pattern_ = &*made;
    next_output_ = 0;
    const bool whole = compile_body(rule, planned) && compile_holes(rule);
    pattern_ = nullptr;
    if (whole) plan_.patterns.patterns.push_back(*std::move(made));
    return whole;
  }

  std::optional<Register> compile_pattern_read(const Expr& expr) {
    const auto read = compile(expr);
    if (read) plan_.pattern_reads.push_back(*read);
    return read;
  }

  // What an action reads: of steps, a column that only a match writes.
  std::optional<Register> compile_read(const Expr& expr) {
    if (!is_of_match(expr)) return compile(expr);
    const auto to = allocate(expr.type.ratio ? ColumnKind::ratio : expr.type.kind == Kind::boolean ? ColumnKind::boolean : ColumnKind::number);
    if (to) pattern_->outputs[next_output_++].to = *to;
    return to;
  }

  // Of the rule at hand, if it has a pattern.
  [[nodiscard]] bool is_of_match(const Expr& expr) const { return pattern_ != nullptr && language::is_of_match(*pipeline_.rules[pattern_->rule].pattern, expr); }

  // The same of a text.
  std::optional<Operand> text_of_match(const Expr& expr) {
    if (plan_.program.texts_bytes.size() >= registers_max) return refuse("the pipeline is too large"), std::nullopt;
    const Register to{ColumnKind::text, static_cast<std::uint16_t>(plan_.program.texts_bytes.size())};
    plan_.program.texts_bytes.push_back(expr.type.text_bytes);
    pattern_->outputs[next_output_++].to = to;
    return Operand{.kind = Operand::Kind::text_field, .column = {}, .index = computed_text(plan_.program.fields, pipeline_.events, to.index, expr.type.text_bytes), .choices = {}};
  }

  bool compile_holes(const language::Rule& rule) {
    for (const language::Reason& reason : rule.reasons) {
      for (const auto& hole : reason.exprs) {
        if (!is_of_match(*hole)) continue;
        const auto made = operand(*hole);
        if (!made) return false;
        of_steps_.emplace(hole.get(), show_made(*hole, *made));
      }
    }
    return language::each_value_of_steps(*rule.pattern, [&](const Expr& value) {
      const auto made = operand(value);
      if (made) explained_[&rule].push_back(show_made(value, *made));
      return made.has_value();
    });
  }

  std::size_t show_made(const Expr& expr, const Operand& value) {
    plan_.shown.push_back({.text = language::print(expr, pipeline_), .type = expr.type, .labels = labels_of(expr), .known = true, .value = value, .bytes = longest(value, plan_.program)});
    return plan_.shown.size() - 1;
  }

  bool compile_body(const language::Rule& rule, RulePlan& planned) {
    planned.rank = plan_.policy.present ? best_rank(rule, plan_.policy) : no_rank;
    planned.share = share_of(rule);
    planned.cooldown = rule.cooldown;
    if (rule.cooldown != 0) planned.cooldown_key = plan_cooldown_key(rule, pipeline_, plan_.program);
    if (rule.pattern && language::is_timed(*rule.pattern)) take_from_key(rule, planned);
    for (const language::Action& action : rule.actions) {
      if (action.kind == language::ActionKind::add_to_list || action.kind == language::ActionKind::remove_from_list) {
        if (!compile_edit(action, planned)) return false;
      }
      if (action.kind != language::ActionKind::score) continue;
      if (action.expr->op == Op::literal && !action.expr->type.ratio) {
        planned.scores.push_back({.value = {}, .is_constant = true, .constant = action.expr->value.number});
        continue;
      }
      const auto score = compile_read(*action.expr);
      if (!score) return false;
      if (score->kind != ColumnKind::number) return refuse("a score that is not a whole number"), false;
      planned.scores.push_back({.value = *score});
    }
    return true;
  }

  // A deadline completes the pattern: there is its key, and no event.
  static void take_from_key(const language::Rule& rule, RulePlan& planned) {
    const std::vector<std::string>& key = rule.pattern->key;
    const auto part = [&](const std::string& name) { return static_cast<std::uint16_t>(std::find(key.begin(), key.end(), name) - key.begin()); };
    for (std::size_t i = 0; i < rule.cooldown_key.size(); ++i) planned.cooldown_key.parts[i].of_pattern = part(rule.cooldown_key[i]);
    if (planned.share.percent < 100) planned.share.of_pattern = part(rule.live_by);
  }

  // --- explanations ---

  void show(RulePlan& planned) {
    if (!planned.evaluated) return;
    const language::Rule& rule = pipeline_.rules[planned.rule];
    planned.values.clear();
    planned.holes.clear();
    if (rule.when) show_leaves(*rule.when, planned.values);
    if (rule.pattern) planned.values = explained_[&rule];
    if (rule.pattern && !rule.pattern->where && !language::is_timed(*rule.pattern)) {
      const language::Step& last = rule.pattern->steps[language::first_that_completes(*rule.pattern)];
      if (last.condition) show_leaves(*last.condition, planned.values);
    }
    for (const language::Reason& reason : rule.reasons) {
      std::vector<std::size_t>& holes = planned.holes.emplace_back();
      for (const auto& hole : reason.exprs) holes.push_back(shown(*hole));
    }
    planned.where_fired.clear();
    for (const auto& holes : planned.holes) {
      std::copy_if(holes.begin(), holes.end(), std::back_inserter(planned.where_fired), [&](std::size_t hole) { return plan_.shown[hole].value.kind == Operand::Kind::model_reasons; });
    }
    for (const language::Reason& reason : rule.reasons) {
      for (const auto& hole : reason.exprs) {
        if (const auto found = of_steps_.find(hole.get()); found != of_steps_.end()) planned.where_fired.push_back(found->second);
      }
    }
    if (rule.pattern) planned.where_fired.insert(planned.where_fired.end(), explained_[&rule].begin(), explained_[&rule].end());
  }

  void show_leaves(const Expr& expr, std::vector<std::size_t>& values) {
    if (expr.op == Op::field || expr.op == Op::let || expr.op == Op::aggregate || expr.op == Op::map_lookup) {
      const std::size_t value = shown(expr);
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
    for (const auto& arg : expr.args) show_leaves(*arg, values);
  }

  std::size_t shown(const Expr& expr) {
    if (const auto found = of_steps_.find(&expr); found != of_steps_.end()) return found->second;
    const auto [at, fresh] = shown_.try_emplace(shown_key(expr), plan_.shown.size());
    if (fresh) plan_.shown.push_back({.text = language::print(expr, pipeline_), .type = expr.type, .labels = labels_of(expr), .value = {}});
    ShownValue& value = plan_.shown[at->second];
    if (value.known || explaining_ == reads_state(expr)) return at->second;
    if (const auto found = operand(expr)) {
      value.known = true;
      value.value = *found;
      value.bytes = longest(*found, plan_.program);
    }
    return at->second;
  }

  // --- lists and cooldowns ---

  bool compile_edit(const language::Action& action, RulePlan& planned) {
    const auto value = operand(*action.expr);
    if (!value) return false;
    const Duration ttl = action.ttl != 0 ? action.ttl : pipeline_.lists[action.list].expires_after;
    planned.edits.push_back({.list = action.list, .add = action.kind == language::ActionKind::add_to_list, .ttl = ttl, .value = *value});
    return true;
  }

  std::optional<Operand> operand(const Expr& expr) {
    Operand value;
    if (expr.op == Op::call && expr.name == "reasons") {
      const auto score = compile(*expr.args[0]);
      if (!score) return std::nullopt;
      return Operand{.kind = Operand::Kind::model_reasons, .column = *score, .index = model_calls_.at(expr.args[0]->index), .choices = {}};
    }
    if (expr.type.kind != Kind::text) {
      const auto column = compile_read(expr);
      if (!column) return std::nullopt;
      value.column = *column;
      return value;
    }
    return is_of_match(expr) ? text_of_match(expr) : text_operand(expr);
  }

  std::optional<Register> list_membership(const Expr& expr) {
    if (expr.args[0]->type.kind == Kind::text) return text_in_list(*expr.args[0], operand_of(expr.index));
    const auto value = compile(*expr.args[0]);
    if (!value) return std::nullopt;
    const Code code = value->kind == ColumnKind::boolean ? Code::list_holds_boolean : Code::list_holds_number;
    return emit(ColumnKind::boolean, {.code = code, .a = value->index, .c = operand_of(expr.index)});
  }

  SharePlan share_of(const language::Rule& rule) {
    if (rule.mode != language::RuleMode::live_percent || rule.live_percent >= 100) return {};
    const EventSchema& schema = pipeline_.events[rule.on.front()];
    const Kind kind = schema.fields[static_cast<std::size_t>(schema.find(rule.live_by))].type.kind;
    return {.percent = static_cast<unsigned>(rule.live_percent), .field = access(rule.live_by, kind), .seed = share_seed(rule.name)};
  }

  // Whether its value can change by what a firing did: it asks a list.
  [[nodiscard]] bool reads_state(const Expr& expr) const {
    if (expr.op == Op::in_list) return true;
    if (expr.op == Op::let) return lets_read_state_[expr.index];
    if (expr.op == Op::model) {
      const auto& inputs = pipeline_.models[expr.index].inputs;
      return std::any_of(inputs.begin(), inputs.end(), [&](const auto& input) { return reads_state(*input); });
    }
    return std::any_of(expr.args.begin(), expr.args.end(), [&](const auto& arg) { return reads_state(*arg); });
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
    const bool outer = std::exchange(dependent_, reads_state(expr));
    const auto made = compile_new(expr);
    dependent_ = outer;
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
      case Op::matches: return text_matches(expr);
      case Op::call: return call(expr);
      case Op::let: return compile_let_reference(expr);
      case Op::in_list: return list_membership(expr);
      case Op::model: return model(expr);
      case Op::map_lookup: return lookup(expr);
      case Op::binding: break;
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

  // An operand of an instruction. Of one that does not fit, emit() says so.
  std::uint16_t operand_of(std::size_t index) {
    too_large_ = too_large_ || index > UINT16_MAX;
    return static_cast<std::uint16_t>(index);
  }

  std::optional<Register> emit(ColumnKind kind, Instruction instruction) {
    const auto out = allocate(kind);
    if (!out || too_large_) return refuse("the pipeline is too large");
    instruction.out = out->index;
    if (dependent_) dependent_registers_.insert({out->kind, out->index});
    add(instruction);
    return out;
  }

  // A text that is computed: its place among Program::fields. `own_bytes`: for each lane of its register; `bytes`: of the longest text.
  std::optional<std::uint16_t> emit_text(Instruction instruction, std::size_t own_bytes, std::size_t bytes) {
    instruction.out = operand_of(plan_.program.texts_bytes.size());
    (void)operand_of(plan_.program.fields.size());
    if (too_large_) return refuse("the pipeline is too large"), std::nullopt;
    plan_.program.texts_bytes.push_back(own_bytes);
    add(instruction);
    return computed_text(plan_.program.fields, pipeline_.events, instruction.out, bytes);
  }

  void add(const Instruction& instruction) {
    Program& program = plan_.program;
    (dependent_ ? program.dependent : explaining_ ? program.explaining : program.instructions).push_back(instruction);
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
    // In the pass of its operand, whoever asks first: others find it there.
    const bool outer = std::exchange(dependent_, dependent_registers_.contains({value->kind, value->index}));
    const auto made = emit(ColumnKind::ratio, {.code = Code::to_ratio, .a = value->index});
    dependent_ = outer;
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

  std::uint16_t access(const std::string& name, Kind kind) { return field_access(plan_.program.fields, pipeline_.events, name, kind); }

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
    const std::uint16_t column = operand_of(known->second);
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
    ModelCall call{.model = model.content.get(), .inputs = {}, .events = model.readable_at, .names = {}};
    for (const auto& input : model.inputs) {
      const auto value = compile(*input);
      if (!value) return std::nullopt;
      const Type& type = input->type;
      const bool is_money = type.kind == Kind::money || type.kind == Kind::decimal;
      call.inputs.push_back({.value = *value, .is_float = is_float(*input), .scale = type.kind == Kind::duration ? 9U : is_money ? type.scale : 0U});
    }
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      const std::vector<std::string>& features = model.content->features();
      call.names.push_back(name_in_reasons(features.empty() ? language::print(*model.inputs[i], pipeline_) : features[i]));
    }
    call.reasons_bytes = longest_reasons(call.names);
    model_calls_[expr.index] = plan_.program.models.size();
    plan_.program.models.push_back(std::move(call));
    return emit(ColumnKind::number, {.code = Code::evaluate_model, .a = operand_of(plan_.program.models.size() - 1)});
  }

  std::optional<Register> lookup(const Expr& expr) {
    const auto call = add_lookup(pipeline_.maps[expr.index]);
    const auto found = call ? map_entry(expr, *call) : std::nullopt;
    if (!found || pipeline_.maps[expr.index].to.kind != Kind::boolean) return found;
    return emit2(ColumnKind::boolean, Code::number_equal, found, constant_of(ColumnKind::number, 1, 1));
  }

  // Its index in Program::lookups.
  std::optional<std::int64_t> add_lookup(const language::Map& map) {
    if (map.content == nullptr) return refuse("the file of map " + map.name + " was not read"), std::nullopt;
    plan_.program.lookups.push_back(lookup_call(map));
    return static_cast<std::int64_t>(plan_.program.lookups.size() - 1);
  }

  // What Lookup::find says: of a map to texts, the number of the entry.
  std::optional<Register> map_entry(const Expr& expr, std::int64_t call) {
    const language::Map& map = pipeline_.maps[expr.index];
    if (map.from.kind == Kind::text) return text_lookup(*expr.args[0], call);
    const auto key = compile(*expr.args[0]);
    if (!key) return std::nullopt;
    return emit(ColumnKind::number, {.code = key->kind == ColumnKind::boolean ? Code::lookup_boolean : Code::lookup_number, .a = key->index, .aux = call});
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

  std::optional<Register> membership(const Expr& expr) {
    if (expr.args[0]->type.kind == Kind::text) {
      std::vector<std::string> texts;
      for (std::size_t i = 1; i < expr.args.size(); ++i) texts.push_back(expr.args[i]->value.text);
      return text_test(Code::text_in, *expr.args[0], texts);
    }
    const auto value = compile(*expr.args[0]);
    if (value && is_large_set(expr, *value)) return search(expr, *value);
    std::optional<Register> out;
    for (std::size_t i = 1; i < expr.args.size(); ++i) {
      const auto one = comparison(Op::equal, *expr.args[0], *expr.args[i]);
      out = i == 1 ? one : emit2(ColumnKind::boolean, Code::logical_or, out, one);
      if (!out) return std::nullopt;
    }
    return out;
  }

  // Of numbers that fit a column of them: floats and fractions are compared one by one.
  static bool is_large_set(const Expr& expr, Register value) {
    if (expr.args.size() - 1 <= compared_members_max || value.kind != ColumnKind::number || is_float(*expr.args[0])) return false;
    return std::none_of(expr.args.begin() + 1, expr.args.end(), [](const auto& member) { return member->type.ratio; });
  }

  std::optional<Register> search(const Expr& expr, Register value) {
    std::vector<std::int64_t> members;
    for (std::size_t i = 1; i < expr.args.size(); ++i) members.push_back(expr.args[i]->value.number);
    plan_.program.sets.push_back(one_of(std::move(members)));
    return emit(ColumnKind::boolean, {.code = Code::number_in, .a = value.index, .aux = static_cast<std::int64_t>(plan_.program.sets.size() - 1)});
  }

  std::optional<Register> range(const Expr& expr) {
    return emit2(ColumnKind::boolean, Code::logical_and, comparison(Op::less_equal, *expr.args[1], *expr.args[0]),
                 comparison(Op::less_equal, *expr.args[0], *expr.args[2]));
  }

  std::optional<Register> missing(const Expr& value) {
    if (value.type.kind == Kind::text) return text_missing(value);
    const auto of = compile(value);
    if (!of) return std::nullopt;
    const Code code = of->kind == ColumnKind::number ? Code::number_present
                      : of->kind == ColumnKind::ratio ? Code::ratio_present : Code::boolean_present;
    return inverted(emit(ColumnKind::boolean, {.code = code, .a = of->index}));
  }

  const Pipeline& pipeline_;
  const language::Rule* without_;
  Plan plan_;
  std::map<const Expr*, std::size_t> of_steps_;  // holes of reasons that read steps, each shown for itself: steps of two rules may have one name
  std::map<const language::Rule*, std::vector<std::size_t>> explained_;      // of a pattern: values of its steps
  pattern::PatternPlan* pattern_ = nullptr;  // of the rule at hand
  std::size_t next_output_ = 0;
  std::string why_not_;  // why the expression at hand has no program; set where compile returns nothing
  std::map<std::string, Register> known_;
  std::map<std::string, std::uint32_t> features_;
  std::map<std::size_t, std::size_t> model_calls_;  // by model, into Program::models
  std::map<std::uint16_t, Register> ratios_of_;
  std::vector<bool> lets_read_state_;
  std::map<std::string, std::size_t> shown_;
  bool too_large_ = false;
  bool explaining_ = false;  // what is emitted now is for reasons alone
  bool dependent_ = false;  // what is emitted now belongs to the second pass
  std::set<std::pair<ColumnKind, std::uint16_t>> dependent_registers_;
};

}  // namespace

Plan make_plan(const Pipeline& pipeline) { return Compiler(pipeline, nullptr).run(); }
Plan make_plan_without(const Pipeline& pipeline, std::size_t rule) { return Compiler(pipeline, &pipeline.rules[rule]).run(); }

}  // namespace pawl::rules
