// Which operations types have, and what they yield.
#pragma once

#include <optional>
#include <string>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

inline constexpr Type boolean_type{Kind::boolean, false, 0, 0, {}};
inline constexpr Type integer_type{};
inline constexpr Type plain_ratio{Kind::integer, true, 0, 0, {}};
inline constexpr Type floating_type{Kind::floating, false, 0, 0, {}};
inline constexpr Type duration_type{Kind::duration, false, 0, 0, {}};
inline constexpr Type time_type{Kind::time, false, 0, 0, {}};

// Equal but for `ratio` and the declared length of texts: values that can be compared, added, or stand for each other.
[[nodiscard]] bool same_dimension(const Type& a, const Type& b) noexcept;
[[nodiscard]] bool is_ordered(const Type& type) noexcept;    // < has a meaning
[[nodiscard]] bool is_number(const Type& type) noexcept;     // can be negated and multiplied: int, money, decimal, float, duration
[[nodiscard]] bool is_plain(const Type& type) noexcept;      // an integer or a fraction of integers: a number without a unit

// One type for values of either, which have the same dimension: a ratio if either is, the longer of two texts.
[[nodiscard]] Type joined(const Type& a, const Type& b) noexcept;

// Of + - * / %; empty: there is no such operation.
[[nodiscard]] std::optional<Type> arithmetic_type(Op op, const Type& a, const Type& b) noexcept;

// Of an aggregate over values of `type`; empty: not defined for it. count and rate ignore the type.
[[nodiscard]] std::optional<Type> aggregate_type(AggregateKind kind, const Type& type) noexcept;

[[nodiscard]] std::string_view word(AggregateKind kind) noexcept;
[[nodiscard]] std::string_view word(const Aggregate& aggregate) noexcept;  // of an own operator its name
[[nodiscard]] std::string_view symbol(Op op) noexcept;  // of binary operators, as written

}  // namespace pawl::language
