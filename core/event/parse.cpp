#include <algorithm>
#include <bit>
#include <cmath>
#include <fast_float/fast_float.h>
#include <limits>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/format.hpp"

namespace pawl {
namespace {

constexpr bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }
constexpr unsigned digit(char c) noexcept { return static_cast<unsigned>(c - '0'); }

// Any number of so many digits fits in 63 bits.
constexpr std::size_t digits_that_fit = 18;

// Reads digits from `at` on into `magnitude`; false if it does not fit. `fits`: it is known to.
bool take_digits(const char*& at, const char* end, bool fits, std::uint64_t& magnitude) noexcept {
  if (fits) {
    for (; at != end && is_digit(*at); ++at) magnitude = magnitude * 10 + digit(*at);
    return true;
  }
  for (; at != end && is_digit(*at); ++at) {
    if (__builtin_mul_overflow(magnitude, std::uint64_t{10}, &magnitude)) return false;
    if (__builtin_add_overflow(magnitude, std::uint64_t{digit(*at)}, &magnitude)) return false;
  }
  return true;
}

const char* skip_digits(const char* at, const char* end) noexcept {
  while (at != end && is_digit(*at)) ++at;
  return at;
}

ParseError signed_value(bool negative, std::uint64_t magnitude, std::int64_t& value) noexcept {
  constexpr auto positive_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > positive_max + (negative ? 1U : 0U)) return ParseError::out_of_range;
  value = static_cast<std::int64_t>(negative ? std::uint64_t{0} - magnitude : magnitude);
  return ParseError::none;
}

// A number whose digits do not fit may still be malformed further on: malformed is the better answer.
ParseError overflow_or_malformed(const char* at, const char* end, unsigned scale) noexcept {
  at = skip_digits(at, end);
  if (at == end) return ParseError::out_of_range;
  if (*at != '.' || scale == 0 || ++at == end) return ParseError::malformed;
  return skip_digits(at, end) == end ? ParseError::out_of_range : ParseError::malformed;
}

// Two digits at `at`; sets `bad` if they are none. One check for all of a time instead of a branch for each.
constexpr unsigned two_digits(const char* at, bool& bad) noexcept {
  bad |= !is_digit(at[0]);
  bad |= !is_digit(at[1]);
  return digit(at[0]) * 10 + digit(at[1]);
}

constexpr std::size_t time_bytes_min = std::string_view("2018-08-08T10:00:00Z").size();
constexpr std::size_t fraction_digits_max = 9;

// The fraction of a second in ns from ".5" (without the Z).
ParseError parse_fraction(std::string_view text, std::int64_t& ns) noexcept {
  ns = 0;
  if (text.empty()) return ParseError::none;
  if (text[0] != '.' || text.size() == 1) return ParseError::malformed;
  const std::string_view digits = text.substr(1);
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return ParseError::malformed;
  if (digits.size() > fraction_digits_max) return ParseError::too_many_digits;
  for (std::size_t i = 0; i < fraction_digits_max; ++i) ns = ns * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return ParseError::none;
}

