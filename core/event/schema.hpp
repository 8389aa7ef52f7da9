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
  std::uint64_t layout_hash = 0;       // XXH3-64 of layout_text(): name, and every field's name, type with labels, and offset

  // Lays the fields out as layout.hpp says. Errors (bad_pipeline): no `at` or one that is not a time, two fields of one name, too many
  // fields, a scale over 18, a text of 0 bytes or over the limit, an enum without labels or with a label twice, a payload over
  // limits::event_payload_bytes_max.
  static Result<EventSchema> make(std::string name, std::vector<Field> fields, std::uint16_t type);

  // Index into fields, or -1.
  [[nodiscard]] int find(std::string_view field_name) const noexcept;
};

// What layout_hash is taken of: "Payment{id:int@0,at:time@header,side:enum(buy,sell)@16}".
[[nodiscard]] std::string layout_text(const EventSchema& schema);

// Empty if both declare the same layout, else a text that names the first field that differs: "field 2 is `amount: money` in the
// program, but `amount: decimal(4)` in the pipeline". `left_place` and `right_place` say where each declaration stands.
[[nodiscard]] std::string first_difference(const EventSchema& left, std::string_view left_place, const EventSchema& right,
                                           std::string_view right_place);

// Reading and writing one field of an event that stands in memory as header and payload. `slot` starts with the EventHeader.
// Numbers are in units of the field's type; that of a floating field is the bits of its double. Not checked against the slot's own
// type and length: whoever takes a slot in from outside does that once.
[[nodiscard]] bool is_missing(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept;
[[nodiscard]] std::int64_t read_number(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept;  // REQUIRES: not text
[[nodiscard]] std::string_view read_text(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept;  // without padding
[[nodiscard]] Value read_value(const EventSchema& schema, const std::byte* slot, std::size_t field);

// True if header and payload hold the same event: `at`, every field's value, every missing field. Ignores stamp, crc,
// ingest time, ticket and source, which say how it came in.
[[nodiscard]] bool same_event(const EventSchema& schema, const std::byte* left, const std::byte* right) noexcept;

// "Payment{id=7, at=2018-04-01T00:00:31Z, amount=57.16, device=missing}": for people and tests.
[[nodiscard]] std::string to_string(const EventSchema& schema, const std::byte* slot);

// Starts an event in `slot`: clears header and payload, sets type and length, marks every payload field missing. The stamp is left alone.
void begin_event(const EventSchema& schema, std::byte* slot) noexcept;
void write_number(const EventSchema& schema, std::byte* slot, std::size_t field, std::int64_t value) noexcept;  // `at` sets the header
[[nodiscard]] bool write_text(const EventSchema& schema, std::byte* slot, std::size_t field, std::string_view text) noexcept;  // false: too long
void write_missing(const EventSchema& schema, std::byte* slot, std::size_t field) noexcept;  // and zeros its bytes. REQUIRES: not `at`

}  // namespace pawl
