// Fields by name, resolved to places in the slots of each event type.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/event/schema.hpp"
#include "pawl/core/event/type.hpp"

namespace pawl::rules {

// Where one field stands in the slots of one event type.
struct SlotPlace {
  std::int32_t offset = -1;  // bytes from the slot's start; -1: the type has no such field
  std::uint32_t missing_offset = 0, missing_mask = 0;  // the word and bit that say so; mask 0: never missing
  std::uint32_t bytes = 0;   // stored; of a text: its declared length
  Kind kind = Kind::integer;

  [[nodiscard]] bool exists() const noexcept { return offset >= 0; }
  [[nodiscard]] bool present(const std::byte* slot) const noexcept {
    std::uint32_t word;
    std::memcpy(&word, slot + missing_offset, sizeof word);
    return (word & missing_mask) == 0;
  }
  // In units of the field's type. REQUIRES: present, not a text.
  [[nodiscard]] std::int64_t number(const std::byte* slot) const noexcept {
    if (kind == Kind::boolean) return slot[offset] != std::byte{0};
    if (kind == Kind::enumeration) return at<std::uint16_t>(slot);
    return at<std::int64_t>(slot);
  }
  // Without padding. REQUIRES: a text.
  [[nodiscard]] std::string_view text(const std::byte* slot) const noexcept {
    const char* chars = reinterpret_cast<const char*>(slot + offset);
    return {chars, ::strnlen(chars, bytes)};
  }
  template <class Stored>
  [[nodiscard]] Stored at(const std::byte* slot) const noexcept {
    Stored value;
    std::memcpy(&value, slot + offset, sizeof value);
    return value;
  }
};

// `field`: index into schema.fields, or -1 for none.
[[nodiscard]] SlotPlace place_of(const EventSchema& schema, int field);

// A field by name and kind in every event type: another event may have a field of the same name that is something else. Or a text that is computed.
struct FieldAccess {
  std::string name;
  Kind kind = Kind::integer;
  std::vector<SlotPlace> in;  // by event index
  std::optional<std::uint16_t> column = {};  // of a computed text: its register; it has no name then, and stands in no slot
  std::size_t bytes = 0;                     // likewise: of the longest
};

// The index of that field among `fields`, where it is appended if it is new. Set-up.
std::uint16_t field_access(std::vector<FieldAccess>& fields, const std::vector<EventSchema>& events, const std::string& name, Kind kind);

// The same of a text in a register.
std::uint16_t computed_text(std::vector<FieldAccess>& fields, const std::vector<EventSchema>& events, std::uint16_t column, std::size_t bytes);

}  // namespace pawl::rules
