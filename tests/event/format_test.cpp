#include <doctest/doctest.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <rapidcheck.h>
#include <string>

#include "pawl/core/event/format.hpp"

namespace format_test {

using namespace pawl;

namespace {

using Parser = ParseError (*)(std::string_view, std::int64_t&) noexcept;

constexpr std::int64_t untouched = 123'456'789;

struct Case {
  std::string_view text;
  ParseError error;
  std::int64_t value = untouched;
};

template <class Parse, std::size_t N>
void check_all(Parse parse, const std::array<Case, N>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.text);
    std::int64_t value = untouched;
    CHECK(parse(c.text, value) == c.error);
    CHECK(value == c.value);
  }
}

template <class Print, class... Args>
std::string printed(Print print, Args... args) {
  char out[print_bytes_max];
  return {out, print(args..., out)};
}

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

}  // namespace

TEST_CASE("whole numbers") {
  check_all(parse_integer, std::array<Case, 20>{{
                               {"0", ParseError::none, 0},
                               {"-0", ParseError::none, 0},
                               {"42", ParseError::none, 42},
                               {"-42", ParseError::none, -42},
                               {"0042", ParseError::none, 42},
                               {"00000000000000000000000007", ParseError::none, 7},
                               {"9223372036854775807", ParseError::none, most},
                               {"-9223372036854775808", ParseError::none, least},
                               {"9223372036854775808", ParseError::out_of_range},
                               {"-9223372036854775809", ParseError::out_of_range},
                               {"99999999999999999999", ParseError::out_of_range},
                               {"99999999999999999999x", ParseError::malformed},
                               {"", ParseError::malformed},
                               {"-", ParseError::malformed},
                               {"+1", ParseError::malformed},
                               {" 1", ParseError::malformed},
                               {"1 ", ParseError::malformed},
                               {"1e5", ParseError::malformed},
                               {"1.0", ParseError::malformed},
                               {"0x10", ParseError::malformed},
                           }});
}

