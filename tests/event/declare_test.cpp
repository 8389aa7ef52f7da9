#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <rapidcheck.h>
#include <string>

#include "pawl/core/event/declare.hpp"
#include "pawl/core/event/format.hpp"

namespace cards {

struct Payment {
  pawl::Time at;
  std::int64_t customer, terminal;
  pawl::Money amount;
};
PAWL_EVENT(Payment, at, customer, terminal, amount);

struct Everything {
  pawl::EventTime at;
  bool flag;
  std::int64_t number;
  double weight;
  pawl::MoneyIn<3, "EUR"> price;
  pawl::Decimal<4> rate;
  pawl::EventTime due;
  pawl::DurationNs wait;
  pawl::Text<7> code;
  pawl::Enum<"buy", "sell"> side;
  std::optional<bool> maybe_flag;
  std::optional<std::int64_t> maybe_number;
  std::optional<pawl::Text<3>> maybe_text;
  std::optional<pawl::Enum<"a", "b">> maybe_side;
};
PAWL_EVENT(Everything, at, flag, number, weight, price, rate, due, wait, code, side, maybe_flag, maybe_number, maybe_text, maybe_side);

struct Wide {
  std::optional<std::int64_t> f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15, f16, f17;
  pawl::Time at;
  std::optional<std::int64_t> f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34;
};
PAWL_EVENT(Wide, f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15, f16, f17, at, f18, f19, f20, f21, f22, f23,
           f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34);

}  // namespace cards

using namespace pawl;

namespace {

template <class Event>
struct alignas(8) SlotOf {
  std::array<std::byte, sizeof(EventHeader) + payload_bytes_of<Event>> bytes{};
  std::byte* data() { return bytes.data(); }
};

Field field(std::string name, Type type, std::vector<std::string> labels = {}) {
  Field f;
  f.name = std::move(name);
  f.type = type;
  f.labels = std::move(labels);
  return f;
}

EventSchema payment_of_pipeline(Kind terminal = Kind::integer) {
  return *EventSchema::make("Payment",
                            {field("at", {.kind = Kind::time}), field("customer", {.kind = Kind::integer}), field("terminal", {.kind = terminal}),
                             field("amount", {.kind = Kind::money, .scale = 2})},
                            18);
}

std::string any_text(std::size_t bytes_max) {
  auto text = *rc::gen::container<std::string>(rc::gen::nonZero<char>());
  text.resize(std::min(text.size(), bytes_max));
  return text;
}

cards::Everything any_event() {
  cards::Everything e{};
  const auto number = [] { return *rc::gen::arbitrary<std::int64_t>(); };
  const auto coin = [] { return *rc::gen::arbitrary<bool>(); };
  e.at.ns = number();
  e.flag = coin();
  e.number = number();
  e.weight = static_cast<double>(number()) / 1024;
  e.price.minor = number();
  e.rate.units = number();
  e.due.ns = number();
  e.wait.ns = number();
  e.code = any_text(7);
  e.side = coin() ? "buy" : "sell";
  if (coin()) e.maybe_flag = coin();
  if (coin()) e.maybe_number = number();
  if (coin()) e.maybe_text = Text<3>(any_text(3));
  if (coin()) e.maybe_side = coin() ? "a" : "b";
  return e;
}

}  // namespace

TEST_CASE("a struct and a pipeline that declare the same event agree in layout") {
  const EventSchema pipeline = payment_of_pipeline();
  CHECK(schema_of<cards::Payment>().layout_hash == pipeline.layout_hash);
  CHECK(payload_bytes_of<cards::Payment> == pipeline.payload_bytes);
  CHECK(*event_type_in<cards::Payment>(pipeline) == 18);
}

