#include "pawl/core/rules/operands.hpp"

namespace pawl::rules {
namespace {

constexpr bool between(Code first, Code code, Code last) noexcept { return first <= code && code <= last; }

// The kind of its operands, of those that have one for all.
ColumnKind operand_kind(Code code) noexcept {
  if (between(Code::add, code, Code::float_maximum) || code == Code::to_ratio || code == Code::divide_numbers) return ColumnKind::number;
  if (between(Code::ratio_add, code, Code::ratio_maximum) || between(Code::ratio_equal, code, Code::ratio_less_equal)) return ColumnKind::ratio;
  if (between(Code::number_equal, code, Code::float_less_equal)) return ColumnKind::number;
  switch (code) {
    case Code::number_present:
    case Code::number_otherwise:
    case Code::list_holds_number:
    case Code::lookup_number: return ColumnKind::number;
    case Code::ratio_present:
    case Code::ratio_otherwise: return ColumnKind::ratio;
    default: return ColumnKind::boolean;
  }
}

bool is_unary(Code code) noexcept {
  switch (code) {
    case Code::negate:
    case Code::absolute:
    case Code::hour_of_day:
    case Code::day_of_week:
    case Code::float_negate:
    case Code::float_absolute:
    case Code::to_ratio:
    case Code::ratio_negate:
    case Code::ratio_absolute:
    case Code::logical_not:
    case Code::number_in:
    case Code::number_present:
    case Code::ratio_present:
    case Code::boolean_present:
    case Code::list_holds_number:
    case Code::list_holds_boolean:
    case Code::lookup_number:
    case Code::lookup_boolean: return true;
    default: return false;
  }
}

}  // namespace

ColumnKind yields(Code code) noexcept {
  if (code == Code::load_boolean || between(Code::text_equals_field, code, Code::text_present)) return ColumnKind::boolean;
  if (code == Code::load_ratio_feature || between(Code::to_ratio, code, Code::ratio_maximum)) return ColumnKind::ratio;
  if (between(Code::number_equal, code, Code::boolean_present)) return ColumnKind::boolean;
  if (code == Code::ratio_otherwise || code == Code::ratio_choose) return ColumnKind::ratio;
  if (code == Code::boolean_otherwise || code == Code::boolean_choose) return ColumnKind::boolean;
  if (between(Code::list_holds_number, code, Code::list_holds_text)) return ColumnKind::boolean;
  return ColumnKind::number;
}

std::vector<Register> reads(const Instruction& instruction, const Program& program) {
  const Code code = instruction.code;
  if (code <= Code::text_present || code == Code::list_holds_text_field || code == Code::list_holds_text || code == Code::lookup_text) return {};
  if (between(Code::number_choose, code, Code::boolean_choose)) {
    const ColumnKind kind = yields(code);
    return {{ColumnKind::boolean, instruction.a}, {kind, instruction.b}, {kind, instruction.c}};
  }
  std::vector<Register> all;
  if (code == Code::evaluate_model) {
    for (const ModelInput& input : program.models[instruction.a].inputs) all.push_back(input.value);
    return all;
  }
  all.push_back({operand_kind(code), instruction.a});
  if (!is_unary(code)) all.push_back({operand_kind(code), instruction.b});
  return all;
}

}  // namespace pawl::rules
