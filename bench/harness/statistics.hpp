// Median of a handful of runs, how far they lie apart, and how well the median is known.
#pragma once

#include <string>
#include <vector>

namespace pawl::bench {

// Of an even number of values the upper middle one. 0 for none.
[[nodiscard]] double median(std::vector<double> values);
// How far the outermost runs lie apart, in percent of the median.
[[nodiscard]] double spread_percent(const std::vector<double>& values);
// How far the two runs lie apart, in percent of the median, between which the true median lies with nine chances in ten, whatever the distribution
// (order statistics). Up to 7 runs these are the outermost; more runs leave out the more.
[[nodiscard]] double doubt_percent(std::vector<double> values);

// More doubt than this, and a figure is noisy: the same command again may give another.
inline constexpr double noisy_percent = 15;

// Four significant digits at most, in plain notation: 0.0312, 1.97, 36.4, 192, 24700.
[[nodiscard]] std::string short_number(double value);

}  // namespace pawl::bench
