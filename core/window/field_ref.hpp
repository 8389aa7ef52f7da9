// Where a field stands in a slot, resolved once, for reading without its schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "pawl/core/event/schema.hpp"

namespace pawl::window {

class FieldRef {
 public:
  FieldRef() = default;
  FieldRef(const EventSchema& schema, std::size_t field) : FieldRef(schema.fields[field]) {}

  [[nodiscard]] bool missing(const std::byte* slot) const noexcept {
    return (std::to_integer<std::uint8_t>(slot[missing_byte_]) & missing_mask_) != 0;
  }
  // REQUIRES: not text. Not to be used when missing.
  [[nodiscard]] std::int64_t number(const std::byte* slot) const noexcept {
    if (bytes_ == 8) {
      std::int64_t value;
      std::memcpy(&value, slot + offset_, sizeof value);
      return value;
    }
    if (bytes_ == 1) return std::to_integer<std::int64_t>(slot[offset_]);
    std::uint16_t value;
    std::memcpy(&value, slot + offset_, sizeof value);
    return value;
  }
  // A number as part of the aligned word around it: fields of 1 and 2 bytes never straddle two words.
  [[nodiscard]] std::uint16_t word() const noexcept { return static_cast<std::uint16_t>(offset_ & ~7U); }
  [[nodiscard]] std::uint8_t shift() const noexcept { return static_cast<std::uint8_t>(offset_ % 8 * 8); }
  [[nodiscard]] std::uint64_t mask() const noexcept { return bytes_ == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes_)) - 1; }
  [[nodiscard]] std::uint16_t missing_byte() const noexcept { return missing_byte_; }
  [[nodiscard]] std::uint8_t missing_mask() const noexcept { return missing_mask_; }
  [[nodiscard]] const std::byte* bytes(const std::byte* slot) const noexcept { return slot + offset_; }
  [[nodiscard]] std::size_t byte_count() const noexcept { return bytes_; }
  // REQUIRES: text. Without padding.
  [[nodiscard]] std::string_view text(const std::byte* slot) const noexcept {
    const char* first = reinterpret_cast<const char*>(slot) + offset_;
    return {first, strnlen(first, bytes_)};
  }

 private:
  explicit FieldRef(const Field& field)
      : offset_(static_cast<std::uint16_t>(field.is_event_time ? offsetof(EventHeader, at) : sizeof(EventHeader) + field.offset)),
        bytes_(static_cast<std::uint16_t>(stored_bytes(field.type))) {
    if (field.is_event_time) return;  // never missing: the mask stays 0
    // Bits are numbered through the header's word and then the payload's first words, all little-endian.
    const std::size_t bit = field.missing_bit;
    missing_byte_ = static_cast<std::uint16_t>(bit < 32 ? offsetof(EventHeader, missing) + bit / 8 : sizeof(EventHeader) + (bit - 32) / 8);
    missing_mask_ = static_cast<std::uint8_t>(1U << (bit % 8));
  }

  static_assert(limits::event_header_bytes + limits::event_payload_bytes_max <= UINT16_MAX, "a place in a slot takes 16 bits");

  std::uint16_t offset_ = 0;
  std::uint16_t bytes_ = 8;
  std::uint16_t missing_byte_ = offsetof(EventHeader, missing);
  std::uint8_t missing_mask_ = 0;
};

}  // namespace pawl::window
