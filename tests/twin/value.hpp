// Values of the naive twin: exact rationals of any size, so that nothing can round or overflow before the definition says so.
// Shares nothing with the product but Type, Value and the schema.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <string>

#include "pawl/core/event/schema.hpp"
#include "pawl/core/event/type.hpp"

namespace pawl::twin {

using Integer = boost::multiprecision::cpp_int;
using Number = boost::multiprecision::cpp_rational;

// `number` counts units of the value's type: cents, nanoseconds, the index of a label, 0 or 1.
struct Datum {
  bool missing = true;
  Number number = 0;
  double floating = 0;
  std::string text;

  [[nodiscard]] static Datum of(Number number) { return {false, std::move(number), 0, {}}; }
  [[nodiscard]] static Datum of(std::int64_t number) { return {false, number, 0, {}}; }
  [[nodiscard]] static Datum of(bool truth) { return {false, truth ? 1 : 0, 0, {}}; }
  [[nodiscard]] static Datum of_floating(double value) { return {false, 0, value, {}}; }
  [[nodiscard]] static Datum of_text(std::string text) { return {false, 0, 0, std::move(text)}; }
  [[nodiscard]] static Datum of_ratio(Int128 numerator, Int128 denominator);  // REQUIRES: denominator != 0
  [[nodiscard]] static Datum of(const Type& type, const Value& value);

  [[nodiscard]] bool is_true() const { return !missing && !number.is_zero(); }
  [[nodiscard]] bool is_false() const { return !missing && number.is_zero(); }
  // Fractions are in lowest terms: equal ones have equal parts. (Boost's comparison of the two divides.)
  friend bool operator==(const Datum& a, const Datum& b) {
    return a.missing == b.missing && a.number.backend().data() == b.number.backend().data() && a.floating == b.floating && a.text == b.text;
  }
};

[[nodiscard]] Integer to_integer(Int128 value);

// Negative, 0, positive. (Boost's own comparison of fractions divides until they part: a fifth of all the twin's time.)
[[nodiscard]] inline int order_of(const Number& a, const Number& b) { return Integer(numerator(a) * denominator(b)).compare(Integer(numerator(b) * denominator(a))); }

// What a value of a type can hold. A number that is no ratio: 64 bits. A ratio: 127 bits and sign for both parts in lowest terms.
// What does not fit is missing.
[[nodiscard]] bool fits(const Type& type, const Number& number);

// The field of an event in memory.
[[nodiscard]] Datum read(const EventSchema& schema, const std::byte* slot, std::size_t field);

// 10^digits.
[[nodiscard]] Integer power_of_ten(unsigned digits);

// The nearest double, ties to the even mantissa: by exact comparison with the neighbours of a guess.
[[nodiscard]] double nearest_double(const Number& number);
// The double nearest to the square root, likewise. REQUIRES: number >= 0.
[[nodiscard]] double nearest_root(const Number& number);
// The sample's standard deviation of whole numbers of units of the type, durations in seconds. REQUIRES: count >= 2.
[[nodiscard]] double deviation(const Type& type, const Integer& count, const Integer& sum, const Integer& squares);

// The double nearest to 2^-(elapsed / half_life); 0 from 1,000 half-lives on. REQUIRES: elapsed >= 0, half_life > 0.
[[nodiscard]] double decay_factor(const Integer& elapsed, const Integer& half_life);

// As a cell of a features file: missing is empty, money with all digits of its scale, a ratio or float as the shortest text that
// reads back exactly (a ratio of durations in seconds).
[[nodiscard]] std::string print(const Type& type, const Datum& datum, const std::vector<std::string>& labels = {});
// For reports: exact, ratios as a/b.
[[nodiscard]] std::string describe(const Type& type, const Datum& datum);

}  // namespace pawl::twin
