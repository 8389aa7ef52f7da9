// Floating point numbers as unsigned ones in the same order, so that a walk through a tree compares integers: a processor has their result
// three times as soon, and adds it without a branch.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace pawl::model {

template <std::floating_point Value>
using Ordered = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;

// Below and above the key of every finite number.
template <class Value>
inline constexpr Ordered<Value> lowest_key = 0;
template <class Value>
inline constexpr Ordered<Value> highest_key = static_cast<Ordered<Value>>(-1);

// key(a) < key(b) if a < b. REQUIRES: no NaN; the two zeros have different keys.
template <class Value>
[[nodiscard]] constexpr Ordered<Value> key_of(Value value) noexcept {
  constexpr unsigned sign = sizeof(Value) * 8 - 1;
  const auto bits = std::bit_cast<Ordered<Value>>(value);
  return bits ^ ((Ordered<Value>{0} - (bits >> sign)) | (Ordered<Value>{1} << sign));
}

template <class Value>
[[nodiscard]] constexpr Value value_of(Ordered<Value> key) noexcept {
  constexpr unsigned sign = sizeof(Value) * 8 - 1;
  return std::bit_cast<Value>(key ^ (((key >> sign) - 1) | (Ordered<Value>{1} << sign)));
}

static_assert(value_of<float>(key_of(-1.5F)) == -1.5F && value_of<double>(key_of(2.0)) == 2.0 && key_of(-1e30F) < key_of(-1e-30F) && key_of(-0.5) < key_of(0.5));

}  // namespace pawl::model
