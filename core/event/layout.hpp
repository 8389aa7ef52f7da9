// Where the fields of an event stand in its payload. One algorithm for both declarations: a pipeline file (schema.hpp) and a
// C++ struct (declare.hpp, at compile time).
//
//  payload:  | missing words, 8 bytes each | fields of 8 bytes | of 2 | of 1 | texts | zeros up to a multiple of 8 |
//
// Missing bits 0..31 stand in EventHeader::missing, bit 32 + i is bit i % 64 of the payload's word i / 64.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pawl {

struct FieldShape {
  std::size_t bytes = 8;
  bool is_text = false;
  bool is_event_time = false;  // stands in the header: no bytes, no missing bit
};

struct FieldPlace {
  std::uint16_t offset = 0;       // bytes from the payload's start
  std::uint16_t missing_bit = 0;
};

inline constexpr std::size_t header_missing_bits = 32;

[[nodiscard]] constexpr std::size_t missing_words(std::size_t payload_fields) noexcept {
  return payload_fields <= header_missing_bits ? 0 : (payload_fields - header_missing_bits + 63) / 64;
}

// Fills `places`, one per shape, and returns the payload's bytes. Offsets are right only if that is at most 65,535: the caller checks.
constexpr std::size_t lay_out(std::span<const FieldShape> shapes, std::span<FieldPlace> places) noexcept {
  std::size_t payload_fields = 0;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (!shapes[i].is_event_time) places[i].missing_bit = static_cast<std::uint16_t>(payload_fields++);
  }
  std::size_t next = missing_words(payload_fields) * 8;
  const auto place = [&](auto belongs) {
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      if (shapes[i].is_event_time || !belongs(shapes[i])) continue;
      places[i].offset = static_cast<std::uint16_t>(next);
      next += shapes[i].bytes;
    }
  };
  for (const std::size_t bytes : {std::size_t{8}, std::size_t{2}, std::size_t{1}}) {
    place([bytes](const FieldShape& shape) { return !shape.is_text && shape.bytes == bytes; });
  }
  place([](const FieldShape& shape) { return shape.is_text; });
  return (next + 7) / 8 * 8;
}

}  // namespace pawl
