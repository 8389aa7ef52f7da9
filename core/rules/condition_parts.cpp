#include "pawl/core/rules/condition_parts.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "pawl/core/rules/operands.hpp"

namespace pawl::rules {
namespace {

using PartKind = ConditionPart::Kind;

// Beyond these a sum is computed like any other number. With them, sums of terms below 2^31 stay far below 2^63.
constexpr std::int64_t factor_max = 1 << 16;
constexpr std::size_t terms_max = 8;

// A larger set is a leaf: to search it costs less than to compare with each step. It bounds the memory of sets as well.
constexpr std::size_t set_steps_max = 256;

class Parts {
 public:
  explicit Parts(const Plan& plan) : plan_(plan), program_(plan.program), live_(program_.instructions.size()) {
    for (auto& by_register : maker_) by_register.assign(std::max({program_.numbers, program_.ratios, program_.booleans, program_.texts_bytes.size()}), none);
    for (std::size_t i = 0; i < program_.instructions.size(); ++i) maker(result(program_.instructions[i])) = static_cast<int>(i);
    for (const Instruction& instruction : program_.dependent) maker(result(instruction)) = made_later;
    constants_.resize(program_.numbers);
    for (const Constant& constant : program_.constants) {
      if (constant.target.kind == ColumnKind::number) constants_[constant.target.index] = constant.number;
    }
  }

  ConditionParts run() {
    parts_.of_rule.resize(plan_.rules.size());
    parts_.sum_of.resize(program_.numbers);
    for (const RulePlan& rule : plan_.rules) parts_.takes.push_back(rule.evaluated && !rule.has_pattern && maker(rule.when) != made_later);
    need_what_others_read();
    find_sets();
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      if (parts_.takes[i]) split(plan_.rules[i].when.index, parts_.of_rule[i]);
    }
    need_what_parts_read();
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (live_[i]) parts_.instructions.push_back(program_.instructions[i]);
      if (!live_[i] && lazy_[i]) parts_.lazy.push_back(program_.instructions[i]);
    }
    return std::move(parts_);
  }

 private:
  static constexpr int none = -1, made_later = -2;

  static Register result(const Instruction& instruction) { return {yields(instruction.code), instruction.out}; }
  int& maker(Register r) { return maker_[static_cast<std::size_t>(r.kind)][r.index]; }
  [[nodiscard]] const Instruction* made_by(Register r) {
    const int i = maker(r);
    return i < 0 ? nullptr : &program_.instructions[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] bool is_live(Register r) { return maker(r) < 0 || live_[static_cast<std::size_t>(maker(r))]; }

  // The program has to compute it always, with all that it reads.
  void need(Register r) {
    std::vector<Register> open{r};
    while (!open.empty()) {
      const Register next = open.back();
      open.pop_back();
      if (is_live(next)) continue;
      live_[static_cast<std::size_t>(maker(next))] = true;
      for (const Register operand : reads(*made_by(next), program_)) open.push_back(operand);
    }
  }

  void need(const Operand& value) {
    if (value.kind == Operand::Kind::column || value.kind == Operand::Kind::model_reasons) need(value.column);
    if (value.kind == Operand::Kind::text_field) need_text(value.index);
    for (const TextChoice& choice : value.choices) {
      if (choice.when) need(*choice.when);
      if (choice.is_field) need_text(choice.index);
    }
  }

  void need_text(std::size_t field) {
    if (const auto column = program_.fields[field].column) need(Register{ColumnKind::text, *column});
  }

  void need_what_others_read() {
    for (const LetPlan& let : plan_.lets) {
      if (let.evaluated) need(let.value);
      if (let.evaluated && let.is_text) need(let.text);
    }
    for (const ShownValue& shown : plan_.shown) if (shown.known) need(shown.value);
    for (const Register r : plan_.pattern_reads) need(r);
    for (const auto* code : {&program_.dependent, &program_.explaining}) {
      for (const Instruction& instruction : *code) for (const Register r : reads(instruction, program_)) need(r);
    }
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      const RulePlan& rule = plan_.rules[i];
      if (rule.evaluated && !rule.has_pattern && !parts_.takes[i]) need(rule.when);
      for (const ScorePlan& score : rule.scores) if (!score.is_constant) need(score.value);
      for (const EditPlan& edit : rule.edits) need(edit.value);
    }
    need_what_nobody_reads();
  }

