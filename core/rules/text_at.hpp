// The text that an operand is at an event.
#pragma once

#include <optional>
#include <string_view>

#include "pawl/core/rules/evaluator.hpp"

namespace pawl::rules {

inline std::optional<std::string_view> text_at(bool is_field, std::size_t index, const Program& program, const Evaluator& evaluator, std::size_t lane) noexcept {
  if (!is_field) return program.texts[index];
  return evaluator.text(index, lane);
}

// Nothing: it is missing. Valid as long as the slot. REQUIRES: no column; a lane of the span just run.
inline std::optional<std::string_view> text_at(const Operand& value, const Program& program, const Evaluator& evaluator, std::size_t lane) noexcept {
  if (value.kind != Operand::Kind::chosen_text) return text_at(value.kind == Operand::Kind::text_field, value.index, program, evaluator, lane);
  for (const TextChoice& choice : value.choices) {
    if (has_lane(evaluator.boolean(*choice.when).truth, lane)) return text_at(choice.is_field, choice.index, program, evaluator, lane);
  }
  return std::nullopt;
}

}  // namespace pawl::rules
