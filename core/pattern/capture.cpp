#include "pawl/core/pattern/capture.hpp"

#include <bit>
#include <optional>

namespace pawl::pattern {
namespace {

std::optional<std::int64_t> number_of(const Capture& capture, const std::byte* slot, Time te) noexcept {
  if (!capture.lateness) return capture.place.present(slot) ? std::optional(capture.place.number(slot)) : std::nullopt;
  std::int64_t late;
  const bool overflows = __builtin_sub_overflow(te, reinterpret_cast<const EventHeader*>(slot)->at, &late);
  return overflows ? std::nullopt : std::optional(late);
}

void keep_text(const Capture& capture, const std::byte* slot, std::byte* captures, std::uint64_t& valid) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << capture.bit;
  if (!capture.place.present(slot) || (capture.kind == CaptureKind::first && (valid & bit) != 0)) return;
  std::memcpy(captures + capture.offset, slot + capture.place.offset, capture.place.bytes);
  valid |= bit;
}

void keep_number(const Capture& capture, std::int64_t number, std::byte* captures, std::uint64_t& valid) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << capture.bit;
  const bool has_one = (valid & bit) != 0;
  const auto old = load_capture<std::int64_t>(captures, capture.offset);
  const auto less = [&](std::int64_t a, std::int64_t b) { return capture.floating ? std::bit_cast<double>(a) < std::bit_cast<double>(b) : a < b; };
  switch (capture.kind) {
    case CaptureKind::first: number = has_one ? old : number; break;
    case CaptureKind::minimum: number = has_one && !less(number, old) ? old : number; break;
    case CaptureKind::maximum: number = has_one && !less(old, number) ? old : number; break;
    default: break;
  }
  store_capture(captures, capture.offset, number);
  valid |= bit;
}

}  // namespace

void capture(const Capture& capture, const std::byte* slot, Time te, std::byte* captures, std::uint64_t& valid) noexcept {
  if (capture.kind == CaptureKind::events) {
    return store_capture(captures, capture.offset, load_capture<std::int64_t>(captures, capture.offset) + 1);
  }
  if (capture.kind == CaptureKind::values && capture.text) {
    return store_capture(captures, capture.offset, load_capture<std::int64_t>(captures, capture.offset) + static_cast<std::int64_t>(capture.place.present(slot)));
  }
  if (capture.text) return keep_text(capture, slot, captures, valid);
  const std::optional<std::int64_t> number = number_of(capture, slot, te);
  if (!number) return;
  if (capture.kind == CaptureKind::values) return store_capture(captures, capture.offset, load_capture<std::int64_t>(captures, capture.offset) + 1);
  if (capture.kind == CaptureKind::sum && capture.floating) {
    return store_capture(captures, capture.offset, load_capture<double>(captures, capture.offset) + std::bit_cast<double>(*number));
  }
  if (capture.kind == CaptureKind::sum) return store_capture(captures, capture.offset, load_capture<Int128>(captures, capture.offset) + *number);
  keep_number(capture, *number, captures, valid);
}

}  // namespace pawl::pattern
