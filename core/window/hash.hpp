// The one hash of keyed state: XXH3-64 with a fixed seed. Partitions, and so refusals, depend on it: it is part of what a log means.
#pragma once

#include <cstddef>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace pawl::window {

inline constexpr std::uint64_t hash_seed = 0x5041'574C'0000'0001;  // "PAWL", version 1

[[nodiscard]] inline std::uint64_t hash_bytes(const void* bytes, std::size_t count) noexcept {
  if (count == 8) return XXH3_64bits_withSeed(bytes, 8, hash_seed);  // the usual key: a constant length is a few instructions
  return XXH3_64bits_withSeed(bytes, count, hash_seed);
}

}  // namespace pawl::window
