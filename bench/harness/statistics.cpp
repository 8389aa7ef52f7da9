#include "harness/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pawl::bench {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double spread_percent(const std::vector<double>& values) {
  const double middle = median(values);
  if (values.size() < 2 || middle == 0) return 0;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return (*high - *low) * 100 / std::abs(middle);
}

double doubt_percent(std::vector<double> values) {
  const double middle = median(values);
  const std::size_t n = values.size();
  if (n < 2 || middle == 0) return 0;
  std::sort(values.begin(), values.end());
  // The median lies outside the k-th runs from both ends with the chance of fewer than k heads, or tails, in n tosses of a coin.
  std::size_t left_out = 0;
  double outside = 0, chance = std::pow(0.5, static_cast<double>(n));
  for (std::size_t k = 0; 2 * (k + 1) < n; ++k) {
    outside += 2 * chance;
    if (outside > 0.1) break;
    left_out = k;
    chance = chance * static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  return (values[n - 1 - left_out] - values[left_out]) * 100 / std::abs(middle);
}

std::string short_number(double value) {
  const double size = std::abs(value);
  if (size >= 100) return fmt::format("{:.0f}", value);
  if (size >= 10) return fmt::format("{:.1f}", value);
  if (size >= 1) return fmt::format("{:.2f}", value);
  return size == 0 ? "0" : fmt::format("{:.3g}", value);
}

}  // namespace pawl::bench
