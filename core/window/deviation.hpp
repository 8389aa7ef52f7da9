// Standard deviations: exact sums in whole numbers, rounded once at the end, so that no compiler and no order of events can change a bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "pawl/core/base/types.hpp"

namespace pawl::window {

// Of values and of their squares, modulo 2^128 and 2^192: exact for 2^64 values.
struct Moments {
  std::array<std::uint64_t, 2> sum;
  std::array<std::uint64_t, 3> squares;  // least significant first

  void add(std::int64_t value) noexcept {
    const Uint128 total = whole(sum[0], sum[1]) + static_cast<Uint128>(static_cast<Int128>(value));
    const Uint128 square = static_cast<Uint128>(static_cast<Int128>(value) * value), low = whole(squares[0], squares[1]) + square;
    sum = {static_cast<std::uint64_t>(total), static_cast<std::uint64_t>(total >> 64)};
    squares = {static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(low >> 64), squares[2] + (low < square)};
  }
  // Less what is missing to 0.
  void add(const Moments& other) noexcept { *this = *this - (Moments{} - other); }
  [[nodiscard]] Moments operator-(const Moments& other) const noexcept {
    const Uint128 total = whole(sum[0], sum[1]) - whole(other.sum[0], other.sum[1]);
    const Uint128 low = whole(squares[0], squares[1]), other_low = whole(other.squares[0], other.squares[1]), difference = low - other_low;
    return {{static_cast<std::uint64_t>(total), static_cast<std::uint64_t>(total >> 64)},
            {static_cast<std::uint64_t>(difference), static_cast<std::uint64_t>(difference >> 64), squares[2] - other.squares[2] - (low < other_low)}};
  }

  [[nodiscard]] static Uint128 whole(std::uint64_t low, std::uint64_t high) noexcept { return static_cast<Uint128>(high) << 64 | low; }
};
static_assert(sizeof(Moments) == 40, "stands in records as it is");

// The sample's standard deviation of `count` values of units 10^-scale: the double nearest to it, ties to even. REQUIRES: count >= 2, scale <= 18.
[[nodiscard]] double deviation(std::uint64_t count, const Moments& moments, unsigned scale) noexcept;

struct Sample {
  std::uint64_t count;
  Moments moments;
};
inline constexpr std::size_t samples_max = 64;

// deviation() of each sample, four at a time where the processor can; of one with fewer than two values any number. REQUIRES: at most samples_max; room for as many at `to`.
void deviations(std::span<const Sample> samples, unsigned scale, double* to) noexcept;

}  // namespace pawl::window
