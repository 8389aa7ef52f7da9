// The integers of Pawl and what they count. Included everywhere; depends on nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl {

// Number of an input in the log: events, ticks, control. From 0, without gaps, never masked.
using Sequence = std::int64_t;
inline constexpr Sequence no_sequence = -1;

// A producer's own contiguous source sequence, from 1. 0: nothing was ever accepted from that source.
using Ticket = std::uint64_t;

// Nanoseconds since 1970-01-01T00:00:00Z, of event time, ingest time or effective time.
using Time = std::int64_t;

// The effective time of a log before its first event, and so the least there is: INT64_MIN means "no time" in windows.
inline constexpr Time first_effective_time = INT64_MIN + 1;

// Nanoseconds.
using Duration = std::int64_t;

inline constexpr Duration one_second = 1'000'000'000;

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

}  // namespace pawl
