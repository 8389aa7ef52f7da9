// What an event looks like: its fields, where each stands in a payload, and a hash that two declarations must agree on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/core/event/header.hpp"
#include "pawl/core/event/type.hpp"

namespace pawl {

struct Field {
  std::string name;
  Type type;
  std::vector<std::string> labels;  // enumeration: label i has index i

  // Set by EventSchema::make.
  bool is_event_time = false;   // the field `at`: stands in the header, is never missing, takes no payload
  std::uint16_t offset = 0;     // bytes from the payload's start
  std::uint16_t missing_bit = 0;
};

// Immutable after make(); readable from any thread.
struct EventSchema {
  std::string name;
  std::vector<Field> fields;           // in the order of their declaration
  std::uint16_t type = 0;              // EventHeader::type of such events
  std::uint16_t payload_bytes = 0;     // multiple of 8
  std::uint64_t layout_hash = 0;       // of the name and every field's name, type and offset

  // Lays the fields out: missing words for fields from 32 on, then fields of 8 bytes, of 2, of 1, then texts; each in declared order.
  // Errors (bad_pipeline): no `at`, two fields of one name, too many fields, payload over limits::event_payload_bytes_max.
  static Result<EventSchema> make(std::string name, std::vector<Field> fields, std::uint16_t type);

  // Index into fields, or -1.
  [[nodiscard]] int find(std::string_view field_name) const noexcept;
};

// Reading and writing one field of an event that stands in memory as header and payload. `slot` starts with the EventHeader.
[[nodiscard]] bool is_missing(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept;
[[nodiscard]] std::int64_t read_number(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept;  // REQUIRES: not text
[[nodiscard]] std::string_view read_text(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept;  // without padding
[[nodiscard]] Value read_value(const EventSchema& schema, const std::byte* slot, std::size_t field);

// Starts an event in `slot`: clears header and payload, sets type and length, marks every payload field missing. The stamp is left alone.
void begin_event(const EventSchema& schema, std::byte* slot) noexcept;
void write_number(const EventSchema& schema, std::byte* slot, std::size_t field, std::int64_t value) noexcept;  // `at` sets the header
[[nodiscard]] bool write_text(const EventSchema& schema, std::byte* slot, std::size_t field, std::string_view text) noexcept;  // false: too long

}  // namespace pawl
