// Events declared as C++ structs. One list of fields gives the schema, encoding, decoding, printing and comparison:
//
//   struct Payment {
//     pawl::Time at;                      // exactly one field `at`, of type Time or EventTime
//     std::int64_t customer, terminal;
//     pawl::Money amount;
//     std::optional<pawl::Text<32>> device;
//   };
//   PAWL_EVENT(Payment, at, customer, terminal, amount, device);
//
// Fields are of fields.hpp's types, bool, std::int64_t, double, or std::optional of those. Offsets are known at compile time: encode
// is a few stores. A pipeline's event of the same name must have the same fields in the same order: event_type_in() checks.
#pragma once

#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>

#include "pawl/core/event/fields.hpp"
#include "pawl/core/event/layout.hpp"
#include "pawl/core/event/schema.hpp"

namespace pawl {

template <class Event, class T>
struct EventMember {
  std::string_view name;
  T Event::* pointer;
};

template <class Event, class T>
[[nodiscard]] constexpr EventMember<Event, T> event_member(std::string_view name, T Event::* pointer) noexcept {
  return {name, pointer};
}

template <class... Members>
struct EventMembers {
  std::string_view event_name;
  std::tuple<Members...> members;
};

template <class... Members>
[[nodiscard]] constexpr EventMembers<Members...> event_members(std::string_view name, Members... members) noexcept {
  return {name, {members...}};
}

// A struct that PAWL_EVENT stands behind, in the struct's own namespace.
template <class Event>
concept DeclaredEvent = requires { pawl_event_members(std::type_identity<Event>{}); };

namespace declare_detail {

template <class T>
struct Optional {
  using Value = T;
  static constexpr bool is = false;
};
template <class T>
struct Optional<std::optional<T>> {
  using Value = T;
  static constexpr bool is = true;
};

template <DeclaredEvent Event>
struct Declaration {
  static constexpr auto all = pawl_event_members(std::type_identity<Event>{});
  static constexpr std::size_t count = std::tuple_size_v<decltype(all.members)>;

  template <std::size_t I>
  static constexpr auto member = std::get<I>(all.members);
  template <std::size_t I>
  using Declared = std::remove_cvref_t<decltype(std::declval<Event>().*(member<I>.pointer))>;
  template <std::size_t I>
  using Traits = FieldTraits<typename Optional<Declared<I>>::Value>;

  template <std::size_t I>
  static constexpr bool is_event_time = member<I>.name == "at";
  template <std::size_t I>
  static constexpr Type type = is_event_time<I> ? Type{.kind = Kind::time} : Traits<I>::type;

