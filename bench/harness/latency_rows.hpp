// Latencies of several runs: percentiles of each run as figures, all runs together as a curve; and percentiles against the rate.
#pragma once

#include <fmt/format.h>

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/outcome.hpp"
#include "harness/statistics.hpp"

namespace pawl::bench {

// Figures are in us, curves in ns.
class LatencyRows {
 public:
  LatencyRows(std::string group, std::string name, double rate, bool noise)
      : group_(group), name_(name), curve_{.group = std::move(group), .name = std::move(name), .rate = rate, .noise = noise} {}

  void add(const Histogram& run) {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i].push_back(static_cast<double>(run.at(fractions[i])) / 1e3);
    curve_.histogram.merge(run);
  }
  [[nodiscard]] const Curve& curve() const noexcept { return curve_; }
  // Once, when all runs are done. `base`: the name of other rows of the group to compare with, percentile by percentile.
  void append_to(Outcome& outcome, const std::string& base = "", const std::string& base_label = "") {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      outcome.series.push_back({.group = group_ + ", us", .name = fmt::format("{} {}", name_, names[i]), .unit = "us", .values = values_[i], .higher_is_better = false,
                                .base = base.empty() ? "" : fmt::format("{} {}", base, names[i]), .base_label = base_label});
    }
    outcome.curves.push_back(std::move(curve_));
  }

  // Of one run, in us.
  [[nodiscard]] const std::vector<double>& values(std::size_t percentile) const noexcept { return values_[percentile]; }

  static constexpr std::array fractions{0.5, 0.99, 0.999};
  static constexpr std::array names{"p50", "p99", "p99.9"};

 private:
  std::string group_, name_;
  Curve curve_;
  std::array<std::vector<double>, 3> values_;
};

// One thing's percentiles at several rates: lines of a chart, a figure per point. In us.
class SweepRows {
 public:
  explicit SweepRows(std::string name) : name_(std::move(name)) {}

  void add(double rate, const Histogram& run) {
    auto& point = points_[rate];
    for (std::size_t i = 0; i < point.size(); ++i) point[i].push_back(static_cast<double>(run.at(LatencyRows::fractions[i])) / 1e3);
  }
  void append_to(Outcome& outcome) const {
    for (std::size_t i = 0; i < LatencyRows::names.size(); ++i) {
      const std::string line = fmt::format("{} {}", name_, LatencyRows::names[i]);
      for (const auto& [rate, values] : points_) {
        outcome.series.push_back({.group = "sweep: latency against rate, us", .name = fmt::format("{} at {} M/s", line, short_number(rate * 1e-6)), .unit = "us",
                                  .values = values[i], .higher_is_better = false, .line = line, .x = rate * 1e-6});
      }
    }
  }

 private:
  std::string name_;
  std::map<double, std::array<std::vector<double>, LatencyRows::names.size()>> points_;  // by rate
};

}  // namespace pawl::bench
