#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/format.hpp"

namespace pawl {
namespace {

std::size_t copy_text(std::string_view text, char* out) noexcept {
  std::memcpy(out, text.data(), text.size());
  return text.size();
}

// Exactly `digits` digits, with leading zeros.
std::size_t print_padded(std::uint64_t value, unsigned digits, char* out) noexcept {
  for (unsigned i = digits; i > 0; --i) {
    out[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return digits;
}

std::uint64_t absolute(std::int64_t value) noexcept {
  return value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

std::size_t print_unsigned(std::uint64_t value, char* out) noexcept {
  return static_cast<std::size_t>(std::to_chars(out, out + print_bytes_max, value).ptr - out);
}

struct PrintedUnit {
  Duration ns;
  std::string_view name;
};
constexpr std::array<PrintedUnit, 7> units_from_large{{{86'400 * one_second, "d"},
                                                {3'600 * one_second, "h"},
                                                {60 * one_second, "m"},
                                                {one_second, "s"},
                                                {1'000'000, "ms"},
                                                {1'000, "us"},
                                                {1, "ns"}}};

std::string number_name(const Type& type) {
  switch (type.kind) {
    case Kind::money: return "an amount";
    case Kind::decimal: return "a decimal number";
    case Kind::integer: return "a whole number";
    case Kind::boolean: return "a truth value";
    case Kind::floating: return "a number";
    case Kind::time: return "a time";
    case Kind::duration: return "a duration";
    case Kind::enumeration: return "a label";
    case Kind::text: return "a text";
  }
  return {};
}

std::string scaled_form(unsigned scale) {
  if (scale == 0) return "digits without a point, such as 220";
  char example[print_bytes_max];
  const std::size_t length = print_scaled(static_cast<std::int64_t>(7 * power_of_ten(scale) / 2), scale, example);
  return "digits with up to " + std::to_string(scale) + " after a point, such as " + std::string(example, length);
}

std::string label_list(const Field& field) {
  constexpr std::size_t shown_max = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(field.labels.size(), shown_max); ++i) text += (i == 0 ? "" : ", ") + field.labels[i];
  return field.labels.size() > shown_max ? text + ", ..." : text;
}

std::string allowed_form(const Field& field) {
  switch (field.type.kind) {
    case Kind::boolean: return "write 0, 1, true or false";
    case Kind::integer: return "write digits, such as 42 or -42";
    case Kind::money:
    case Kind::decimal: return "write " + scaled_form(field.type.scale);
    case Kind::floating: return "write digits, such as 0.25 or 1e-3";
    case Kind::time: return "write UTC with a Z, such as 2018-08-08T10:00:00Z or 2018-08-08T10:00:00.123456789Z";
    case Kind::duration: return "write digits and one of ns us ms s m h d, such as 500ms";
    case Kind::enumeration: return "write one of " + label_list(field);
    case Kind::text: return "write at most " + std::to_string(field.type.text_bytes) + " bytes";
  }
  return {};
}

std::string allowed_range(const Type& type) {
  if (type.kind == Kind::time) return "times reach from 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z";
  if (type.kind == Kind::duration) return "durations reach to 106751 days";
  if (type.kind == Kind::floating) return "numbers reach to 1.797e308";
  char most[print_bytes_max];
  const std::size_t length = print_scaled(INT64_MAX, type.scale, most);
  return "the largest is " + std::string(most, length);
}

}  // namespace

std::size_t print_integer(std::int64_t value, char* out) noexcept {
  return static_cast<std::size_t>(std::to_chars(out, out + print_bytes_max, value).ptr - out);
}

std::size_t print_scaled(std::int64_t value, unsigned scale, char* out) noexcept {
  PAWL_ASSERT(scale <= scale_max);
  if (scale == 0) return print_integer(value, out);
  char* at = out;
  if (value < 0) *at++ = '-';
  const std::uint64_t power = power_of_ten(scale);
  at += print_unsigned(absolute(value) / power, at);
  *at++ = '.';
  at += print_padded(absolute(value) % power, scale, at);
  return static_cast<std::size_t>(at - out);
}

std::size_t print_time(Time time, char* out) noexcept {
  constexpr Duration day_ns = 86'400 * one_second;
  const std::int64_t days = time / day_ns - (time % day_ns < 0 ? 1 : 0);
  const auto in_day = static_cast<std::uint64_t>(time % day_ns + (time % day_ns < 0 ? day_ns : 0));
  const Date date = date_of(days);
  const std::uint64_t seconds = in_day / one_second;
  std::uint64_t fraction = in_day % one_second;
  char* at = out;
  const auto part = [&](std::uint64_t value, unsigned digits, char after) {
    at += print_padded(value, digits, at);
    *at++ = after;
  };
  part(static_cast<std::uint64_t>(date.year), 4, '-');
  part(date.month, 2, '-');
  part(date.day, 2, 'T');
  part(seconds / 3'600, 2, ':');
  part(seconds / 60 % 60, 2, ':');
  part(seconds % 60, 2, '.');
  if (fraction == 0) {
    at[-1] = 'Z';
    return static_cast<std::size_t>(at - out);
  }
  unsigned digits = 9;
  for (; fraction % 10 == 0; fraction /= 10) --digits;
  part(fraction, digits, 'Z');
  return static_cast<std::size_t>(at - out);
}

std::size_t print_duration(Duration duration, char* out) noexcept {
  if (duration == 0) return copy_text("0s", out);
  const auto* const unit =
      std::find_if(units_from_large.begin(), units_from_large.end(), [&](const PrintedUnit& u) { return duration % u.ns == 0; });
  const std::size_t length = print_integer(duration / unit->ns, out);
  return length + copy_text(unit->name, out + length);
}

std::size_t print_floating(double value, char* out) noexcept {
  return static_cast<std::size_t>(std::to_chars(out, out + print_bytes_max, value).ptr - out);
}

std::size_t print_number(const Type& type, std::int64_t number, std::span<const std::string> labels, char* out) noexcept {
  PAWL_ASSERT(!type.ratio);
  switch (type.kind) {
    case Kind::boolean: return copy_text(number != 0 ? "1" : "0", out);
    case Kind::integer: return print_integer(number, out);
    case Kind::money:
    case Kind::decimal: return print_scaled(number, type.scale, out);
    case Kind::floating: return print_floating(std::bit_cast<double>(number), out);
    case Kind::time: return print_time(number, out);
    case Kind::duration: return print_duration(number, out);
    case Kind::enumeration: {
      const auto index = static_cast<std::size_t>(number);
      return index < labels.size() ? copy_text(labels[index], out) : print_integer(number, out);
    }
    case Kind::text: PAWL_ASSERT(type.kind != Kind::text);
  }
  return 0;
}

std::size_t print_ratio(const Type& type, const Fraction& fraction, char* out) noexcept {
  constexpr unsigned seconds_scale = 9;
  const bool scaled = type.kind == Kind::money || type.kind == Kind::decimal;
  const bool is_duration = type.kind == Kind::duration;
  const unsigned scale = is_duration ? seconds_scale : scaled ? type.scale : 0;
  const std::size_t length = print_floating(nearest_double(fraction, scale), out);
  return is_duration ? length + copy_text("s", out + length) : length;
}

std::string to_string(const Type& type, const Value& value, std::span<const std::string> labels) {
  if (value.missing) return {};
  if (type.kind == Kind::text) return value.text;
  char out[print_bytes_max];
  if (type.ratio) return {out, print_ratio(type, {value.number, value.denominator}, out)};
  if (type.kind == Kind::floating) return {out, print_floating(value.floating, out)};
  return {out, print_number(type, value.number, labels, out)};
}

std::string explain(ParseError error, const Field& field) {
  switch (error) {
    case ParseError::none: return {};
    case ParseError::malformed: return "is not " + number_name(field.type) + "; " + allowed_form(field);
    case ParseError::too_many_digits: return "has too many digits after the point; " + allowed_form(field);
    case ParseError::out_of_range: return "is out of range; " + allowed_range(field.type);
    case ParseError::no_such_time: return "is no time of the calendar; " + allowed_form(field);
    case ParseError::too_long: return "is too long; " + allowed_form(field);
    case ParseError::zero_byte: return "holds a zero byte; a text cannot";
    case ParseError::unknown_label: return "is no label of this enum; " + allowed_form(field);
  }
  return {};
}

}  // namespace pawl