  // What a rule or let left behind that then could not be compiled: its overflows are counted all the same.
  void need_what_nobody_reads() {
    std::array<std::vector<bool>, column_kinds> read;
    for (auto& kind : read) kind.resize(maker_[0].size());
    const auto note = [&](Register r) { read[static_cast<std::size_t>(r.kind)][r.index] = true; };
    for (const Instruction& instruction : program_.instructions) for (const Register r : reads(instruction, program_)) note(r);
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) if (parts_.takes[i]) note(plan_.rules[i].when);
    for (const Instruction& instruction : program_.instructions) {
      const Register out = result(instruction);
      if (!read[static_cast<std::size_t>(out.kind)][out.index]) need(out);
    }
  }

  // --- booleans that are sets ---

  // Of each once, operands first. No recursion: lets make a program as deep as a file is long.
  void find_sets() {
    set_at_.assign(program_.booleans, none);
    for (const Instruction& instruction : program_.instructions) {
      if (yields(instruction.code) != ColumnKind::boolean) continue;
      auto set = set_of(instruction);
      if (!set || set->values.steps.size() > set_steps_max) continue;
      set_at_[instruction.out] = static_cast<int>(parts_.sets.size());
      parts_.sets.push_back(*std::move(set));
    }
  }

  // Nothing: it is no function of one number column, or a large one.
  std::optional<NumberSet> set_of(const Instruction& made) {
    switch (made.code) {
      case Code::number_equal: return constants_[made.a] ? set(made.b, equal_to, made.a, false) : set(made.a, equal_to, made.b, false);
      case Code::number_less: return constants_[made.a] ? set(made.b, at_most, made.a, true) : set(made.a, less_than, made.b, false);
      case Code::number_less_equal: return constants_[made.a] ? set(made.b, less_than, made.a, true) : set(made.a, at_most, made.b, false);
      case Code::number_in: {
        const ValueSet& values = program_.sets[static_cast<std::size_t>(made.aux)];
        return constants_[made.a] || values.steps.size() > set_steps_max ? std::nullopt : std::optional(NumberSet{made.a, values});
      }
      case Code::logical_not: {
        const NumberSet* const of = known_set(made.a);
        return of == nullptr ? std::nullopt : std::optional(NumberSet{of->number, complement(of->values)});
      }
      case Code::logical_and:
      case Code::logical_or: {
        const NumberSet *const a = known_set(made.a), *const b = known_set(made.b);
        if (a == nullptr || b == nullptr || a->number != b->number) return std::nullopt;
        return NumberSet{a->number, made.code == Code::logical_and ? both(a->values, b->values) : either(a->values, b->values)};
      }
      default: return std::nullopt;
    }
  }

  std::optional<NumberSet> set(std::uint16_t number, ValueSet (*make)(std::int64_t), std::uint16_t constant, bool inverted) {
    if (constants_[number] || !constants_[constant]) return std::nullopt;
    ValueSet made = make(*constants_[constant]);
    return NumberSet{number, inverted ? complement(std::move(made)) : std::move(made)};
  }

  [[nodiscard]] const NumberSet* known_set(std::uint16_t boolean) const {
    return set_at_[boolean] == none ? nullptr : &parts_.sets[static_cast<std::size_t>(set_at_[boolean])];
  }

  // --- a condition into parts ---

  void split(std::uint16_t boolean, std::vector<ConditionPart>& parts) {
    if (const NumberSet* const set = known_set(boolean)) {
      parts.push_back({.kind = PartKind::set, .a = set->number, .set = static_cast<std::uint32_t>(set_at_[boolean])});
      return;
    }
    const Register condition{ColumnKind::boolean, boolean};
    const Instruction* const made = is_live(condition) ? nullptr : made_by(condition);
    if (made != nullptr && made->code == Code::logical_and) {
      split(made->a, parts);
      split(made->b, parts);
      return;
    }
    const auto pair = made == nullptr ? std::nullopt : pair_of(*made);
    parts.push_back(pair ? *pair : ConditionPart{.kind = PartKind::leaf, .a = boolean});
  }

  // Nothing: it compares no two number columns.
  std::optional<ConditionPart> pair_of(const Instruction& condition) {
    const Instruction* made = &condition;
    bool negated = false;
    for (; made != nullptr && made->code == Code::logical_not; made = made_by({ColumnKind::boolean, made->a})) negated = !negated;
    if (made == nullptr) return std::nullopt;
    switch (made->code) {
      case Code::number_equal: return ConditionPart{.kind = PartKind::pair, .a = made->a, .b = made->b, .equal = true, .negated = negated};
      case Code::number_less: return ConditionPart{.kind = PartKind::pair, .a = made->a, .b = made->b, .negated = negated};
      case Code::number_less_equal: return ConditionPart{.kind = PartKind::pair, .a = made->b, .b = made->a, .negated = !negated};
      default: return std::nullopt;
    }
  }

  // --- sums ---

  void need_what_parts_read() {
    std::vector<std::uint16_t> sums;
    for (const auto& parts : parts_.of_rule) {
      for (const ConditionPart& part : parts) {
        if (part.kind == PartKind::leaf) need({ColumnKind::boolean, part.a});
        if (part.kind == PartKind::pair) need({ColumnKind::number, part.a}), need({ColumnKind::number, part.b});
        if (part.kind == PartKind::set && is_linear({ColumnKind::number, part.a})) sums.push_back(part.a);
        else if (part.kind == PartKind::set) need({ColumnKind::number, part.a});
      }
    }
    std::vector<bool> fits(program_.numbers, true);
    for (const auto& parts : parts_.of_rule) {
      for (const ConditionPart& part : parts) {
        if (part.kind == PartKind::set && !in_32_bits(parts_.sets[part.set].values)) fits[part.a] = false;
      }
    }
    lazy_.resize(live_.size());
    for (const std::uint16_t number : sums) take_sum(number, fits[number]);
    for (const std::uint16_t number : sums) if (parts_.sum_of[number]) defer({ColumnKind::number, number});
  }

  static bool in_32_bits(const ValueSet& set) {
    return std::all_of(set.steps.begin(), set.steps.end(), [](std::int64_t step) { return step > INT32_MIN && step <= INT32_MAX; });
  }

  void take_sum(std::uint16_t number, bool fits) {
    if (parts_.sum_of[number]) return;
    LinearForm form;
    if (!fits || is_live({ColumnKind::number, number}) || !expand(number, 1, form)) return need({ColumnKind::number, number});
    for (const LinearForm::Term& term : form.terms) need({ColumnKind::number, term.number});
    parts_.sum_of[number] = std::move(form);
  }

  [[nodiscard]] bool is_linear(Register r) {
    const Instruction* const made = made_by(r);
    if (made == nullptr) return false;
    switch (made->code) {
      case Code::add:
      case Code::subtract:
      case Code::negate: return true;
      case Code::multiply: return constants_[made->a].has_value() != constants_[made->b].has_value();
      default: return false;
    }
  }

  bool expand(std::uint16_t number, std::int64_t factor, LinearForm& form) {
    if (constants_[number] || std::abs(factor) > factor_max) return false;
    if (is_live({ColumnKind::number, number}) || !is_linear({ColumnKind::number, number})) {
      form.terms.push_back({number, factor});
      return form.terms.size() <= terms_max;
    }
    const Instruction& made = *made_by({ColumnKind::number, number});
    if (made.code == Code::negate) return expand(made.a, -factor, form);
    if (made.code == Code::multiply) {
      const std::uint16_t constant = constants_[made.a] ? made.a : made.b, other = constants_[made.a] ? made.b : made.a;
      const std::int64_t by = *constants_[constant];
      return by >= -factor_max && by <= factor_max && expand(other, factor * by, form);
    }
    return expand(made.a, factor, form) && expand(made.b, made.code == Code::subtract ? -factor : factor, form);
  }

  // What computes a sum's register, as far as nobody else needs it.
  void defer(Register r) {
    if (is_live(r) || lazy_[static_cast<std::size_t>(maker(r))]) return;
    lazy_[static_cast<std::size_t>(maker(r))] = true;
    for (const Register operand : reads(*made_by(r), program_)) defer(operand);
  }

  const Plan& plan_;
  const Program& program_;
  std::array<std::vector<int>, column_kinds> maker_;  // by kind and register: the index of the instruction
  std::vector<bool> live_, lazy_;          // by instruction
  std::vector<int> set_at_;                // by boolean register: where its set stands
  std::vector<std::optional<std::int64_t>> constants_;
  ConditionParts parts_;
};

}  // namespace

ConditionParts condition_parts(const Plan& plan) { return Parts(plan).run(); }

}  // namespace pawl::rules
