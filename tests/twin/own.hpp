// Operators of the tests' own: with and without an inverse, some that mind the order of values, of every type that can be yielded. And what each says of a
// window, straight from its definition.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pawl/core/operator/operator.hpp"

namespace pawl::twin {

// "squares": the sum of squares, modulo 2^64; missing of no values. Has an inverse.
// "path":    values as digits of a number modulo 2^64, so that another order is another number; 0 of no values. Has an inverse.
// "digits":  the same without an inverse.
// "rising":  how many values the longest row has in which each is above the one before.
// "mean":    sum / count, exact where the sum fits in 64 bits.
// "spread":  greatest - least as a double.
// "switched": whether two neighbours differ.
[[nodiscard]] Operators own_operators();

// REQUIRES: one of these. `values`: oldest first.
[[nodiscard]] Lowered own_value(std::string_view name, const std::vector<std::int64_t>& values);

}  // namespace pawl::twin
