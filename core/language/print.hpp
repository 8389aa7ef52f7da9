// Typed trees back to source text: for explanations, and as the check that nothing was lost on the way.
#pragma once

#include <string>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

// Parsing and checking the text in the same place gives a tree with the same canonical text.
[[nodiscard]] std::string print(const Expr& expr, const Pipeline& pipeline);
[[nodiscard]] std::string print(const Aggregate& aggregate, const Pipeline& pipeline);

// "customer+terminal", "all"
[[nodiscard]] std::string print_key(const std::vector<std::string>& key);
[[nodiscard]] std::string print(Duration duration);

}  // namespace pawl::language
