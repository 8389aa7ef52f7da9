// Values to text and back, one form per type, the same everywhere: CSV, pipeline files, explanations, digests of printed output.
// Exact, without locale, without allocation but where a std::string is returned.
//
//  int              -42
//  money, decimal   -0.50          up to `scale` digits after the point; printed with all of them
//  time             2018-08-08T10:00:00.5Z   UTC, up to nanoseconds, printed without trailing zeros
//  duration         500ms 10s 5m 1h 7d -3us 12ns   printed in the largest unit that divides it; 0 is 0s
//  bool             0 1 true false; printed 0, 1
//  float            shortest text that reads back exactly; no inf, no nan
//  enum             its label
//  text             itself; no zero bytes, which are its padding in a slot
//  ratio            as float: the nearest double of the exact value in units of its type (an average of money: 12.345)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pawl/core/event/ratio.hpp"
#include "pawl/core/event/schema.hpp"
#include "pawl/core/event/type.hpp"

namespace pawl {

inline constexpr unsigned scale_max = 18;

// No value but a text is printed longer.
inline constexpr std::size_t print_bytes_max = 64;

// REQUIRES: digits <= 18.
[[nodiscard]] constexpr std::uint64_t power_of_ten(unsigned digits) noexcept {
  constexpr auto powers = [] {
    std::array<std::uint64_t, scale_max + 1> all{1};
    for (unsigned i = 1; i <= scale_max; ++i) all[i] = all[i - 1] * 10;
    return all;
  }();
  return powers[digits];
}

enum class ParseError : std::uint8_t {
  none,
  malformed,        // not of the form above
  too_many_digits,  // more after the point than the scale
  out_of_range,     // does not fit in 64 bits
  no_such_time,     // of the form, but not in the calendar: February 30, hour 24, second 60
  too_long,         // text
  zero_byte,        // text
  unknown_label,    // enum
};

// Each leaves its result alone on error. An empty text is malformed: whether it means missing is the caller's affair.
[[nodiscard]] ParseError parse_integer(std::string_view text, std::int64_t& value) noexcept;
[[nodiscard]] ParseError parse_scaled(std::string_view text, unsigned scale, std::int64_t& value) noexcept;  // REQUIRES: scale <= 18
[[nodiscard]] ParseError parse_time(std::string_view text, Time& time) noexcept;
[[nodiscard]] ParseError parse_duration(std::string_view text, Duration& duration) noexcept;
[[nodiscard]] ParseError parse_boolean(std::string_view text, std::int64_t& value) noexcept;
[[nodiscard]] ParseError parse_floating(std::string_view text, double& value) noexcept;

// By the field's type, in units of it; a floating one as the bits of its double. REQUIRES: not text.
[[nodiscard]] ParseError parse_number(const Field& field, std::string_view text, std::int64_t& number) noexcept;
// Into an event that begin_event started. An empty text leaves the field missing; for `at` it is malformed.
[[nodiscard]] ParseError parse_into(const EventSchema& schema, std::byte* slot, std::size_t field, std::string_view text) noexcept;

// What is wrong and what is allowed: "is not an amount; write digits with up to 2 after a point, such as 220.00".
[[nodiscard]] std::string explain(ParseError error, const Field& field);

// Each writes at `out`, which has room for print_bytes_max, and returns the bytes written. No terminating zero.
[[nodiscard]] std::size_t print_integer(std::int64_t value, char* out) noexcept;
[[nodiscard]] std::size_t print_scaled(std::int64_t value, unsigned scale, char* out) noexcept;  // REQUIRES: scale <= 18
[[nodiscard]] std::size_t print_time(Time time, char* out) noexcept;
[[nodiscard]] std::size_t print_duration(Duration duration, char* out) noexcept;
[[nodiscard]] std::size_t print_floating(double value, char* out) noexcept;

// A number in units of `type`. An enum without its labels is printed as its index. REQUIRES: neither text nor ratio.
[[nodiscard]] std::size_t print_number(const Type& type, std::int64_t number, std::span<const std::string> labels, char* out) noexcept;
// A ratio of values of `type`; one of durations in seconds with an `s`.
[[nodiscard]] std::size_t print_ratio(const Type& type, const Fraction& fraction, char* out) noexcept;

// Any value; missing is empty.
[[nodiscard]] std::string to_string(const Type& type, const Value& value, std::span<const std::string> labels = {});

// The calendar, proleptic Gregorian, days from 1970-01-01. Howard Hinnant, "chrono-compatible low-level date algorithms".
struct Date {
  std::int64_t year;
  unsigned month;  // 1..12
  unsigned day;    // 1..31
};
[[nodiscard]] constexpr std::int64_t days_of(const Date& date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}
[[nodiscard]] constexpr Date date_of(std::int64_t days) noexcept {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const auto month = static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}
[[nodiscard]] constexpr unsigned days_in_month(std::int64_t year, unsigned month) noexcept {
  constexpr std::array<unsigned char, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month != 2) return days[month - 1];
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
}

}  // namespace pawl
