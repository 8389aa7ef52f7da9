// Prefetching of slots: whoever works on a slot asks for the lines of one further on. A reader asks only for slots that are published, a writer
// only for slots that it has claimed: a line that somebody still works on would have to go back. A writer asks for lines to own: asking as a
// reader does (which is what compilers make of a prefetch for writing unless told the processor) costs a second transfer, and was slower than nothing.
#pragma once

#include <cstdint>

namespace pawl::ring {

// How many slots ahead of the one in hand.
inline constexpr std::int64_t read_ahead_slots = 16;
inline constexpr std::int64_t write_ahead_slots = 16;

inline void prefetch_to_write(void* line) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(line)));  // does nothing where the processor does not know it
#else
  __builtin_prefetch(line, 1);
#endif
}

inline void prefetch_to_read(const void* line) noexcept { __builtin_prefetch(line, 0); }

}  // namespace pawl::ring
