// Reading and writing words at offsets of records and entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

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

// `bytes` is a multiple of 8 and small: words beat a call of memcpy.
inline void copy_words(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  switch (bytes) {
    case 0: return;
    case 8: std::memcpy(to, from, 8); return;
    case 16: std::memcpy(to, from, 16); return;
    case 24: std::memcpy(to, from, 24); return;
    case 32: std::memcpy(to, from, 32); return;
    default: std::memcpy(to, from, bytes);
  }
}

[[nodiscard]] inline RecordHead* head_of(std::byte* record) noexcept { return reinterpret_cast<RecordHead*>(record); }
[[nodiscard]] inline const RecordHead* head_of(const std::byte* record) noexcept { return reinterpret_cast<const RecordHead*>(record); }
[[nodiscard]] inline CursorHead* cursor_of(std::byte* record, const Edge& edge) noexcept {
  return reinterpret_cast<CursorHead*>(record + edge.cursor);
}
[[nodiscard]] inline const CursorHead* cursor_of(const std::byte* record, const Edge& edge) noexcept {
  return reinterpret_cast<const CursorHead*>(record + edge.cursor);
}

// te - offset, or the time before all events.
[[nodiscard]] inline Time earlier(Time te, Duration offset) noexcept {
  Time result;
  return __builtin_sub_overflow(te, offset, &result) ? no_time : result;
}

}  // namespace pawl::window
