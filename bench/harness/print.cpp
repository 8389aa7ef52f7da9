// Results as tables for people.
#include <fmt/format.h>

#include <algorithm>

#include "harness/outcome.hpp"
#include "harness/statistics.hpp"

namespace pawl::bench {
namespace {

std::string ratio_text(const Outcome& outcome, const Series& series) {
  const double value = ratio(outcome, series);
  return value == 0 ? "" : fmt::format("{:.2f} x {}", value, series.base_label.empty() ? series.base : series.base_label);
}

void print_group(const Outcome& outcome, const std::string& group) {
  std::size_t width = group.size();
  for (const Series& series : outcome.series) {
    if (series.group == group) width = std::max(width, series.name.size());
  }
  fmt::print("\n{:<{}}  {:>10} {:<12} {:>10} {:>10} {:>8}  {}\n", group, width, "median", "", "lowest", "highest", "spread", "ratio");
  for (const Series& series : outcome.series) {
    if (series.group != group) continue;
    const auto [low, high] = std::minmax_element(series.values.begin(), series.values.end());
    const double spread = spread_percent(series.values);
    fmt::print("{:<{}}  {:>10} {:<12} {:>10} {:>10} {:>6.0f} %{} {}\n", series.name, width, short_number(median(series.values)), series.unit,
               short_number(*low), short_number(*high), spread, doubt_percent(series.values) > noisy_percent ? "!" : " ", ratio_text(outcome, series));
  }
}

void print_curves(const Outcome& outcome) {
  if (outcome.curves.empty()) return;
  fmt::print("\n{:<58} {:>10} {:>10} {:>10} {:>10} {:>10}  us\n", "latency from the planned time, all runs together", "p50", "p99", "p99.9", "p99.99", "max");
  for (const Curve& curve : outcome.curves) {
    const auto us = [&](double fraction) { return short_number(static_cast<double>(curve.histogram.at(fraction)) / 1e3); };
    fmt::print("{:<58} {:>10} {:>10} {:>10} {:>10} {:>10}\n", curve.group + ": " + curve.name, us(0.5), us(0.99), us(0.999), us(0.9999), us(1));
  }
}

}  // namespace

double ratio(const Outcome& outcome, const Series& series) {
  const auto base = std::find_if(outcome.series.begin(), outcome.series.end(),
                                 [&](const Series& other) { return other.group == series.group && other.name == series.base; });
  if (series.base.empty() || base == outcome.series.end()) return 0;
  // Interleaved runs share whatever the machine did meanwhile: run against run, then the median of the ratios.
  std::vector<double> ratios;
  for (std::size_t run = 0; run < std::min(series.values.size(), base->values.size()); ++run) {
    if (base->values[run] != 0) ratios.push_back(series.values[run] / base->values[run]);
  }
  return median(ratios);
}

void print(const Outcome& outcome) {
  std::vector<std::string> groups;
  for (const Series& series : outcome.series) {
    if (std::find(groups.begin(), groups.end(), series.group) == groups.end()) groups.push_back(series.group);
  }
  for (const std::string& group : groups) print_group(outcome, group);
  print_curves(outcome);
  fmt::print("\n");
  for (const std::string& note : outcome.notes) fmt::print("{}\n", note);
  std::fflush(stdout);
}

}  // namespace pawl::bench