TEST_CASE("a struct and a pipeline that differ are refused with the first field that differs") {
  const auto different = event_type_in<cards::Payment>(payment_of_pipeline(Kind::boolean));
  REQUIRE_FALSE(different.ok());
  CHECK(different.error().text ==
        "event Payment: field 3 is `terminal: int` in the program, but `terminal: bool` in the pipeline: make both declarations agree, fields in "
        "the same order");
  const EventSchema shorter = *EventSchema::make("Payment", {field("at", {.kind = Kind::time}), field("customer", {.kind = Kind::integer})}, 18);
  CHECK(first_difference(schema_of<cards::Payment>(), "program", shorter, "journal") ==
        "event Payment: field 3 is `terminal: int` in the program, but absent in the journal");
  CHECK(first_difference(shorter, "a", shorter, "b").empty());
  CHECK(first_difference(schema_of<cards::Payment>(), "program", schema_of<cards::Wide>(), "pipeline") ==
        "the event is `Payment` in the program, but `Wide` in the pipeline");
}

TEST_CASE("encode writes what the schema's own functions read") {
  const EventSchema pipeline = payment_of_pipeline();
  SlotOf<cards::Payment> slot;
  slot.bytes.fill(std::byte{0xFF});
  encode(cards::Payment{1'500'000'000, 7, 9, {5716}}, 18, slot.data());
  CHECK(to_string(pipeline, slot.data()) == "Payment{at=1970-01-01T00:00:01.5Z, customer=7, terminal=9, amount=57.16}");
  CHECK(slot.bytes[0] == std::byte{0xFF});  // the stamp is the ring's
  const auto* header = reinterpret_cast<const EventHeader*>(slot.data());
  CHECK(header->type == 18);
  CHECK(header->length == 24);
  CHECK(header->missing == 0);
  CHECK(header->flags == 0);
  CHECK(event_text(cards::Payment{0, 1, 2, {-3}}) == "Payment{at=1970-01-01T00:00:00Z, customer=1, terminal=2, amount=-0.03}");
}

TEST_CASE("every kind of field survives encode and decode") {
  CHECK(layout_text(schema_of<cards::Everything>()).find("price:money(3,EUR)") != std::string::npos);
  CHECK(rc::check([] {
    const cards::Everything event = any_event();
    SlotOf<cards::Everything> slot;
    encode(event, 16, slot.data());
    const auto back = decode<cards::Everything>(slot.data());
    RC_ASSERT(same_values(event, back));
    SlotOf<cards::Everything> again;
    encode(back, 16, again.data());
    RC_ASSERT(same_event(schema_of<cards::Everything>(), slot.data(), again.data()));
  }));
}

TEST_CASE("text printed by the schema parses back to the same event") {
  CHECK(rc::check([] {
    const EventSchema& schema = schema_of<cards::Everything>();
    SlotOf<cards::Everything> slot, back;
    encode(any_event(), 0, slot.data());
    begin_event(schema, back.data());
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
      const Field& f = schema.fields[i];
      if (f.type.kind == Kind::text && !is_missing(schema, slot.data(), i) && read_text(schema, slot.data(), i).empty()) {
        RC_ASSERT(write_text(schema, back.data(), i, {}));  // an empty text is not told from a missing one in print
        continue;
      }
      RC_ASSERT(parse_into(schema, back.data(), i, to_string(f.type, read_value(schema, slot.data(), i), f.labels)) == ParseError::none);
    }
    RC_ASSERT(same_event(schema, slot.data(), back.data()));
  }));
}

TEST_CASE("missing bits beyond 32 fields agree between declaration and schema") {
  const EventSchema& schema = schema_of<cards::Wide>();
  SlotOf<cards::Wide> slot;
  cards::Wide event{};
  event.f00 = 1;
  event.f31 = 31;
  event.f33 = 33;
  encode(event, 0, slot.data());
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const std::string& name = schema.fields[i].name;
    CHECK(is_missing(schema, slot.data(), i) == !(name == "at" || name == "f00" || name == "f31" || name == "f33"));
  }
  CHECK(same_values(decode<cards::Wide>(slot.data()), event));
  event.f32 = 32;
  CHECK_FALSE(same_values(decode<cards::Wide>(slot.data()), event));
}