struct Unit {
  std::string_view name;
  Duration ns;
};
constexpr std::array<Unit, 7> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"ms", 1'000'000},
                                     {"s", one_second},
                                     {"m", 60 * one_second},
                                     {"h", 3'600 * one_second},
                                     {"d", 86'400 * one_second}}};

}  // namespace

ParseError parse_scaled(std::string_view text, unsigned scale, std::int64_t& value) noexcept {
  PAWL_ASSERT(scale <= scale_max);
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  if (at == end || !is_digit(*at)) return ParseError::malformed;
  const bool fits = text.size() <= digits_that_fit;
  std::uint64_t magnitude = 0;
  if (!take_digits(at, end, fits, magnitude)) return overflow_or_malformed(at, end, scale);
  unsigned fraction_digits = 0;
  if (at != end) {
    if (*at != '.' || ++at == end) return ParseError::malformed;
    const char* const fraction = at;
    const bool taken = take_digits(at, end, fits, magnitude);
    if ((taken ? at : skip_digits(at, end)) != end) return ParseError::malformed;
    if (static_cast<std::size_t>(end - fraction) > scale) return ParseError::too_many_digits;
    if (!taken) return ParseError::out_of_range;
    fraction_digits = static_cast<unsigned>(end - fraction);
  }
  if (__builtin_mul_overflow(magnitude, power_of_ten(scale - fraction_digits), &magnitude)) return ParseError::out_of_range;
  return signed_value(negative, magnitude, value);
}

ParseError parse_integer(std::string_view text, std::int64_t& value) noexcept {
  const ParseError error = parse_scaled(text, 0, value);
  return error == ParseError::too_many_digits ? ParseError::malformed : error;
}

ParseError parse_time(std::string_view text, Time& time) noexcept {
  if (text.size() < time_bytes_min || text.back() != 'Z') return ParseError::malformed;
  const char* const t = text.data();
  if (t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':') return ParseError::malformed;
  bool bad = false;
  const unsigned century = two_digits(t, bad), year_in_century = two_digits(t + 2, bad);
  const unsigned month = two_digits(t + 5, bad), day = two_digits(t + 8, bad);
  const unsigned hour = two_digits(t + 11, bad), minute = two_digits(t + 14, bad), second = two_digits(t + 17, bad);
  if (bad) return ParseError::malformed;
  std::int64_t fraction = 0;
  const ParseError error = parse_fraction(text.substr(time_bytes_min - 1, text.size() - time_bytes_min), fraction);
  if (error != ParseError::none) return error;

  const std::int64_t year = century * 100 + year_in_century;
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return ParseError::no_such_time;
  if (hour > 23 || minute > 59 || second > 59) return ParseError::no_such_time;
  const std::int64_t seconds = days_of({year, month, day}) * 86'400 + hour * 3'600 + minute * 60 + second;
  const Int128 ns = static_cast<Int128>(seconds) * one_second + fraction;
  if (!fits_64(ns)) return ParseError::out_of_range;
  time = static_cast<Time>(ns);
  return ParseError::none;
}

ParseError parse_duration(std::string_view text, Duration& duration) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  const char* const digits = at;
  at = skip_digits(at, end);
  const std::string_view name(at, static_cast<std::size_t>(end - at));
  const auto* const unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  if (at == digits || unit == units.end()) return ParseError::malformed;
  std::uint64_t magnitude = 0;
  const char* digit_at = digits;
  if (!take_digits(digit_at, at, text.size() <= digits_that_fit, magnitude)) return ParseError::out_of_range;
  if (__builtin_mul_overflow(magnitude, static_cast<std::uint64_t>(unit->ns), &magnitude)) return ParseError::out_of_range;
  return signed_value(negative, magnitude, duration);
}

ParseError parse_boolean(std::string_view text, std::int64_t& value) noexcept {
  if (text == "0" || text == "false") value = 0;
  else if (text == "1" || text == "true") value = 1;
  else return ParseError::malformed;
  return ParseError::none;
}

ParseError parse_floating(std::string_view text, double& value) noexcept {
  const std::size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() == first || (!is_digit(text[first]) && text[first] != '.')) return ParseError::malformed;  // also inf and nan
  double parsed = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = fast_float::from_chars(text.data(), end, parsed);
  if (error != std::errc() || at != end) return ParseError::malformed;
  if (!std::isfinite(parsed)) return ParseError::out_of_range;
  value = parsed;
  return ParseError::none;
}

ParseError parse_number(const Field& field, std::string_view text, std::int64_t& number) noexcept {
  switch (field.type.kind) {
    case Kind::boolean: return parse_boolean(text, number);
    case Kind::integer: return parse_integer(text, number);
    case Kind::money:
    case Kind::decimal: return parse_scaled(text, field.type.scale, number);
    case Kind::time: return parse_time(text, number);
    case Kind::duration: return parse_duration(text, number);
    case Kind::floating: {
      double value = 0;
      const ParseError error = parse_floating(text, value);
      if (error == ParseError::none) number = std::bit_cast<std::int64_t>(value);
      return error;
    }
    case Kind::enumeration: {
      const auto label = std::find(field.labels.begin(), field.labels.end(), text);
      if (label == field.labels.end()) return ParseError::unknown_label;
      number = label - field.labels.begin();
      return ParseError::none;
    }
    case Kind::text: PAWL_ASSERT(field.type.kind != Kind::text);
  }
  return ParseError::malformed;
}

ParseError parse_into(const EventSchema& schema, std::byte* slot, std::size_t field, std::string_view text) noexcept {
  const Field& f = schema.fields[field];
  if (text.empty()) return f.is_event_time ? ParseError::malformed : ParseError::none;
  if (f.type.kind == Kind::text) {
    if (text.find('\0') != std::string_view::npos) return ParseError::zero_byte;
    return write_text(schema, slot, field, text) ? ParseError::none : ParseError::too_long;
  }
  std::int64_t number = 0;
  const ParseError error = parse_number(f, text, number);
  if (error == ParseError::none) write_number(schema, slot, field, number);
  return error;
}

}  // namespace pawl
