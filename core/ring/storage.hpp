// What Writer and Reader ask of slot storage. The sequence protocol does not know what is in a slot: Ring (typed) and ByteRing (slots
// whose size is known at run time) stand behind this concept.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

#include "pawl/core/base/types.hpp"

namespace pawl::ring {

template <class S>
concept SlotStorage = requires(S& storage, const S& reading, Sequence sequence) {
  typename S::Policy;
  { reading.capacity() } noexcept -> std::same_as<std::int64_t>;  // a power of two
  storage[sequence];                                              // the slot of a sequence: sequence & (capacity - 1)
  reading.prefetch(sequence);
  { S::has_stamp } -> std::convertible_to<bool>;
};

// Storage whose slots carry a stamp: sequence + 1 once published, 0 when never.
template <class S>
concept StampedStorage = SlotStorage<S> && S::has_stamp && requires(S& storage, const S& reading, Sequence sequence) {
  storage.stamp_release(sequence);
  { reading.stamped_acquire(sequence) } -> std::same_as<bool>;
};

[[nodiscard]] constexpr bool is_power_of_two(std::int64_t n) noexcept { return n > 0 && std::has_single_bit(static_cast<std::uint64_t>(n)); }

// Sequences stay below this, so that sequence + capacity and sequence + budget never overflow. At 1 G/s that lasts 146 years.
inline constexpr Sequence sequence_max = Sequence{1} << 62;

}  // namespace pawl::ring
