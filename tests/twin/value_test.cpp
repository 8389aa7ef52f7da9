#include "tests/twin/value.hpp"

#include "pawl/core/event/format.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace pawl;
using twin::Datum;
using twin::Number;

TEST_CASE("the nearest double is nearest, also half way and far out") {
  CHECK(twin::nearest_double(Number(1, 3)) == 1.0 / 3.0);
  CHECK(twin::nearest_double(Number(-2, 3)) == -2.0 / 3.0);
  CHECK(twin::nearest_double(Number(0)) == 0.0);
  const Number two_to_53 = Number(twin::Integer(1) << 53);
  CHECK(twin::nearest_double(two_to_53 + 1) == 9007199254740992.0);  // half way: to the even mantissa
  CHECK(twin::nearest_double(two_to_53 + 3) == 9007199254740996.0);
  CHECK(twin::nearest_double(two_to_53 + 1 + Number(1, 1'000'000)) == 9007199254740994.0);
  CHECK(twin::nearest_double(Number(twin::Integer(1), twin::power_of_ten(18))) == 1e-18);
}

TEST_CASE("cells of every type") {
  const Type money{.kind = Kind::money, .scale = 2}, money0{.kind = Kind::money}, integer{}, text{.kind = Kind::text, .text_bytes = 8};
  const Type time{.kind = Kind::time}, duration{.kind = Kind::duration};
  const Type money_ratio{.kind = Kind::money, .ratio = true, .scale = 2}, duration_ratio{.kind = Kind::duration, .ratio = true};
  CHECK(twin::print(money, {}) == "");
  CHECK(twin::print(money, Datum::of(std::int64_t{-5})) == "-0.05");
  CHECK(twin::print(money, Datum::of(std::int64_t{12345})) == "123.45");
  CHECK(twin::print(money0, Datum::of(std::int64_t{7})) == "7");
  CHECK(twin::print(money, Datum::of(std::numeric_limits<std::int64_t>::min())) == "-92233720368547758.08");
  CHECK(twin::print(integer, Datum::of(std::int64_t{-42})) == "-42");
  CHECK(twin::print(text, Datum::of_text("a,b")) == "a,b");
  CHECK(twin::print(money_ratio, Datum::of_ratio(10000, 3)) == "33.333333333333336");
  CHECK(twin::print(money_ratio, Datum::of_ratio(2469, 2)) == "12.345");
  CHECK(twin::print(duration_ratio, Datum::of_ratio(one_second, 4)) == "0.25s");
  CHECK(twin::print(time, Datum::of(std::int64_t{0})) == "1970-01-01T00:00:00Z");
  CHECK(twin::print(time, Datum::of(std::int64_t{1'533'722'400} * one_second + 500'000'000)) == "2018-08-08T10:00:00.5Z");
  CHECK(twin::print(time, Datum::of(std::int64_t{951'782'400} * one_second)) == "2000-02-29T00:00:00Z");
  CHECK(twin::print(time, Datum::of(std::int64_t{-1})) == "1969-12-31T23:59:59.999999999Z");
  CHECK(twin::print(duration, Datum::of(90 * one_second)) == "90s");
  CHECK(twin::print(duration, Datum::of(86'400 * one_second)) == "1d");
  CHECK(twin::print(duration, Datum::of(std::int64_t{-3000})) == "-3us");
  CHECK(twin::print(duration, Datum::of(std::int64_t{0})) == "0s");
}

// Two writers of one form: the twin's and the product's must agree on what they both print.
TEST_CASE("the product prints the same texts") {
  const Type types[] = {{.kind = Kind::integer}, {.kind = Kind::money, .scale = 2}, {.kind = Kind::decimal, .scale = 5}, {.kind = Kind::time},
                        {.kind = Kind::duration}};
  const std::int64_t numbers[] = {0, 1, -1, 99, -100, 86'400'000'000'000, 3'600'000'000'000, -60'000'000'000, 1'533'722'400'500'000'000,
                                  INT64_MAX, INT64_MIN, INT64_MIN + 1, 951'782'399'999'999'999};
  for (const Type& type : types) {
    for (const std::int64_t number : numbers) CHECK(twin::print(type, Datum::of(number)) == to_string(type, Value::of(number)));
  }
  for (Type type : types) {
    type.ratio = true;
    if (type.kind == Kind::time) continue;
    for (const std::int64_t number : numbers) {
      for (const std::int64_t bottom : {std::int64_t{1}, std::int64_t{3}, std::int64_t{7'000'001}, INT64_MAX}) {
        CHECK(twin::print(type, Datum::of_ratio(number, bottom)) == to_string(type, Value::of(number, bottom)));
      }
    }
  }
}

TEST_CASE("what fits a type") {
  CHECK(twin::fits({}, Number(INT64_MAX)));
  CHECK_FALSE(twin::fits({}, Number(INT64_MAX) + 1));
  CHECK(twin::fits({}, Number(INT64_MIN)));
  CHECK_FALSE(twin::fits({}, Number(INT64_MIN) - 1));
  const Type ratio{.ratio = true};
  const twin::Integer limit = twin::Integer(1) << 127;
  CHECK(twin::fits(ratio, Number(twin::Integer(limit - 1))));
  CHECK_FALSE(twin::fits(ratio, Number(limit)));
  CHECK(twin::fits(ratio, Number(twin::Integer(-limit))));
  CHECK_FALSE(twin::fits(ratio, Number(twin::Integer(1), limit)));
  CHECK(twin::to_integer(static_cast<Int128>(INT64_MIN) * 4) == -(twin::Integer(1) << 65));
}
