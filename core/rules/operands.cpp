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
    case Code::lookup_number:
    case Code::entry_text:
    case Code::float_of_number: return ColumnKind::number;
    case Code::ratio_present:
    case Code::ratio_otherwise:
    case Code::ratio_floor:
    case Code::ratio_round:
    case Code::float_of_ratio: return ColumnKind::ratio;
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
    case Code::lookup_boolean:
    case Code::entry_text:
    case Code::ratio_floor:
    case Code::ratio_round:
    case Code::float_of_number:
    case Code::float_of_ratio: return true;
    default: return false;
  }
}

// Fields of the slots are no registers, computed texts are.
std::vector<Register> texts_read(const Instruction& instruction, const Program& program) {
  std::vector<Register> all;
  const auto add = [&](std::uint16_t field) {
    if (const auto column = program.fields[field].column) all.push_back({ColumnKind::text, *column});
  };
  add(instruction.a);
  if (between(Code::text_equals_field, instruction.code, Code::text_less_equal_field)) add(instruction.b);
  return all;
}

}  // namespace

ColumnKind yields(Code code) noexcept {
  if (code == Code::load_boolean || between(Code::text_equals_field, code, Code::text_present)) return ColumnKind::boolean;
  if (code == Code::load_ratio_feature || between(Code::to_ratio, code, Code::ratio_maximum)) return ColumnKind::ratio;
  if (between(Code::number_equal, code, Code::boolean_present)) return ColumnKind::boolean;
  if (code == Code::ratio_otherwise || code == Code::ratio_choose) return ColumnKind::ratio;
  if (code == Code::boolean_otherwise || code == Code::boolean_choose) return ColumnKind::boolean;
  if (between(Code::list_holds_number, code, Code::list_holds_text)) return ColumnKind::boolean;
  if (code == Code::lower_text || code == Code::entry_text) return ColumnKind::text;
  return ColumnKind::number;
}

std::vector<Register> reads(const Instruction& instruction, const Program& program) {
  const Code code = instruction.code;
  if (code <= Code::load_lateness || code == Code::list_holds_text) return {};
  if (code <= Code::text_present || code == Code::list_holds_text_field || code == Code::lookup_text || code == Code::lower_text || code == Code::text_length) return texts_read(instruction, program);
  if (code == Code::great_circle) {
    std::vector<Register> angles;
    for (const std::uint16_t angle : {instruction.a, instruction.b, instruction.c, static_cast<std::uint16_t>(instruction.aux)}) angles.push_back({ColumnKind::number, angle});
    return angles;
  }
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
