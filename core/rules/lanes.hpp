// The lanes of a tile: the place of an event among 64 consecutive sequences.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pawl/core/base/limits.hpp"

namespace pawl::rules {

using Lanes = std::uint64_t;  // bit i: lane i, which is sequence mod 64
static_assert(limits::tile_events == 64, "a mask of a tile's lanes is one word");

inline constexpr Lanes all_lanes = ~Lanes{0};

[[nodiscard]] constexpr Lanes lane_bit(std::size_t lane) noexcept { return Lanes{1} << lane; }
[[nodiscard]] constexpr bool has_lane(Lanes lanes, std::size_t lane) noexcept { return ((lanes >> lane) & 1U) != 0; }
[[nodiscard]] constexpr Lanes lanes_between(std::size_t first, std::size_t last) noexcept { return (all_lanes >> (63 - last)) & (all_lanes << first); }

// operation(lane) for each of `lanes`, upwards.
template <class Operation>
constexpr void each_lane(Lanes lanes, Operation&& operation) {
  if (lanes == all_lanes) {  // a whole tile, the common case under load: a loop without a chain through the mask
    for (std::size_t lane = 0; lane < limits::tile_events; ++lane) operation(lane);
    return;
  }
  for (; lanes != 0; lanes &= lanes - 1) operation(static_cast<std::size_t>(__builtin_ctzll(lanes)));
}

}  // namespace pawl::rules
