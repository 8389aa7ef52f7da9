// HdrHistogram's percentile distribution as text (.hgrm), as its Java class writes it and its plotter reads it.
#pragma once

#include <string>

#include "pawl/core/base/histogram.hpp"

namespace pawl::bench {

struct Moments {
  double mean = 0, deviation = 0;
};
// From the middle of each bucket, as HdrHistogram does.
[[nodiscard]] Moments moments(const Histogram& histogram);

// `ticks_per_half`: steps from one distance to 100 % down to half of it. Values are divided by `unit` (1000: ns become us).
[[nodiscard]] std::string to_hgrm(const Histogram& histogram, int ticks_per_half = 5, double unit = 1000);

// One point of the same walk: `percentile` of 0 to 100.
struct CurvePoint {
  double percentile;
  std::uint64_t value;
  std::uint64_t count;  // of values not above
};
[[nodiscard]] std::vector<CurvePoint> curve_points(const Histogram& histogram, int ticks_per_half = 5);

}  // namespace pawl::bench
