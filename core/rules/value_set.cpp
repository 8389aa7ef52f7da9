#include "pawl/core/rules/value_set.hpp"

#include <algorithm>
#include <utility>

namespace pawl::rules {
namespace {

// holds(in a, in b), step by step through both.
template <class Holds>
ValueSet merge(const ValueSet& a, const ValueSet& b, Holds holds) {
  bool in_a = a.lowest, in_b = b.lowest;
  ValueSet out{holds(in_a, in_b), {}};
  bool in_out = out.lowest;
  for (std::size_t i = 0, j = 0; i < a.steps.size() || j < b.steps.size();) {
    const bool from_a = j == b.steps.size() || (i < a.steps.size() && a.steps[i] <= b.steps[j]);
    const std::int64_t step = from_a ? a.steps[i] : b.steps[j];
    if (i < a.steps.size() && a.steps[i] == step) in_a = !in_a, ++i;
    if (j < b.steps.size() && b.steps[j] == step) in_b = !in_b, ++j;
    if (holds(in_a, in_b) != in_out) in_out = !in_out, out.steps.push_back(step);
  }
  return out;
}

}  // namespace

bool ValueSet::contains(std::int64_t value) const noexcept {
  return lowest != ((std::upper_bound(steps.begin(), steps.end(), value) - steps.begin()) % 2 != 0);
}

ValueSet less_than(std::int64_t bound) {
  if (bound == INT64_MIN) return {};
  return {true, {bound}};
}

ValueSet at_most(std::int64_t bound) {
  if (bound == INT64_MAX) return {true, {}};
  return less_than(bound + 1);
}

ValueSet equal_to(std::int64_t value) { return one_of({value}); }

ValueSet one_of(std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  ValueSet set;
  for (const std::int64_t value : values) {  // in from it on, out again behind it
    if (value == INT64_MIN) set.lowest = true;
    else if (!set.steps.empty() && set.steps.back() == value) set.steps.pop_back();
    else set.steps.push_back(value);
    if (value != INT64_MAX) set.steps.push_back(value + 1);
  }
  return set;
}

ValueSet complement(ValueSet set) {
  set.lowest = !set.lowest;
  return set;
}

ValueSet both(const ValueSet& a, const ValueSet& b) {
  return merge(a, b, [](bool x, bool y) { return x && y; });
}

ValueSet either(const ValueSet& a, const ValueSet& b) {
  return merge(a, b, [](bool x, bool y) { return x || y; });
}

}  // namespace pawl::rules
