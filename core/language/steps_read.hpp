// Which expressions read steps of a pattern, and how. Set-up only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

// count(step), sum(step.field) ...: its argument is the binding.
[[nodiscard]] inline bool is_over_repeated(const Expr& expr) {
  constexpr std::array<std::string_view, 14> names{"count", "sum", "avg", "min", "max", "stddev", "first", "last", "distinct", "share", "median", "percentile", "ewma", "rate"};
  return expr.op == Op::call && std::find(names.begin(), names.end(), expr.name) != names.end();
}

[[nodiscard]] inline bool reads_steps(const Expr& expr) {
  return expr.op == Op::binding || std::any_of(expr.args.begin(), expr.args.end(), [](const auto& arg) { return reads_steps(*arg); });
}

[[nodiscard]] inline bool asks_list(const Expr& expr) {
  return expr.op == Op::in_list || std::any_of(expr.args.begin(), expr.args.end(), [](const auto& arg) { return asks_list(*arg); });
}

// visit(expr) for each distinct value of steps that the pattern's conditions read: what explains a match. visit() false: no more.
template <class Visit>
bool each_value_of_steps(const Pattern& pattern, Visit visit) {
  std::set<std::string> seen;
  const auto search = [&](const auto& self, const Expr* expr) -> bool {
    if (expr == nullptr) return true;
    if (expr->op == Op::binding || is_over_repeated(*expr)) return !seen.insert(canonical(*expr)).second || visit(*expr);
    return std::all_of(expr->args.begin(), expr->args.end(), [&](const auto& arg) { return self(self, arg.get()); });
  };
  return std::all_of(pattern.steps.begin(), pattern.steps.end(), [&](const Step& step) { return search(search, step.condition.get()); }) && search(search, pattern.where.get());
}

// It ends with `no`: not an event completes it, but its deadline. REQUIRES: the pattern has steps.
[[nodiscard]] inline bool is_timed(const Pattern& pattern) { return pattern.steps.back().negated; }

// Computed when the pattern is complete, not at an event: it reads steps, or asks a list where there is no event.
[[nodiscard]] inline bool is_of_match(const Pattern& pattern, const Expr& expr) { return reads_steps(expr) || (is_timed(pattern) && asks_list(expr)); }

// It has `then immediately no` or, before its end, `no .. for`.
[[nodiscard]] inline bool remembers_last_event(const Pattern& pattern) {
  return std::any_of(pattern.steps.begin(), pattern.steps.end(), [&](const Step& step) { return step.negated && (step.immediately || (step.wait != 0 && &step != &pattern.steps.back())); });
}

// The step that completes the pattern as soon as it has what it needs: behind it none is needed. REQUIRES: the pattern has steps.
[[nodiscard]] inline std::size_t first_that_completes(const Pattern& pattern) {
  std::size_t step = pattern.steps.size() - 1;
  while (step > 0 && (pattern.steps[step].negated || pattern.steps[step].at_least == 0)) --step;
  return step;
}

}  // namespace pawl::language
