// Median and spread of a handful of runs.
#pragma once

#include <string>
#include <vector>

namespace pawl::bench {

// Of an even number of values the upper middle one. 0 for none.
[[nodiscard]] double median(std::vector<double> values);
// How far the outermost runs lie apart, in percent of the median.
[[nodiscard]] double spread_percent(const std::vector<double>& values);

// More than this, and a figure is marked noisy.
inline constexpr double noisy_spread_percent = 15;

// Four significant digits at most, in plain notation: 0.0312, 1.97, 36.4, 192, 24700.
[[nodiscard]] std::string short_number(double value);

}  // namespace pawl::bench
