// Random numbers by integers alone, the same on every machine and with every library.
#pragma once

#include <cstdint>

#include "pawl/core/base/types.hpp"

namespace pawl::gen {

// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). One per purpose: streams that share a
// seed but differ in `stream` are independent.
class Random {
 public:
  constexpr Random(std::uint64_t seed, std::uint64_t stream) : state_(mixed(seed ^ mixed(stream + step))) {}

  constexpr std::uint64_t bits() noexcept { return mixed(state_ += step); }

  // Uniform in [0, n), by multiplication; its bias of n / 2^64 is below what any test here could see. REQUIRES: n > 0.
  constexpr std::uint64_t below(std::uint64_t n) noexcept { return static_cast<std::uint64_t>(static_cast<Uint128>(bits()) * n >> 64); }

  // About normal, mean 0, standard deviation 2^16: the sum of 12 uniform numbers of 16 bits less its mean (Irwin and Hall). Within
  // 6 standard deviations.
  constexpr std::int64_t normal() noexcept {
    std::int64_t sum = 0;
    for (int draw = 0; draw < 3; ++draw) {
      const std::uint64_t four = bits();
      sum += static_cast<std::int64_t>((four & 0xFFFF) + (four >> 16 & 0xFFFF) + (four >> 32 & 0xFFFF) + (four >> 48));
    }
    return sum - 6 * 65'535;
  }

  // How many of `fours` * 4 trials succeed, each with probability p / 2^16: near Poisson for small p.
  constexpr std::uint32_t binomial(std::uint32_t fours, std::uint32_t p) noexcept {
    std::uint32_t successes = 0;
    for (std::uint32_t i = 0; i < fours; ++i) {
      const std::uint64_t four = bits();
      for (int shift = 0; shift < 64; shift += 16) successes += (four >> shift & 0xFFFF) < p ? 1U : 0U;
    }
    return successes;
  }

 private:
  static constexpr std::uint64_t step = 0x9E3779B97F4A7C15;
  static constexpr std::uint64_t mixed(std::uint64_t z) noexcept {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  std::uint64_t state_;
};

}  // namespace pawl::gen