TEST_CASE("amounts of two digits") {
  check_all([](std::string_view text, std::int64_t& value) { return parse_scaled(text, 2, value); },
            std::array<Case, 20>{{
                {"220", ParseError::none, 22'000},
                {"220.5", ParseError::none, 22'050},
                {"220.05", ParseError::none, 22'005},
                {"-0.01", ParseError::none, -1},
                {"-0.00", ParseError::none, 0},
                {"92233720368547758.07", ParseError::none, most},
                {"-92233720368547758.08", ParseError::none, least},
                {"92233720368547758.08", ParseError::out_of_range},
                {"92233720368547759", ParseError::out_of_range},
                {"999999999999999999999.99", ParseError::out_of_range},
                {"999999999999999999999.x", ParseError::malformed},
                {"1.000", ParseError::too_many_digits},
                {"1.234", ParseError::too_many_digits},
                {"1e5", ParseError::malformed},
                {"1.2e1", ParseError::malformed},
                {".5", ParseError::malformed},
                {"5.", ParseError::malformed},
                {"1,50", ParseError::malformed},
                {"1.2.3", ParseError::malformed},
                {"--1", ParseError::malformed},
            }});
}

TEST_CASE("scale 0 and scale 18") {
  std::int64_t value = 0;
  CHECK(parse_scaled("5", 0, value) == ParseError::none);
  CHECK(parse_scaled("5.", 0, value) == ParseError::malformed);
  CHECK(parse_scaled("5.0", 0, value) == ParseError::too_many_digits);
  CHECK(parse_scaled("9.223372036854775807", 18, value) == ParseError::none);
  CHECK(value == most);
  CHECK(parse_scaled("9.223372036854775808", 18, value) == ParseError::out_of_range);
  CHECK(parse_scaled("-9.223372036854775808", 18, value) == ParseError::none);
  CHECK(value == least);
  CHECK(parse_scaled("10", 18, value) == ParseError::out_of_range);
}

TEST_CASE("times") {
  check_all(parse_time, std::array<Case, 35>{{
                            {"1970-01-01T00:00:00Z", ParseError::none, 0},
                            {"2018-04-01T00:00:31Z", ParseError::none, 1'522'540'831'000'000'000},
                            {"1969-12-31T23:59:59.999999999Z", ParseError::none, -1},
                            {"2000-02-29T12:00:00.5Z", ParseError::none, 951'825'600'500'000'000},
                            {"1970-01-01T00:00:00.000000001Z", ParseError::none, 1},
                            {"1970-01-01T00:00:00.100000000Z", ParseError::none, 100'000'000},
                            {"2262-04-11T23:47:16.854775807Z", ParseError::none, most},
                            {"1677-09-21T00:12:43.145224192Z", ParseError::none, least},
                            {"2262-04-11T23:47:16.854775808Z", ParseError::out_of_range},
                            {"1677-09-21T00:12:43.145224191Z", ParseError::out_of_range},
                            {"9999-12-31T23:59:59Z", ParseError::out_of_range},
                            {"0000-01-01T00:00:00Z", ParseError::out_of_range},
                            {"2018-02-29T00:00:00Z", ParseError::no_such_time},
                            {"1900-02-29T00:00:00Z", ParseError::no_such_time},
                            {"2018-04-31T00:00:00Z", ParseError::no_such_time},
                            {"2018-13-01T00:00:00Z", ParseError::no_such_time},
                            {"2018-00-01T00:00:00Z", ParseError::no_such_time},
                            {"2018-01-00T00:00:00Z", ParseError::no_such_time},
                            {"2018-01-01T24:00:00Z", ParseError::no_such_time},
                            {"2018-01-01T00:60:00Z", ParseError::no_such_time},
                            {"2016-12-31T23:59:60Z", ParseError::no_such_time},
                            {"1970-01-01T00:00:00.1234567891Z", ParseError::too_many_digits},
                            {"1970-01-01T00:00:00.Z", ParseError::malformed},
                            {"1970-01-01T00:00:00", ParseError::malformed},
                            {"1970-01-01T00:00:00z", ParseError::malformed},
                            {"1970-01-01T00:00:00+00:00", ParseError::malformed},
                            {"1970-01-01 00:00:00Z", ParseError::malformed},
                            {"1970-1-1T00:00:00Z", ParseError::malformed},
                            {"197O-01-01T00:00:00Z", ParseError::malformed},
                            {"1970-01-01T00:00:0xZ", ParseError::malformed},
                            {"1970-01-01T00:00:00,5Z", ParseError::malformed},
                            {"1970-01-01T00:00:00.5x5Z", ParseError::malformed},
                            {"-970-01-01T00:00:00Z", ParseError::malformed},
                            {"20180401T000031Z", ParseError::malformed},
                            {"", ParseError::malformed},
                        }});
}

TEST_CASE("durations") {
  check_all(parse_duration, std::array<Case, 17>{{
                                {"0s", ParseError::none, 0},
                                {"500ms", ParseError::none, 500'000'000},
                                {"10s", ParseError::none, 10 * one_second},
                                {"5m", ParseError::none, 300 * one_second},
                                {"1h", ParseError::none, 3600 * one_second},
                                {"7d", ParseError::none, 604'800 * one_second},
                                {"-3us", ParseError::none, -3'000},
                                {"12ns", ParseError::none, 12},
                                {"106751d", ParseError::none, 106'751 * (86'400 * one_second)},
                                {"106752d", ParseError::out_of_range},
                                {"99999999999999999999s", ParseError::out_of_range},
                                {"5", ParseError::malformed},
                                {"s", ParseError::malformed},
                                {"1.5s", ParseError::malformed},
                                {"1h30m", ParseError::malformed},
                                {"5 s", ParseError::malformed},
                                {"5S", ParseError::malformed},
                            }});
}

TEST_CASE("truth values and floats") {
  check_all(parse_boolean, std::array<Case, 8>{{{"0", ParseError::none, 0},
                                                {"1", ParseError::none, 1},
                                                {"true", ParseError::none, 1},
                                                {"false", ParseError::none, 0},
                                                {"TRUE", ParseError::malformed},
                                                {"2", ParseError::malformed},
                                                {"yes", ParseError::malformed},
                                                {"", ParseError::malformed}}});
  double value = 0;
  CHECK(parse_floating("0.1", value) == ParseError::none);
  CHECK(value == 0.1);
  CHECK(parse_floating("-1e-3", value) == ParseError::none);
  CHECK(value == -0.001);
  for (const char* bad : {"", "-", "nan", "inf", "-inf", "1.5x", " 1", "+1"}) {
    CAPTURE(bad);
    CHECK(parse_floating(bad, value) == ParseError::malformed);
  }
  CHECK(parse_floating("1e999", value) != ParseError::none);
}

TEST_CASE("what is printed") {
  CHECK(printed(print_integer, least) == "-9223372036854775808");
  CHECK(printed(print_scaled, 22'000, 2U) == "220.00");
  CHECK(printed(print_scaled, -1, 2U) == "-0.01");
  CHECK(printed(print_scaled, least, 18U) == "-9.223372036854775808");
  CHECK(printed(print_scaled, 7, 0U) == "7");
  CHECK(printed(print_time, 0) == "1970-01-01T00:00:00Z");
  CHECK(printed(print_time, -1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(printed(print_time, most) == "2262-04-11T23:47:16.854775807Z");
  CHECK(printed(print_time, least) == "1677-09-21T00:12:43.145224192Z");
  CHECK(printed(print_time, 1'522'540'831'120'000'000) == "2018-04-01T00:00:31.12Z");
  CHECK(printed(print_duration, 0) == "0s");
  CHECK(printed(print_duration, 3'599 * one_second) == "3599s");
  CHECK(printed(print_duration, 604'800 * one_second) == "7d");
  CHECK(printed(print_duration, -1'500'000) == "-1500us");
  CHECK(printed(print_duration, least) == "-9223372036854775808ns");
  CHECK(printed(print_floating, 0.1) == "0.1");
}

TEST_CASE("numbers, times and durations print and parse back") {
  CHECK(rc::check([](std::int64_t value) {
    char out[print_bytes_max];
    std::int64_t back = 0;
    RC_ASSERT(parse_integer({out, print_integer(value, out)}, back) == ParseError::none);
    RC_ASSERT(back == value);
    const auto scale = *rc::gen::inRange(0U, scale_max + 1);
    RC_ASSERT(parse_scaled({out, print_scaled(value, scale, out)}, scale, back) == ParseError::none);
    RC_ASSERT(back == value);
    RC_ASSERT(parse_duration({out, print_duration(value, out)}, back) == ParseError::none);
    RC_ASSERT(back == value);
  }));
  CHECK(rc::check([] {
    const auto time = *rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(), rc::gen::inRange(least, most));
    char out[print_bytes_max];
    Time back = 0;
    RC_ASSERT(parse_time({out, print_time(time, out)}, back) == ParseError::none);
    RC_ASSERT(back == time);
  }));
}

TEST_CASE("the calendar agrees with itself on every day of its range") {
  Date date{1677, 9, 21};
  for (std::int64_t day = days_of(date); day <= days_of({2262, 4, 11}); ++day) {
    const Date back = date_of(day);
    REQUIRE(back.year == date.year);
    REQUIRE(back.month == date.month);
    REQUIRE(back.day == date.day);
    if (++date.day > days_in_month(date.year, date.month)) {
      date.day = 1;
      if (++date.month > 12) date = {date.year + 1, 1, 1};
    }
  }
}

TEST_CASE("every error says what is allowed") {
  Field field;
  field.type = {.kind = Kind::money, .scale = 2};
  CHECK(explain(ParseError::malformed, field) == "is not an amount; write digits with up to 2 after a point, such as 3.50");
  CHECK(explain(ParseError::too_many_digits, field) == "has too many digits after the point; write digits with up to 2 after a point, such as 3.50");
  CHECK(explain(ParseError::out_of_range, field) == "is out of range; the largest is 92233720368547758.07");
  field.type = {.kind = Kind::text, .text_bytes = 4};
  CHECK(explain(ParseError::too_long, field) == "is too long; write at most 4 bytes");
  field.type = {.kind = Kind::enumeration};
  field.labels = {"buy", "sell"};
  CHECK(explain(ParseError::unknown_label, field) == "is no label of this enum; write one of buy, sell");
  field.type = {.kind = Kind::time};
  CHECK(explain(ParseError::no_such_time, field).starts_with("is no time of the calendar; write UTC with a Z"));
}

TEST_CASE("ratios print as the nearest double in units of their type") {
  const Type money{.kind = Kind::money, .ratio = true, .scale = 2};
  const Type share{.kind = Kind::integer, .ratio = true};
  const Type wait{.kind = Kind::duration, .ratio = true};
  CHECK(to_string(money, Value::of(1234, 100)) == "0.1234");
  CHECK(to_string(money, Value::of(10'000, 3)) == "33.333333333333336");
  CHECK(to_string(share, Value::of(1, 3)) == "0.3333333333333333");
  CHECK(to_string(share, Value::of(0, 7)) == "0");
  CHECK(to_string(share, Value::of(14, 7)) == "2");
  CHECK(to_string(wait, Value::of(181 * one_second, 2)) == "90.5s");
  CHECK(to_string(share, Value{}).empty());
}

}  // namespace format_test
