#include "pawl/core/event/schema.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/event/layout.hpp"

namespace pawl {
namespace {

constexpr std::size_t label_bytes_max = print_bytes_max;
constexpr std::size_t labels_max = 65'535;

std::string type_text(const Field& field) {
  if (field.type.kind != Kind::enumeration) return to_string(field.type);
  std::string text = "enum(";
  for (std::size_t i = 0; i < field.labels.size(); ++i) text += (i == 0 ? "" : ",") + field.labels[i];
  return text + ")";
}

std::string label_problem(const std::vector<std::string>& labels) {
  if (labels.empty()) return "an enum needs at least one label";
  if (labels.size() > labels_max) return "an enum has at most 65535 labels";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].empty() || labels[i].size() > label_bytes_max) return "a label has 1 to 64 bytes";
    if (std::find(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(i), labels[i]) != labels.begin() + static_cast<std::ptrdiff_t>(i))
      return "the label `" + labels[i] + "` stands there twice";
  }
  return {};
}

// Empty, or what is wrong with this field alone.
std::string field_problem(const Field& field) {
  const Type& type = field.type;
  if (field.name == "at" && type.kind != Kind::time) return "the event time `at` must have type time, not " + type_text(field);
  if (type.ratio) return "a ratio is computed, it cannot be a field";
  if (type.scale > scale_max) return "a scale is at most 18 digits";
  if (type.kind == Kind::text && (type.text_bytes == 0 || type.text_bytes > limits::text_bytes_max))
    return "a text has 1 to " + std::to_string(limits::text_bytes_max) + " bytes";
  if (type.kind == Kind::enumeration) return label_problem(field.labels);
  return {};
}

Error problem(const EventSchema& schema, const std::string& field, const std::string& text) {
  return {ErrorCode::bad_pipeline, "event " + schema.name + (field.empty() ? "" : ", field `" + field + "`") + ": " + text};
}

Result<void> check_fields(const EventSchema& schema) {
  if (schema.fields.size() > limits::event_fields_max)
    return problem(schema, {}, "more than " + std::to_string(limits::event_fields_max) + " fields");
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const Field& field = schema.fields[i];
    if (schema.find(field.name) != static_cast<int>(i)) return problem(schema, field.name, "declared twice");
    if (const std::string text = field_problem(field); !text.empty()) return problem(schema, field.name, text);
  }
  if (schema.find("at") < 0) return problem(schema, {}, "needs its event time: a field `at: time`");
  return {};
}

const std::byte* payload_of(const std::byte* slot) noexcept { return slot + sizeof(EventHeader); }
std::byte* payload_of(std::byte* slot) noexcept { return slot + sizeof(EventHeader); }

template <class T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
void store(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

void set_missing_bit(std::byte* slot, std::size_t bit, bool missing) noexcept {
  if (bit < header_missing_bits) {
    std::byte* word = slot + offsetof(EventHeader, missing);
    const std::uint32_t mask = std::uint32_t{1} << bit;
    const auto old = load<std::uint32_t>(word);
    store(word, missing ? old | mask : old & ~mask);
    return;
  }
  std::byte* word = payload_of(slot) + (bit - header_missing_bits) / 64 * 8;
  const std::uint64_t mask = std::uint64_t{1} << ((bit - header_missing_bits) % 64);
  const auto old = load<std::uint64_t>(word);
  store(word, missing ? old | mask : old & ~mask);
}

std::string value_text(const EventSchema& schema, const std::byte* slot, std::size_t field) {
  const Field& f = schema.fields[field];
  return to_string(f.type, read_value(schema, slot, field), f.labels);
}

}  // namespace

Result<EventSchema> EventSchema::make(std::string name, std::vector<Field> fields, std::uint16_t type) {
  EventSchema schema;
  schema.name = std::move(name);
  schema.fields = std::move(fields);
  schema.type = type;
  if (auto checked = check_fields(schema); !checked) return std::move(checked).error();

  std::vector<FieldShape> shapes;
  for (Field& field : schema.fields) {
    field.is_event_time = field.name == "at";
    shapes.push_back({stored_bytes(field.type), field.type.kind == Kind::text, field.is_event_time});
  }
  std::vector<FieldPlace> places(shapes.size());
  const std::size_t payload = lay_out(shapes, places);
  if (payload > limits::event_payload_bytes_max) {
    return problem(schema, {}, "takes " + std::to_string(payload) + " bytes of payload; at most " +
                                   std::to_string(limits::event_payload_bytes_max) + " are allowed: shorten its texts");
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    schema.fields[i].offset = places[i].offset;
    schema.fields[i].missing_bit = places[i].missing_bit;
  }
  schema.payload_bytes = static_cast<std::uint16_t>(payload);
  const std::string text = layout_text(schema);
  schema.layout_hash = XXH3_64bits(text.data(), text.size());
  return schema;
}

int EventSchema::find(std::string_view field_name) const noexcept {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == field_name) return static_cast<int>(i);
  }
  return -1;
}

std::string layout_text(const EventSchema& schema) {
  std::string text = schema.name + "{";
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const Field& field = schema.fields[i];
    text += (i == 0 ? "" : ",") + field.name + ":" + type_text(field) + "@" + (field.is_event_time ? "header" : std::to_string(field.offset));
  }
  return text + "}";
}

