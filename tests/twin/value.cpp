#include "tests/twin/value.hpp"

#include <bit>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "pawl/core/base/assert.hpp"

namespace pawl::twin {
namespace {

namespace mp = boost::multiprecision;

const Integer int64_min = std::numeric_limits<std::int64_t>::min();
const Integer int64_max = std::numeric_limits<std::int64_t>::max();
const Integer int128_max = (Integer(1) << 127) - 1;

std::string print_double(double value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string print_scaled(const Integer& units, unsigned scale) {
  const bool negative = units < 0;
  std::string digits = Integer(mp::abs(units)).str();
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, ".");
  return (negative ? "-" : "") + digits;
}

Integer floor_divide(const Integer& a, const Integer& b) {
  const Integer quotient = a / b;
  return quotient * b > a ? Integer(quotient - 1) : quotient;
}

// Counts the calendar's days one year and one month at a time: slow, and short enough to be seen right.
std::string print_date(std::int64_t days) {
  const auto leap = [](std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; };
  std::int64_t year = 1970;
  for (; days < 0; days += leap(year) ? 366 : 365) --year;
  for (; days >= (leap(year) ? 366 : 365); ++year) days -= leap(year) ? 366 : 365;
  const std::int64_t lengths[] = {31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int month = 0;
  for (; days >= lengths[month]; ++month) days -= lengths[month];
  char text[64];
  std::snprintf(text, sizeof text, "%04lld-%02d-%02d", static_cast<long long>(year), month + 1, static_cast<int>(days) + 1);
  return text;
}

std::string print_time(const Integer& ns) {
  const Integer day_ns = Integer(86'400) * one_second;
  const Integer day = floor_divide(ns, day_ns);
  const auto rest = static_cast<std::int64_t>(ns - day * day_ns);
  const int seconds = static_cast<int>(rest / one_second);
  char clock[32];
  std::snprintf(clock, sizeof clock, "T%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  std::string text = print_date(static_cast<std::int64_t>(day)) + clock;
  if (const std::int64_t fraction = rest % one_second; fraction != 0) {
    char digits[32];
    std::snprintf(digits, sizeof digits, ".%09lld", static_cast<long long>(fraction));
    text += digits;
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

std::string print_duration(const Integer& ns) {
  if (ns == 0) return "0s";
  struct Unit { std::int64_t ns; const char* name; };
  for (const Unit& unit : {Unit{86'400 * one_second, "d"}, Unit{3'600 * one_second, "h"}, Unit{60 * one_second, "m"}, Unit{one_second, "s"},
                           Unit{1'000'000, "ms"}, Unit{1'000, "us"}}) {
    if (ns % unit.ns == 0) return Integer(ns / unit.ns).str() + unit.name;
  }
  return ns.str() + "ns";
}

std::string print_ratio(const Type& type, const Number& number) {
  if (type.kind == Kind::money || type.kind == Kind::decimal) return print_double(nearest_double(number / power_of_ten(type.scale)));
  if (type.kind == Kind::duration) return print_double(nearest_double(number / one_second)) + "s";
  return print_double(nearest_double(number));
}

}  // namespace

Integer to_integer(Int128 value) {
  if (value == static_cast<std::int64_t>(value)) return static_cast<std::int64_t>(value);
  const bool negative = value < 0;
  const Uint128 magnitude = negative ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value);
  Integer result = static_cast<std::uint64_t>(magnitude >> 64);
  result <<= 64;
  result += static_cast<std::uint64_t>(magnitude);
  return negative ? Integer(-result) : result;
}

Datum Datum::of_ratio(Int128 numerator, Int128 denominator) {
  PAWL_ASSERT(denominator != 0);
  return of(denominator == 1 ? Number(to_integer(numerator)) : Number(to_integer(numerator), to_integer(denominator)));
}

Datum Datum::of(const Type& type, const Value& value) {
  if (value.missing) return {};
  if (type.kind == Kind::text) return of_text(value.text);
  if (type.kind == Kind::floating) return of_floating(value.floating);
  return of_ratio(value.number, value.denominator);
}

bool fits(const Type& type, const Number& number) {
  const Integer top = mp::numerator(number);
  const Integer bottom = mp::denominator(number);
  if (type.ratio) return top >= -int128_max - 1 && top <= int128_max && bottom <= int128_max;
  PAWL_ASSERT(bottom == 1);
  return top >= int64_min && top <= int64_max;
}

Datum read(const EventSchema& schema, const std::byte* slot, std::size_t field) {
  if (is_missing(schema, slot, field)) return {};
  const Type& type = schema.fields[field].type;
  if (type.kind == Kind::text) return Datum::of_text(std::string(read_text(schema, slot, field)));
  const std::int64_t number = read_number(schema, slot, field);
  if (type.kind == Kind::floating) return Datum::of_floating(std::bit_cast<double>(number));
  return Datum::of(number);
}

Integer power_of_ten(unsigned digits) { return mp::pow(Integer(10), digits); }

double nearest_double(const Number& number) {
  if (number == 0) return 0;
  const Number magnitude = mp::abs(number);
  const double guess = static_cast<double>(magnitude);
  PAWL_ASSERT(std::isfinite(guess));
  double best = guess;
  for (const double other : {std::nextafter(guess, 0.0), std::nextafter(guess, std::numeric_limits<double>::max())}) {
    const Number distance = mp::abs(Number(Number(other) - magnitude));
    const Number best_distance = mp::abs(Number(Number(best) - magnitude));
    const bool even = (std::bit_cast<std::uint64_t>(other) & 1) == 0;
    if (distance < best_distance || (distance == best_distance && even)) best = other;
  }
  return number < 0 ? -best : best;
}

double nearest_root(const Number& number) {
  if (number == 0) return 0;
  const double guess = std::sqrt(static_cast<double>(number));
  const auto is_behind = [&](double a, double b) {  // the root, behind the middle of two neighbours, or there with an odd lower one
    const Number middle = (Number(a) + Number(b)) / 2;
    const Number square = middle * middle;
    return number > square || (number == square && (std::bit_cast<std::uint64_t>(a) & 1) != 0);
  };
  double best = guess;
  for (int i = 0; i < 4; ++i) best = std::nextafter(best, 0.0);
  for (;; best = std::nextafter(best, std::numeric_limits<double>::max())) {
    if (!is_behind(best, std::nextafter(best, std::numeric_limits<double>::max()))) return best;
  }
}

double deviation(const Type& type, const Integer& count, const Integer& sum, const Integer& squares) {
  const Integer unit = power_of_ten(type.kind == Kind::duration ? 9 : type.scale);
  return nearest_root(Number(Integer(count * squares - sum * sum), Integer(count * (count - 1) * unit * unit)));
}

double decay_factor(const Integer& elapsed, const Integer& half_life) {
  if (elapsed >= 1000 * half_life) return 0;
  using Wide = mp::cpp_bin_float_100;
  const Wide power = mp::pow(Wide(2), Wide(-Wide(elapsed) / Wide(half_life)));
  return nearest_double(static_cast<Number>(power));
}

std::string print(const Type& type, const Datum& datum, const std::vector<std::string>& labels) {
  if (datum.missing) return {};
  if (type.kind == Kind::text) return datum.text;
  if (type.kind == Kind::floating) return print_double(datum.floating);
  if (type.ratio) return print_ratio(type, datum.number);
  PAWL_ASSERT(mp::denominator(datum.number) == 1);
  const Integer units = mp::numerator(datum.number);
  if (type.kind == Kind::money || type.kind == Kind::decimal) return print_scaled(units, type.scale);
  if (type.kind == Kind::time) return print_time(units);
  if (type.kind == Kind::duration) return print_duration(units);
  if (type.kind == Kind::enumeration && units < labels.size()) return labels[static_cast<std::size_t>(units)];
  return units.str();
}

std::string describe(const Type& type, const Datum& datum) {
  if (datum.missing) return "missing";
  if (type.kind == Kind::text) return '"' + datum.text + '"';
  if (type.kind == Kind::floating) return print_double(datum.floating);
  return datum.number.str();
}

}  // namespace pawl::twin