  struct Layout {
    std::array<FieldPlace, count> places{};
    std::size_t payload_bytes = 0;
  };
  static constexpr Layout layout = []<std::size_t... I>(std::index_sequence<I...>) {
    static_assert((is_event_time<I> + ...) == 1, "an event has exactly one field `at`");
    const std::array<FieldShape, count> shapes{
        FieldShape{stored_bytes(type<I>), type<I>.kind == Kind::text, is_event_time<I>}...};
    Layout result;
    result.payload_bytes = lay_out(shapes, result.places);
    return result;
  }(std::make_index_sequence<count>{});
  static_assert(layout.payload_bytes <= limits::event_payload_bytes_max, "the event is too large: shorten its texts");
};

[[nodiscard]] constexpr Time time_of(Time time) noexcept { return time; }
[[nodiscard]] constexpr Time time_of(EventTime time) noexcept { return time.ns; }

template <class F, std::size_t... I>
constexpr void for_each_index(F&& f, std::index_sequence<I...>) {
  (f(std::integral_constant<std::size_t, I>{}), ...);
}

template <DeclaredEvent Event, class F>
constexpr void for_each_field(F&& f) {
  for_each_index(std::forward<F>(f), std::make_index_sequence<Declaration<Event>::count>{});
}

void set_missing(std::byte* slot, std::size_t bit) noexcept;
[[nodiscard]] bool get_missing(const std::byte* slot, std::size_t bit) noexcept;

[[nodiscard]] EventSchema checked_schema(std::string_view name, std::vector<Field> fields);

}  // namespace declare_detail

// The schema that the declaration gives; `type` is 0, because only a pipeline numbers its events. Thread: any; made at first use.
template <DeclaredEvent Event>
[[nodiscard]] const EventSchema& schema_of() {
  using D = declare_detail::Declaration<Event>;
  static const EventSchema schema = [] {
    std::vector<Field> fields;
    declare_detail::for_each_field<Event>([&](auto i) {
      Field field;
      field.name = D::template member<i>.name;
      field.type = D::template type<i>;
      if constexpr (D::template type<i>.kind == Kind::enumeration) field.labels = D::template Traits<i>::labels();
      fields.push_back(std::move(field));
    });
    return declare_detail::checked_schema(D::all.event_name, std::move(fields));
  }();
  return schema;
}

template <DeclaredEvent Event>
inline constexpr std::size_t payload_bytes_of = declare_detail::Declaration<Event>::layout.payload_bytes;

// EventHeader::type of Event in a pipeline that declares it as `declared`, or (bad_pipeline) the first field that differs.
[[nodiscard]] Result<std::uint16_t> event_type_in(const EventSchema& declared, const EventSchema& program);
template <DeclaredEvent Event>
[[nodiscard]] Result<std::uint16_t> event_type_in(const EventSchema& declared) {
  return event_type_in(declared, schema_of<Event>());
}

// Writes header and payload but the stamp; crc, ingest, ticket, source are zero. REQUIRES: slot has room for
// sizeof(EventHeader) + payload_bytes_of<Event>, and is aligned to 8.
template <DeclaredEvent Event>
void encode(const Event& event, std::uint16_t type, std::byte* slot) noexcept {
  using D = declare_detail::Declaration<Event>;
  std::uint64_t missing = 0;
  Time at = 0;
  std::byte* const payload = slot + sizeof(EventHeader);
  std::memset(payload, 0, payload_bytes_of<Event>);
  const auto put = [&](auto i, const auto& value) {
    const auto number = D::template Traits<i>::number(value);
    std::memcpy(payload + D::layout.places[i].offset, &number, sizeof number);
  };
  declare_detail::for_each_field<Event>([&](auto i) {
    const auto& value = event.*(D::template member<i>.pointer);
    constexpr std::size_t bit = D::layout.places[i].missing_bit;
    if constexpr (D::template is_event_time<i>) {
      at = declare_detail::time_of(value);
    } else if constexpr (!declare_detail::Optional<typename D::template Declared<i>>::is) {
      put(i, value);
    } else if (value.has_value()) {
      put(i, *value);
    } else if constexpr (bit < header_missing_bits) {
      missing |= std::uint64_t{1} << bit;
    } else {
      declare_detail::set_missing(slot, bit);
    }
  });
  // By words, straight into the slot: a header put together elsewhere and then copied waits for its own narrow stores.
  constexpr std::uint64_t length = payload_bytes_of<Event>;
  const auto put_word = [&](std::size_t offset, std::uint64_t word) { std::memcpy(slot + offset, &word, sizeof word); };
  put_word(offsetof(EventHeader, crc), missing << 32);
  put_word(offsetof(EventHeader, at), static_cast<std::uint64_t>(at));
  put_word(offsetof(EventHeader, ingest), 0);
  put_word(offsetof(EventHeader, ticket), 0);
  put_word(offsetof(EventHeader, type), type | length << 32);
}

// A missing field that is no std::optional in Event reads as zero. REQUIRES: the slot holds such an event.
template <DeclaredEvent Event>
[[nodiscard]] Event decode(const std::byte* slot) noexcept {
  using D = declare_detail::Declaration<Event>;
  Event event{};
  declare_detail::for_each_field<Event>([&](auto i) {
    using Declared = typename D::template Declared<i>;
    auto& value = event.*(D::template member<i>.pointer);
    if constexpr (D::template is_event_time<i>) {
      Time at;
      std::memcpy(&at, slot + offsetof(EventHeader, at), sizeof at);
      value = Declared{at};
    } else {
      using Traits = typename D::template Traits<i>;
      if (declare_detail::Optional<Declared>::is && declare_detail::get_missing(slot, D::layout.places[i].missing_bit)) return;
      std::remove_cvref_t<decltype(Traits::number(std::declval<typename declare_detail::Optional<Declared>::Value>()))> number;
      std::memcpy(&number, slot + sizeof(EventHeader) + D::layout.places[i].offset, sizeof number);
      value = Traits::value(number);
    }
  });
  return event;
}

template <DeclaredEvent Event>
[[nodiscard]] bool same_values(const Event& left, const Event& right) noexcept {
  bool same = true;
  declare_detail::for_each_field<Event>([&](auto i) {
    constexpr auto pointer = declare_detail::Declaration<Event>::template member<i>.pointer;
    same = same && left.*pointer == right.*pointer;
  });
  return same;
}

// As to_string(schema, slot) prints it.
template <DeclaredEvent Event>
[[nodiscard]] std::string event_text(const Event& event) {
  alignas(8) std::array<std::byte, sizeof(EventHeader) + payload_bytes_of<Event>> slot{};
  encode(event, 0, slot.data());
  return to_string(schema_of<Event>(), slot.data());
}

}  // namespace pawl

