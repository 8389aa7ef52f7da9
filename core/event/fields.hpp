// Types of fields that carry meaning, for events that are declared as C++ structs (declare.hpp). All are plain values.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/event/type.hpp"

namespace pawl {

// A string as a template argument: Enum<"buy", "sell">.
template <std::size_t Size>
struct FixedString {
  char chars[Size]{};
  constexpr FixedString(const char (&text)[Size]) { std::copy_n(text, Size, chars); }
  [[nodiscard]] constexpr std::string_view view() const { return {chars, Size - 1}; }
};

// A point in time other than `at`, ns since 1970 UTC.
struct EventTime {
  Time ns = 0;
  friend auto operator<=>(const EventTime&, const EventTime&) = default;
};

struct DurationNs {
  Duration ns = 0;
  friend auto operator<=>(const DurationNs&, const DurationNs&) = default;
};

// `minor` units of 10^-Scale: cents of Money. An empty currency means any.
template <unsigned Scale, FixedString Currency = "">
struct MoneyIn {
  std::int64_t minor = 0;
  friend auto operator<=>(const MoneyIn&, const MoneyIn&) = default;
};
using Money = MoneyIn<2>;

// `units` of 10^-Scale.
template <unsigned Scale>
struct Decimal {
  std::int64_t units = 0;
  friend auto operator<=>(const Decimal&, const Decimal&) = default;
};

// At most Bytes bytes, zero-padded as in a slot.
template <std::size_t Bytes>
struct Text {
  static_assert(Bytes > 0 && Bytes <= limits::text_bytes_max);
  std::array<char, Bytes> bytes{};

  constexpr Text() = default;
  // REQUIRES: text.size() <= Bytes, no zero byte in it.
  template <std::convertible_to<std::string_view> S>
  Text(const S& from) {
    const std::string_view text(from);
    PAWL_ASSERT(text.size() <= Bytes);
    PAWL_ASSERT(text.find('\0') == std::string_view::npos);
    std::copy(text.begin(), text.end(), bytes.begin());
  }

  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), strnlen(bytes.data(), Bytes)}; }
  friend auto operator<=>(const Text&, const Text&) = default;
};

// One of Labels, by index.
template <FixedString... Labels>
struct Enum {
  static_assert(sizeof...(Labels) > 0);
  std::uint16_t index = 0;

  constexpr Enum() = default;
  // REQUIRES: one of Labels.
  template <std::convertible_to<std::string_view> S>
  Enum(const S& from) {
    const std::string_view label(from);
    const std::array<std::string_view, sizeof...(Labels)> all{Labels.view()...};
    const auto found = std::find(all.begin(), all.end(), label);
    PAWL_ASSERT(found != all.end());
    index = static_cast<std::uint16_t>(found - all.begin());
  }

  [[nodiscard]] static std::vector<std::string> labels() { return {std::string(Labels.view())...}; }
  friend auto operator<=>(const Enum&, const Enum&) = default;
};

// What a C++ type is as a field: `type`, and the number that stands in a slot. A type that is none has no specialization.
template <class T>
struct FieldTraits;

template <>
struct FieldTraits<bool> {
  static constexpr Type type{.kind = Kind::boolean};
  static constexpr std::uint8_t number(bool value) noexcept { return value ? 1 : 0; }
  static constexpr bool value(std::uint8_t number) noexcept { return number != 0; }
};

template <>
struct FieldTraits<std::int64_t> {
  static constexpr Type type{.kind = Kind::integer};
  static constexpr std::int64_t number(std::int64_t value) noexcept { return value; }
  static constexpr std::int64_t value(std::int64_t number) noexcept { return number; }
};

template <>
struct FieldTraits<double> {
  static constexpr Type type{.kind = Kind::floating};
  static constexpr double number(double value) noexcept { return value; }
  static constexpr double value(double number) noexcept { return number; }
};

template <>
struct FieldTraits<EventTime> {
  static constexpr Type type{.kind = Kind::time};
  static constexpr std::int64_t number(EventTime value) noexcept { return value.ns; }
  static constexpr EventTime value(std::int64_t number) noexcept { return {number}; }
};

template <>
struct FieldTraits<DurationNs> {
  static constexpr Type type{.kind = Kind::duration};
  static constexpr std::int64_t number(DurationNs value) noexcept { return value.ns; }
  static constexpr DurationNs value(std::int64_t number) noexcept { return {number}; }
};

template <unsigned Scale, FixedString Currency>
struct FieldTraits<MoneyIn<Scale, Currency>> {
  static constexpr auto currency() {
    static_assert(Currency.view().empty() || Currency.view().size() == 3, "a currency is three letters, ISO 4217");
    std::array<char, 3> letters{};
    std::copy(Currency.view().begin(), Currency.view().end(), letters.begin());
    return letters;
  }
  static constexpr Type type{.kind = Kind::money, .scale = Scale, .currency = currency()};
  static constexpr std::int64_t number(MoneyIn<Scale, Currency> value) noexcept { return value.minor; }
  static constexpr MoneyIn<Scale, Currency> value(std::int64_t number) noexcept { return {number}; }
};

template <unsigned Scale>
struct FieldTraits<Decimal<Scale>> {
  static constexpr Type type{.kind = Kind::decimal, .scale = Scale};
  static constexpr std::int64_t number(Decimal<Scale> value) noexcept { return value.units; }
  static constexpr Decimal<Scale> value(std::int64_t number) noexcept { return {number}; }
};

template <std::size_t Bytes>
struct FieldTraits<Text<Bytes>> {
  static constexpr Type type{.kind = Kind::text, .text_bytes = Bytes};
  static constexpr const Text<Bytes>& number(const Text<Bytes>& value) noexcept { return value; }
  static constexpr const Text<Bytes>& value(const Text<Bytes>& number) noexcept { return number; }
};

template <FixedString... Labels>
struct FieldTraits<Enum<Labels...>> {
  static constexpr Type type{.kind = Kind::enumeration};
  static constexpr std::uint16_t number(Enum<Labels...> value) noexcept { return value.index; }
  static constexpr Enum<Labels...> value(std::uint16_t number) noexcept {
    Enum<Labels...> result;
    result.index = number;
    return result;
  }
  static std::vector<std::string> labels() { return Enum<Labels...>::labels(); }
};

}  // namespace pawl
