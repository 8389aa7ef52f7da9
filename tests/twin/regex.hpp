// The naive twin of regular expressions: the expression is read again, as functions from a place in the text to all places where what
// they stand for can end. Slow, and short enough to be seen right. It asks nothing of what the product made of the expression.
#pragma once

#include <string_view>

namespace pawl::twin {

// REQUIRES: an expression that the product takes.
[[nodiscard]] bool regex_search(std::string_view pattern, std::string_view text);

}  // namespace pawl::twin
