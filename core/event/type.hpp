// The types of Pawl's values: what a field stores and what an expression yields.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "pawl/core/base/types.hpp"

namespace pawl {

enum class Kind : std::uint8_t {
  boolean,      // 1 byte, 0 or 1
  integer,      // int64
  money,        // int64 in minor units of `scale` digits; optionally bound to a currency
  decimal,      // int64 in units of 10^-scale
  floating,     // IEEE double; only from models, geometry and statistics
  time,         // int64 ns since 1970 UTC
  duration,     // int64 ns
  text,         // `text_bytes` bytes, zero-padded
  enumeration,  // uint16 index of a label
};

// Comparable by value; two values can be compared or added only if their types are equal but for `ratio`.
struct Type {
  Kind kind = Kind::integer;
  bool ratio = false;              // an exact fraction of such values: numerator and denominator (share, avg, division)
  std::uint8_t scale = 0;          // money, decimal: digits after the point
  std::uint16_t text_bytes = 0;    // text: declared length
  std::array<char, 3> currency{};  // money: ISO 4217, or zeros for "any"

  friend bool operator==(const Type&, const Type&) = default;
};

// As an analyst writes it: "money", "money(3,EUR)", "text(32)", "decimal(4)", "ratio of money".
[[nodiscard]] std::string to_string(const Type& type);

// Bytes that a field of this type takes in a payload: 8, 2 (enumeration), 1 (boolean) or the declared length of a text.
[[nodiscard]] constexpr std::size_t stored_bytes(const Type& type) noexcept {
  switch (type.kind) {
    case Kind::boolean: return 1;
    case Kind::enumeration: return 2;
    case Kind::text: return type.text_bytes;
    default: return 8;
  }
}

// A value away from the columns: in literals, naive evaluation, printing and tests. Not for the data path.
struct Value {
  bool missing = true;
  std::int64_t number = 0;       // boolean, integer, money, decimal, time, duration, enumeration; numerator of a ratio
  std::int64_t denominator = 1;  // > 0; 1 unless the type is a ratio
  double floating = 0;
  std::string text;

  [[nodiscard]] static Value of(std::int64_t number, std::int64_t denominator = 1) { return {false, number, denominator, 0, {}}; }
  [[nodiscard]] static Value of_text(std::string text) { return {false, 0, 1, 0, std::move(text)}; }
};

}  // namespace pawl
