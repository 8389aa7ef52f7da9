#include "harness/hgrm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pawl::bench {

Moments moments(const Histogram& histogram) {
  if (histogram.count() == 0) return {};
  const auto middle = [](std::uint64_t low, std::uint64_t high) { return static_cast<double>(low + (high - low + 1) / 2); };
  const auto total = static_cast<double>(histogram.count());
  double sum = 0;
  histogram.for_each([&](std::uint64_t low, std::uint64_t high, std::uint64_t count) { sum += middle(low, high) * static_cast<double>(count); });
  const double mean = sum / total;
  double squares = 0;
  histogram.for_each([&](std::uint64_t low, std::uint64_t high, std::uint64_t count) {
    const double distance = middle(low, high) - mean;
    squares += distance * distance * static_cast<double>(count);
  });
  return {mean, std::sqrt(squares / total)};
}

// PercentileIterator of HdrHistogram 2.1 (org.HdrHistogram, BSD): one step per bucket and level, levels closer by half at each halving
// of what is left to 100 %, and one last step to 100.
std::vector<CurvePoint> curve_points(const Histogram& histogram, int ticks_per_half) {
  std::vector<CurvePoint> points;
  const auto total = static_cast<double>(histogram.count());
  double level = 0;
  std::uint64_t seen = 0;
  std::uint64_t last = 0;
  histogram.for_each([&](std::uint64_t, std::uint64_t high, std::uint64_t count) {
    seen += count;
    last = high;
    while (100.0 * static_cast<double>(seen) / total >= level && level < 100) {
      points.push_back({level, high, seen});
      const auto halvings = static_cast<std::int64_t>(std::log(100.0 / (100.0 - level)) / std::log(2.0)) + 1;
      level += 100.0 / (static_cast<double>(ticks_per_half) * std::pow(2.0, static_cast<double>(halvings)));
      if (seen == histogram.count()) break;
    }
  });
  if (histogram.count() > 0) points.push_back({100, last, seen});
  return points;
}

std::string to_hgrm(const Histogram& histogram, int ticks_per_half, double unit) {
  std::string text = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  std::uint64_t highest = 0;
  for (const CurvePoint& point : curve_points(histogram, ticks_per_half)) {
    const double value = static_cast<double>(point.value) / unit;
    const double level = point.percentile / 100;
    highest = point.value;
    constexpr double half_up = 1e-15;  // Java rounds ties up, fmt to even
    text += fmt::format("{:12.3f} {:2.12f} {:10}", value, std::min(level + half_up, 1.0), point.count);
    text += point.percentile == 100 ? "\n" : fmt::format(" {:14.2f}\n", 1 / (1 - level));
  }
  const Moments all = moments(histogram);
  text += fmt::format("#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", all.mean / unit, all.deviation / unit);
  text += fmt::format("#[Max     = {:12.3f}, Total count    = {:12}]\n", static_cast<double>(highest) / unit, histogram.count());
  text += fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", Histogram::value_bits - Histogram::significant_bits + 1,
                      std::uint64_t{1} << Histogram::significant_bits);
  return text;
}

}  // namespace pawl::bench