std::string first_difference(const EventSchema& left, std::string_view left_place, const EventSchema& right, std::string_view right_place) {
  const auto differ = [&](const std::string& what, const std::string& a, const std::string& b) {
    return what + " is " + a + " in the " + std::string(left_place) + ", but " + b + " in the " + std::string(right_place);
  };
  if (left.name != right.name) return differ("the event", "`" + left.name + "`", "`" + right.name + "`");
  const auto declared = [](const EventSchema& schema, std::size_t i) {
    return i < schema.fields.size() ? "`" + schema.fields[i].name + ": " + type_text(schema.fields[i]) + "`" : std::string("absent");
  };
  for (std::size_t i = 0; i < std::max(left.fields.size(), right.fields.size()); ++i) {
    const std::string a = declared(left, i);
    const std::string b = declared(right, i);
    if (a != b) return differ("event " + left.name + ": field " + std::to_string(i + 1), a, b);
  }
  return {};
}

bool is_missing(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept {
  const Field& f = schema.fields[field];
  if (f.is_event_time) return false;
  const std::size_t bit = f.missing_bit;
  if (bit < header_missing_bits) return (load<std::uint32_t>(slot + offsetof(EventHeader, missing)) >> bit & 1U) != 0;
  const std::size_t i = bit - header_missing_bits;
  return (load<std::uint64_t>(payload_of(slot) + i / 64 * 8) >> (i % 64) & 1U) != 0;
}

std::int64_t read_number(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept {
  const Field& f = schema.fields[field];
  if (f.is_event_time) return load<Time>(slot + offsetof(EventHeader, at));
  const std::byte* from = payload_of(slot) + f.offset;
  switch (f.type.kind) {
    case Kind::boolean: return load<std::uint8_t>(from);
    case Kind::enumeration: return load<std::uint16_t>(from);
    case Kind::text: PAWL_ASSERT(f.type.kind != Kind::text); return 0;
    default: return load<std::int64_t>(from);
  }
}

std::string_view read_text(const EventSchema& schema, const std::byte* slot, std::size_t field) noexcept {
  const Field& f = schema.fields[field];
  PAWL_ASSERT(f.type.kind == Kind::text);
  const auto* from = reinterpret_cast<const char*>(payload_of(slot) + f.offset);
  return {from, strnlen(from, f.type.text_bytes)};
}

Value read_value(const EventSchema& schema, const std::byte* slot, std::size_t field) {
  if (is_missing(schema, slot, field)) return {};
  const Kind kind = schema.fields[field].type.kind;
  if (kind == Kind::text) return Value::of_text(std::string(read_text(schema, slot, field)));
  const std::int64_t number = read_number(schema, slot, field);
  if (kind == Kind::floating) return {false, 0, 1, std::bit_cast<double>(number), {}};
  return Value::of(number);
}

bool same_event(const EventSchema& schema, const std::byte* left, const std::byte* right) noexcept {
  const auto same = [&](std::size_t from, std::size_t bytes) { return std::memcmp(left + from, right + from, bytes) == 0; };
  return same(offsetof(EventHeader, missing), 4) && same(offsetof(EventHeader, at), 8) && same(offsetof(EventHeader, type), 2) &&
         same(offsetof(EventHeader, length), 2) && same(sizeof(EventHeader), schema.payload_bytes);
}

std::string to_string(const EventSchema& schema, const std::byte* slot) {
  std::string text = schema.name + "{";
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const std::string value = value_text(schema, slot, i);
    text += (i == 0 ? "" : ", ") + schema.fields[i].name + "=" + (is_missing(schema, slot, i) ? "missing" : value);
  }
  return text + "}";
}

void begin_event(const EventSchema& schema, std::byte* slot) noexcept {
  constexpr std::size_t after_stamp = sizeof(EventHeader::stamp);
  std::memset(slot + after_stamp, 0, sizeof(EventHeader) - after_stamp + schema.payload_bytes);
  store(slot + offsetof(EventHeader, type), schema.type);
  store(slot + offsetof(EventHeader, length), schema.payload_bytes);
  const std::size_t payload_fields = schema.fields.size() - 1;  // all but `at`
  if (payload_fields < header_missing_bits) {
    store(slot + offsetof(EventHeader, missing), (std::uint32_t{1} << payload_fields) - 1);
    return;
  }
  store(slot + offsetof(EventHeader, missing), ~std::uint32_t{0});
  for (std::size_t bit = header_missing_bits; bit < payload_fields; ++bit) set_missing_bit(slot, bit, true);
}

void write_number(const EventSchema& schema, std::byte* slot, std::size_t field, std::int64_t value) noexcept {
  const Field& f = schema.fields[field];
  if (f.is_event_time) return store(slot + offsetof(EventHeader, at), value);
  std::byte* to = payload_of(slot) + f.offset;
  switch (f.type.kind) {
    case Kind::boolean: store(to, static_cast<std::uint8_t>(value != 0)); break;
    case Kind::enumeration: store(to, static_cast<std::uint16_t>(value)); break;
    case Kind::text: PAWL_ASSERT(f.type.kind != Kind::text); break;
    default: store(to, value);
  }
  set_missing_bit(slot, f.missing_bit, false);
}

bool write_text(const EventSchema& schema, std::byte* slot, std::size_t field, std::string_view text) noexcept {
  const Field& f = schema.fields[field];
  PAWL_ASSERT(f.type.kind == Kind::text);
  if (text.size() > f.type.text_bytes) return false;
  std::byte* to = payload_of(slot) + f.offset;
  if (!text.empty()) std::memcpy(to, text.data(), text.size());  // an empty view may have no address
  std::memset(to + text.size(), 0, f.type.text_bytes - text.size());
  set_missing_bit(slot, f.missing_bit, false);
  return true;
}

void write_missing(const EventSchema& schema, std::byte* slot, std::size_t field) noexcept {
  const Field& f = schema.fields[field];
  PAWL_ASSERT(!f.is_event_time);
  std::memset(payload_of(slot) + f.offset, 0, stored_bytes(f.type));
  set_missing_bit(slot, f.missing_bit, true);
}

}  // namespace pawl
