// Where a rule fires, before anything that was remembered can suppress it. Shared by both passes of decide.
#pragma once

#include "pawl/core/rules/evaluator.hpp"

namespace pawl::rules {

struct Firing {
  Lanes fired = 0;
  Lanes missing = 0;  // what its condition needs was missing
};

// Of the span just run. REQUIRES: the rule is evaluated.
[[nodiscard]] inline Firing firing(const RulePlan& rule, const Plan& plan, const Evaluator& evaluator) noexcept {
  if (plan.conditions.takes[rule.rule]) {
    const Lanes missing = evaluator.conditions().missing(rule.rule);
    return {evaluator.conditions().truth(rule.rule) | (rule.fire_if_missing ? missing : 0), missing};
  }
  Lanes on = 0;
  for (const std::uint16_t event : plan.pipeline->rules[rule.rule].on) on |= evaluator.events_of(event);
  const BoolColumn& when = evaluator.boolean(rule.when);
  const Lanes missing = on & ~when.valid;
  return {(on & when.truth) | (rule.fire_if_missing ? missing : 0), missing};
}

}  // namespace pawl::rules
