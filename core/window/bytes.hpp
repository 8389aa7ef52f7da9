// Reading and writing words at offsets of records and entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "pawl/core/base/planted.hpp"
#include "pawl/core/window/layout.hpp"

namespace pawl::window {

template <class T>
[[nodiscard]] inline T load(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
inline void store(std::byte* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

[[nodiscard]] inline RecordHead* head_of(std::byte* record) noexcept { return reinterpret_cast<RecordHead*>(record); }
[[nodiscard]] inline const RecordHead* head_of(const std::byte* record) noexcept { return reinterpret_cast<const RecordHead*>(record); }

// te - offset, or the time before all events.
[[nodiscard]] inline Time earlier(Time te, Duration offset) noexcept {
  Time result;
  if (planted(Bug::window_closed_on_the_left)) te -= te > no_time ? 1 : 0;
  return __builtin_sub_overflow(te, offset, &result) ? no_time : result;
}

// See Column::Kind::recent.
inline void add_recent(std::byte* recent, std::uint32_t room, std::int64_t value, bool valid) noexcept {
  auto head = load<RecentHead>(recent);
  store(recent + sizeof head + head.next * sizeof value, value);
  head.valid = (head.valid & ~(std::uint32_t{1} << head.next)) | static_cast<std::uint32_t>(valid) << head.next;
  head.next = static_cast<std::uint16_t>(head.next + 1U == room ? 0 : head.next + 1);
  head.held = static_cast<std::uint16_t>(head.held + (head.held != room));
  store(recent, head);
}

// None is wide. Nearly always all of them are in the half of the range around 0: an add and an or each, side by side.
[[nodiscard, gnu::always_inline]] inline bool all_narrow(const std::int64_t* values, std::size_t count) noexcept {
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < count; ++i) any |= static_cast<std::uint64_t>(values[i]) + (std::uint64_t{1} << (narrow_bits - 1));
  if (any >> narrow_bits == 0) [[likely]] return true;
  bool wide = false;
  for (std::size_t i = 0; i < count; ++i) wide |= !is_narrow(values[i]);
  return !wide;
}

// Two or four counts at once, as a vector where there are any.
using Pair [[gnu::vector_size(8)]] = std::uint32_t;
using Quad [[gnu::vector_size(16)]] = std::uint32_t;
inline constexpr std::uint32_t quad_of_bits[16][4] = {{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}, {1, 0, 1, 0}, {0, 1, 1, 0}, {1, 1, 1, 0},
                                                      {0, 0, 0, 1}, {1, 0, 0, 1}, {0, 1, 0, 1}, {1, 1, 0, 1}, {0, 0, 1, 1}, {1, 0, 1, 1}, {0, 1, 1, 1}, {1, 1, 1, 1}};

// Loops are made for 0, 2, 4 and 8 of them.
[[nodiscard]] inline std::size_t place_of_counts(std::size_t counts) noexcept { return counts == 8 ? 3 : counts / 2; }

// Adds an entry to the sums and counts of a block. With constant arguments these are straight instructions. `counts`: 2 or a multiple of 4.
[[gnu::always_inline]] inline void add_to_block(std::byte* block, std::uint64_t bits, const std::byte* words, std::size_t sums, std::size_t counts) noexcept {
  for (std::size_t i = 0; i < sums; ++i, block += sizeof(std::uint64_t), words += sizeof(std::uint64_t)) {
    store(block, load<std::uint64_t>(block) + load<std::uint64_t>(words));
  }
  if (counts == 2) {
    store(block, load<Pair>(block) + load<Pair>(reinterpret_cast<const std::byte*>(quad_of_bits[bits & 3])));
    return;
  }
  for (std::size_t i = 0; i < counts; i += 4, block += sizeof(Quad), bits >>= 4) {
    store(block, load<Quad>(block) + load<Quad>(reinterpret_cast<const std::byte*>(quad_of_bits[bits & 15])));
  }
}

}  // namespace pawl::window