// A list of names needs a macro. Recursion by deferred expansion, to 340 fields: David Mazieres, "Recursive macros with C++20 __VA_OPT__".
#define PAWL_DETAIL_PARENTHESES ()
#define PAWL_DETAIL_EXPAND(...) PAWL_DETAIL_EXPAND4(PAWL_DETAIL_EXPAND4(PAWL_DETAIL_EXPAND4(PAWL_DETAIL_EXPAND4(__VA_ARGS__))))
#define PAWL_DETAIL_EXPAND4(...) PAWL_DETAIL_EXPAND3(PAWL_DETAIL_EXPAND3(PAWL_DETAIL_EXPAND3(PAWL_DETAIL_EXPAND3(__VA_ARGS__))))
#define PAWL_DETAIL_EXPAND3(...) PAWL_DETAIL_EXPAND2(PAWL_DETAIL_EXPAND2(PAWL_DETAIL_EXPAND2(PAWL_DETAIL_EXPAND2(__VA_ARGS__))))
#define PAWL_DETAIL_EXPAND2(...) PAWL_DETAIL_EXPAND1(PAWL_DETAIL_EXPAND1(PAWL_DETAIL_EXPAND1(PAWL_DETAIL_EXPAND1(__VA_ARGS__))))
#define PAWL_DETAIL_EXPAND1(...) __VA_ARGS__
#define PAWL_DETAIL_MEMBER(Struct, name, ...) \
  ::pawl::event_member(#name, &Struct::name) __VA_OPT__(, PAWL_DETAIL_NEXT PAWL_DETAIL_PARENTHESES(Struct, __VA_ARGS__))
#define PAWL_DETAIL_NEXT() PAWL_DETAIL_MEMBER

// Stands in the namespace of Struct. No static objects: everything it declares is a constexpr function.
#define PAWL_EVENT(Struct, ...)                                                                    \
  [[nodiscard]] constexpr auto pawl_event_members(std::type_identity<Struct>) noexcept {          \
    return ::pawl::event_members(#Struct, PAWL_DETAIL_EXPAND(PAWL_DETAIL_MEMBER(Struct, __VA_ARGS__))); \
  }                                                                                                \
  static_assert(true, "a semicolon follows PAWL_EVENT(...)")
