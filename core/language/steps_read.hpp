// Which expressions read steps of a pattern, and how. Set-up only.
#pragma once

#include <algorithm>
#include <array>
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

}  // namespace pawl::language
