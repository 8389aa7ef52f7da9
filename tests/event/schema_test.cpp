#include <doctest/doctest.h>

#include <array>
#include <string>

#include "pawl/core/event/format.hpp"
#include "pawl/core/event/layout.hpp"
#include "pawl/core/event/schema.hpp"

namespace schema_test {

using namespace pawl;

namespace {

Field field(std::string name, Type type, std::vector<std::string> labels = {}) {
  Field f;
  f.name = std::move(name);
  f.type = type;
  f.labels = std::move(labels);
  return f;
}

const Type integer{.kind = Kind::integer};
const Type time_type{.kind = Kind::time};
const Type money{.kind = Kind::money, .scale = 2};
const Type boolean{.kind = Kind::boolean};
Type text(std::uint16_t bytes) { return {.kind = Kind::text, .text_bytes = bytes}; }

EventSchema sample() {
  return *EventSchema::make("Order",
                            {field("device", text(5)), field("ok", boolean), field("id", integer), field("at", time_type),
                             field("side", {.kind = Kind::enumeration}, {"buy", "sell"}), field("amount", money),
                             field("weight", {.kind = Kind::floating}), field("wait", {.kind = Kind::duration})},
                            17);
}

std::string error_of(std::vector<Field> fields) {
  const auto schema = EventSchema::make("E", std::move(fields), 16);
  REQUIRE_FALSE(schema.ok());
  CHECK(schema.error().code == ErrorCode::bad_pipeline);
  return schema.error().text;
}

struct alignas(8) Slot {
  std::array<std::byte, 4096> bytes{};
  std::byte* data() { return bytes.data(); }
};

}  // namespace

TEST_CASE("a layout puts fields of 8 bytes first, then of 2, of 1, then texts, and `at` in the header") {
  const EventSchema schema = sample();
  CHECK(layout_text(schema) ==
        "Order{device:text(5)@35,ok:bool@34,id:int@0,at:time@header,side:enum(buy,sell)@32,amount:money@8,weight:float@16,wait:duration@24}");
  CHECK(schema.payload_bytes == 40);
  CHECK(schema.fields[3].is_event_time);
  CHECK(schema.fields[4].missing_bit == 3);  // `at` has none
  CHECK(schema.find("amount") == 5);
  CHECK(schema.find("amuont") == -1);
}

TEST_CASE("the layout hash is fixed: journals carry it") { CHECK(sample().layout_hash == 15'766'757'347'686'690'295ULL); }

TEST_CASE("the layout hash differs with every part of the declaration") {
  const auto hash = [](std::string name, std::vector<Field> fields) { return EventSchema::make(std::move(name), std::move(fields), 16)->layout_hash; };
  const std::uint64_t base = hash("E", {field("at", time_type), field("a", integer), field("b", integer)});
  CHECK(base == EventSchema::make("E", {field("at", time_type), field("a", integer), field("b", integer)}, 99)->layout_hash);
  CHECK(base != hash("F", {field("at", time_type), field("a", integer), field("b", integer)}));
  CHECK(base != hash("E", {field("at", time_type), field("b", integer), field("a", integer)}));
  CHECK(base != hash("E", {field("at", time_type), field("a", money), field("b", integer)}));
  CHECK(base != hash("E", {field("at", time_type), field("a", integer)}));
  CHECK(hash("E", {field("at", time_type), field("s", {.kind = Kind::enumeration}, {"x", "y"})}) !=
        hash("E", {field("at", time_type), field("s", {.kind = Kind::enumeration}, {"y", "x"})}));
}

TEST_CASE("a wrong declaration is refused with the field and the reason") {
  CHECK(error_of({field("id", integer)}) == "event E: needs its event time: a field `at: time`");
  CHECK(error_of({field("at", integer)}) == "event E, field `at`: the event time `at` must have type time, not int");
  CHECK(error_of({field("at", time_type), field("a", integer), field("a", money)}) == "event E, field `a`: declared twice");
  CHECK(error_of({field("at", time_type), field("a", {.kind = Kind::decimal, .scale = 19})}) == "event E, field `a`: a scale is at most 18 digits");
  CHECK(error_of({field("at", time_type), field("a", text(0))}) == "event E, field `a`: a text has 1 to 1024 bytes");
  CHECK(error_of({field("at", time_type), field("a", text(1025))}) == "event E, field `a`: a text has 1 to 1024 bytes");
  CHECK(error_of({field("at", time_type), field("a", {.kind = Kind::enumeration})}) == "event E, field `a`: an enum needs at least one label");
  CHECK(error_of({field("at", time_type), field("a", {.kind = Kind::enumeration}, {"x", "x"})}) ==
        "event E, field `a`: the label `x` stands there twice");
  CHECK(error_of({field("at", time_type), field("a", {.kind = Kind::money, .ratio = true, .scale = 2})}) ==
        "event E, field `a`: a ratio is computed, it cannot be a field");
  CHECK(error_of({field("at", time_type), field("a", text(1024)), field("b", text(1024)), field("c", text(1024)), field("d", text(1024))}) ==
        "event E: takes 4096 bytes of payload; at most 4048 are allowed: shorten its texts");
  std::vector<Field> many{field("at", time_type)};
  for (int i = 0; i < 256; ++i) many.push_back(field(std::string("f").append(std::to_string(i)), boolean));
  CHECK(error_of(many) == "event E: more than 256 fields");
}

TEST_CASE("a begun event misses every field but `at`, and leaves the stamp alone") {
  const EventSchema schema = sample();
  Slot slot;
  slot.bytes.fill(std::byte{0xAB});
  begin_event(schema, slot.data());
  CHECK(slot.bytes[0] == std::byte{0xAB});
  CHECK(slot.bytes[sizeof(EventHeader) + schema.payload_bytes] == std::byte{0xAB});
  for (std::size_t i = 0; i < schema.fields.size(); ++i) CHECK(is_missing(schema, slot.data(), i) == (schema.fields[i].name != "at"));
  const auto* header = reinterpret_cast<const EventHeader*>(slot.data());
  CHECK(header->type == 17);
  CHECK(header->length == 40);
  CHECK(header->at == 0);
  CHECK(to_string(schema, slot.data()) ==
        "Order{device=missing, ok=missing, id=missing, at=1970-01-01T00:00:00Z, side=missing, amount=missing, weight=missing, wait=missing}");
}

TEST_CASE("fields are written, read, printed, compared and unset one by one") {
  const EventSchema schema = sample();
  Slot slot;
  begin_event(schema, slot.data());
  const std::array<std::string_view, 8> texts{"tab-1", "true", "-7", "2018-08-08T10:00:00.25Z", "sell", "220.00", "0.1", "90s"};
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(parse_into(schema, slot.data(), i, texts[i]) == ParseError::none);
  CHECK(to_string(schema, slot.data()) == "Order{device=tab-1, ok=1, id=-7, at=2018-08-08T10:00:00.25Z, side=sell, amount=220.00, weight=0.1, wait=90s}");
  CHECK(read_number(schema, slot.data(), 5) == 22'000);
  CHECK(read_text(schema, slot.data(), 0) == "tab-1");
  CHECK(read_value(schema, slot.data(), 6).floating == 0.1);

  Slot copy = slot;
  copy.bytes[0] = std::byte{9};  // another stamp is the same event
  CHECK(same_event(schema, slot.data(), copy.data()));
  write_number(schema, copy.data(), 2, -8);
  CHECK_FALSE(same_event(schema, slot.data(), copy.data()));
  write_missing(schema, copy.data(), 2);
  CHECK(is_missing(schema, copy.data(), 2));
  CHECK(write_text(schema, slot.data(), 0, "x"));
  CHECK(read_text(schema, slot.data(), 0) == "x");
  CHECK_FALSE(write_text(schema, slot.data(), 0, "123456"));
}

TEST_CASE("fields from the 33rd on have their missing bits in the payload") {
  std::vector<Field> fields{field("at", time_type)};
  for (int i = 0; i < 255; ++i) fields.push_back(field(std::string("f").append(std::to_string(i)), boolean));
  const EventSchema schema = *EventSchema::make("Wide", fields, 16);
  CHECK(missing_words(32) == 0);
  CHECK(missing_words(33) == 1);
  CHECK(missing_words(255) == 4);
  CHECK(schema.payload_bytes == 4 * 8 + 256);
  Slot slot;
  begin_event(schema, slot.data());
  for (std::size_t i = 1; i < 256; ++i) REQUIRE(is_missing(schema, slot.data(), i));
  for (std::size_t written : {1U, 32U, 33U, 34U, 96U, 97U, 255U}) {
    write_number(schema, slot.data(), written, 1);
    for (std::size_t i = 1; i < 256; ++i) REQUIRE(is_missing(schema, slot.data(), i) == (i != written));
    write_missing(schema, slot.data(), written);
  }
}

TEST_CASE("types print as an analyst writes them") {
  CHECK(to_string(Type{.kind = Kind::money, .scale = 2}) == "money");
  CHECK(to_string(Type{.kind = Kind::money, .scale = 3, .currency = {'E', 'U', 'R'}}) == "money(3,EUR)");
  CHECK(to_string(Type{.kind = Kind::decimal, .scale = 4}) == "decimal(4)");
  CHECK(to_string(Type{.kind = Kind::money, .ratio = true, .scale = 2}) == "ratio of money");
}

}  // namespace schema_test
