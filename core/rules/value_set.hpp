// Sets of 64-bit integers as the places where membership changes: what any and, or, not of comparisons of one number with constants comes to.
#pragma once

#include <cstdint>
#include <vector>

namespace pawl::rules {

// `lowest` below steps[0], the contrary from there up to steps[1], and so on.
struct ValueSet {
  bool lowest = false;
  std::vector<std::int64_t> steps;  // ascending, distinct, none INT64_MIN

  friend bool operator==(const ValueSet&, const ValueSet&) = default;

  [[nodiscard]] bool contains(std::int64_t value) const noexcept;
};

[[nodiscard]] ValueSet less_than(std::int64_t bound);
[[nodiscard]] ValueSet at_most(std::int64_t bound);
[[nodiscard]] ValueSet equal_to(std::int64_t value);
[[nodiscard]] ValueSet one_of(std::vector<std::int64_t> values);
[[nodiscard]] ValueSet complement(ValueSet set);
[[nodiscard]] ValueSet both(const ValueSet& a, const ValueSet& b);
[[nodiscard]] ValueSet either(const ValueSet& a, const ValueSet& b);

}  // namespace pawl::rules
