// Exponentially weighted means, defined to the bit: whole numbers make the factor, and what is left are additions, multiplications and divisions of doubles
// in the order of the log.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pawl/core/window/layout.hpp"

namespace pawl::window {

// The double nearest to 2^-(elapsed / half_life); 0 from 1,000 half-lives on. REQUIRES: half_life > 0.
[[nodiscard]] double decay_factor(std::uint64_t elapsed, Duration half_life) noexcept;

// The sum of values and the sum of their weights, each weight halved in every half-life. Both stand for `te`, the time of the latest value: later they shrink
// alike, so that their quotient stays.
struct Decayed {
  double sum = 0;
  Time te = no_time;  // no value yet
  double weight = 0;

  // REQUIRES: at >= te.
  void add(double value, Time at, Duration half_life) noexcept {
    if (te != no_time) {
      const double factor = decay_factor(static_cast<std::uint64_t>(at) - static_cast<std::uint64_t>(te), half_life);
      sum *= factor;
      weight *= factor;
    }
    sum += value;
    weight += 1;
    te = at;
  }
  // In units 10^-scale of the values'. REQUIRES: a value, scale <= 18.
  [[nodiscard]] double mean(unsigned scale) const noexcept;
};
static_assert(sizeof(Decayed) == 24 && offsetof(Decayed, te) == carry_te_offset, "stands in records as it is");

}  // namespace pawl::window
