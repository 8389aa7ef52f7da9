// Prefetching of slots by a reader: it asks for the lines it will need while it works on the ones it has, and only for slots that are
// published. A line that the writer still works on would have to go back. (Writers do not prefetch: measured, asking early for
// lines to write costs more than the store queue's own requests.)
#pragma once

#include <cstdint>

namespace pawl::ring {

// How many slots ahead of the one in hand.
inline constexpr std::int64_t read_ahead_slots = 16;

inline void prefetch_to_read(const void* line) noexcept { __builtin_prefetch(line, 0); }

}  // namespace pawl::ring
