// An entry of a group's queue in 16 bytes: where one sum and at most eight counts are all that edges add, and no window reaches back
// farther than 104 days. 16 in place of 24 bytes an event, and as much less to read for each edge.
//
//   slot    | time, modulo 2^54: 54 bits | counts: 8 | wide: 1 | sentinel: 1 |  | record: 32 | value: 32, signed |
//   a value that is wider stands in the second word of one more slot
//
// Entries in the queue are at most span_max older than the newest one, so differences modulo 2^54 say which is earlier.
#pragma once

#include <algorithm>
#include <cstdint>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/layout.hpp"

namespace pawl::window::packed {

inline constexpr unsigned time_bits = 54, counts_shift = time_bits, spare_bits = 64 - time_bits;
inline constexpr std::uint64_t wide_flag = std::uint64_t{1} << 62;
inline constexpr Bits counts_mask = 0xFF;

struct Entry {
  std::uint64_t head;
  std::uint32_t record;
  std::int32_t value;           // if not wide()

  [[nodiscard]] bool wide() const noexcept { return (head & wide_flag) != 0; }
  [[nodiscard]] Bits counts() const noexcept { return head >> counts_shift & counts_mask; }
};
static_assert(sizeof(Entry) == 16 && offsetof(Entry, record) == offsetof(EntryHead, record), "records are found at one place in both");

[[nodiscard]] inline bool fits(std::int64_t value) noexcept { return value == static_cast<std::int32_t>(value); }

[[nodiscard]] inline Entry make(Time te, std::uint32_t record, Bits bits, std::int64_t value) noexcept {
  const std::uint64_t time = static_cast<std::uint64_t>(te) << spare_bits >> spare_bits;
  return {time | (bits & counts_mask) << counts_shift | (fits(value) ? 0 : wide_flag), record, static_cast<std::int32_t>(value)};
}

// te - that of the entry. REQUIRES: it is less than 2^53, either way.
[[nodiscard]] inline Duration since(std::uint64_t head, Time te) noexcept {
  return static_cast<std::int64_t>((static_cast<std::uint64_t>(te) << spare_bits) - (head << spare_bits)) >> spare_bits;
}

// Something to compare entries with in place of `limit`: as late or early as matters. `newest`: te of the newest entry.
[[nodiscard]] inline Time near(Time limit, Time newest) noexcept { return std::clamp(limit, earlier(newest, packed_span_max), newest); }

// Whether an entry is not later than `limit`, and no sentinel. REQUIRES: `limit` comes from near().
[[nodiscard]] inline bool is_due(std::uint64_t head, Time limit) noexcept {
  const std::uint64_t since = (static_cast<std::uint64_t>(limit) << spare_bits) - (head << spare_bits);
  return static_cast<std::int64_t>(since | head) >= 0;
}

}  // namespace pawl::window::packed
