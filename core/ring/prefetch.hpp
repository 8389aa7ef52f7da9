// Prefetching of slots: what lets a one-to-one ring run faster than one line transfer per event. Each side asks for the lines it will need
// while it works on the ones it has, and only for slots that are its own already: a line that the other side still works on would
// have to come back.
#pragma once

#include <cstdint>

#include "pawl/core/base/types.hpp"

namespace pawl::ring {

// How many slots ahead of the one in hand.
inline constexpr std::int64_t read_ahead_slots = 16;
inline constexpr std::int64_t write_ahead_slots = 32;

inline void prefetch_to_read(const void* line) noexcept { __builtin_prefetch(line, 0); }

// Asks for the line in a state that may be written: a plain prefetch would fetch it shared, and the store would ask a second time.
inline void prefetch_to_write(const void* line) noexcept {
#if defined(__x86_64__)
  // Spelled out, because compilers emit it only for -mprfchw. A 64-bit processor without it treats it as a no-op.
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(line)));
#else
  __builtin_prefetch(line, 1);
#endif
}

}  // namespace pawl::ring
