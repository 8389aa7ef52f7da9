// The parts of rules' conditions, before they become tables. Set-up.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pawl/core/rules/plan.hpp"
#include "pawl/core/rules/value_set.hpp"

namespace pawl::rules {

struct ConditionPart {
  enum class Kind : std::uint8_t { set, pair, leaf } kind = Kind::leaf;
  std::uint16_t a = 0, b = 0;  // registers: the number of a set, two numbers, a boolean
  bool equal = false, negated = false;  // of a pair: not (a = b), not (a < b)
  std::uint32_t set = 0;                // into ConditionParts::sets
};

struct NumberSet {
  std::uint16_t number;  // register
  ValueSet values;
};

// k1 * number1 + k2 * number2 + ..
struct LinearForm {
  struct Term { std::uint16_t number; std::int64_t factor; };
  std::vector<Term> terms;
};

struct ConditionParts {
  std::vector<NumberSet> sets;                                // of each boolean that is one
  std::vector<std::vector<ConditionPart>> of_rule;            // by rule; of rules that are not taken: nothing
  std::vector<std::optional<LinearForm>> sum_of;              // by number register: those that the program need not compute always
  std::vector<Instruction> instructions, lazy;                // what stays in the first pass; what computes sums in full
  std::vector<bool> takes;                                    // by rule
};

[[nodiscard]] ConditionParts condition_parts(const Plan& plan);

}  // namespace pawl::rules
