// What a run keeps of the events that it took: not the events, only the fields that later conditions, `where`, scores and reasons read,
// and of a repeated step the totals that they read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "pawl/core/base/types.hpp"
#include "pawl/core/event/header.hpp"
#include "pawl/core/event/wide.hpp"
#include "pawl/core/rules/field_access.hpp"

namespace pawl::pattern {

enum class CaptureKind : std::uint8_t {
  last,     // the field's value in the step's last event that has one; of a step that does not repeat: in its event
  first, minimum, maximum,
  events,   // how many events the step took
  values,   // how many of them have the field
  sum,      // in 128 bits
};

struct Capture {
  CaptureKind kind = CaptureKind::last;
  bool lateness = false;         // of `late_by`, which is no field of the slot
  bool text = false;
  bool floating = false;         // its sum is a double, added up in the order of the events
  rules::SlotPlace place;
  std::uint16_t offset = 0;      // in the run's captures
  std::uint8_t bit = 0;          // first, last, minimum, maximum: among the run's valid bits
};

[[nodiscard]] constexpr std::size_t capture_bytes(const Capture& capture) noexcept {
  if (capture.kind == CaptureKind::sum) return capture.floating ? sizeof(double) : sizeof(Int128);
  const bool is_text = capture.text && capture.kind != CaptureKind::values;
  return is_text ? (capture.place.bytes + 7U) / 8 * 8 : sizeof(std::int64_t);
}

// How an expression reads a capture.
struct Captured {
  enum class As : std::uint8_t { number, text, count, sum, average, float_sum, float_average } as = As::number;
  std::uint16_t offset = 0;
  std::uint16_t count_offset = 0;  // averages: of the capture `values`
  std::uint16_t text_bytes = 0;
  std::uint8_t bit = 0;
};

template <class T>
[[nodiscard]] inline T load_capture(const std::byte* captures, std::size_t offset) noexcept {
  T value;
  std::memcpy(&value, captures + offset, sizeof value);
  return value;
}
template <class T>
inline void store_capture(std::byte* captures, std::size_t offset, T value) noexcept {
  std::memcpy(captures + offset, &value, sizeof value);
}

// Takes an event of the capture's step in. `valid`: the run's valid bits.
void capture(const Capture& capture, const std::byte* slot, Time te, std::byte* captures, std::uint64_t& valid) noexcept;

}  // namespace pawl::pattern
