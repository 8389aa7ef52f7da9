// How much time one cause took in any interval: by a sum over all time, so that asking is two searches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pawl::bench {

class CauseTime {
 public:
  // `ns` of it, somewhere between the two: evenly spread. Intervals may overlap.
  void add(std::int64_t from_ns, std::int64_t to_ns, std::int64_t ns) {
    if (to_ns <= from_ns || ns <= 0) return;
    const double rate = static_cast<double>(ns) / static_cast<double>(to_ns - from_ns);
    steps_.push_back({from_ns, rate, 0});
    steps_.push_back({to_ns, -rate, 0});
    summed_ = false;
  }

  // Of the interval, in ns; more than its length if the cause took the time of several threads.
  [[nodiscard]] double within(std::int64_t from_ns, std::int64_t to_ns) {
    if (!summed_) sum();
    return until(to_ns) - until(from_ns);
  }

 private:
  struct Step {
    std::int64_t at_ns;
    double rate;   // its change here; once summed: from here on
    double before;  // once summed: all until here
  };

  void sum() {
    std::sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) { return a.at_ns < b.at_ns; });
    double rate = 0, total = 0;
    std::int64_t last = steps_.empty() ? 0 : steps_.front().at_ns;
    for (Step& step : steps_) {
      total += rate * static_cast<double>(step.at_ns - last);
      last = step.at_ns;
      step = {step.at_ns, rate += step.rate, total};
    }
    summed_ = true;
  }
  [[nodiscard]] double until(std::int64_t at_ns) const {
    const auto after = std::upper_bound(steps_.begin(), steps_.end(), at_ns, [](std::int64_t at, const Step& step) { return at < step.at_ns; });
    if (after == steps_.begin()) return 0;
    const Step& step = *(after - 1);
    return step.before + std::max(0.0, step.rate) * static_cast<double>(at_ns - step.at_ns);
  }

  std::vector<Step> steps_;
  bool summed_ = true;
};

}  // namespace pawl::bench
