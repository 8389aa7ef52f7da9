// Float fields in windows: both zeros, what is not finite, and the order of numbers of either sign.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "pawl/core/window/ordered_float.hpp"
#include "stage.hpp"

namespace pawl::window::test {
namespace {

constexpr Type floating{.kind = Kind::floating};
using Agg = AggregateKind;

language::Pipeline readings() {
  language::Pipeline pipeline;
  pipeline.events.push_back(schema("Reading", {field_of("at", instant), field_of("sensor", integer), field_of("value", floating)}, 0));
  return pipeline;
}

ExprPtr value() { return field("value", floating); }

std::vector<Aggregate> aggregates() {
  std::vector<Aggregate> made;
  for (const Agg kind : {Agg::first, Agg::last, Agg::min, Agg::max, Agg::median, Agg::ewma, Agg::count, Agg::distinct}) {
    made.push_back(agg(kind).of(value()).per("sensor").within(10).aggregate);
  }
  return made;
}

class Readings {
 public:
  Readings() : stage_(pipeline_, aggregates_, {.keys_max = 16, .entries_max = 256, .distinct_max = 64}) {}

  void read(Time at, double value) {
    const EventSchema& schema = pipeline_.events[0];
    begin_event(schema, stage_.slot());
    write_number(schema, stage_.slot(), 0, at);
    write_number(schema, stage_.slot(), 1, 1);
    write_number(schema, stage_.slot(), 2, std::bit_cast<std::int64_t>(value));
    stage_.publish();
    stage_.process();
  }
  // first, last, min, max, median, ewma; nothing if one is missing.
  [[nodiscard]] std::vector<double> floats() const {
    std::vector<double> values;
    for (std::size_t i = 0; i < 6; ++i) {
      const Answer answer = stage_.answer(i, stage_.published());
      if (!answer.valid) return {};
      values.push_back(std::bit_cast<double>(answer.number));
    }
    return values;
  }
  [[nodiscard]] std::int64_t count() const { return stage_.answer(6, stage_.published()).number; }
  [[nodiscard]] std::int64_t distinct() const { return stage_.answer(7, stage_.published()).number; }

 private:
  language::Pipeline pipeline_ = readings();
  std::vector<Aggregate> aggregates_ = aggregates();
  Stage stage_;
};

}  // namespace

TEST_CASE("floats keep their order as whole numbers, and come back") {
  const std::vector<double> ascending{-std::numeric_limits<double>::max(), -1.5, -1.0, -0x1p-1074, 0.0, 0x1p-1074, 1.0, 1.5, std::numeric_limits<double>::max()};
  std::vector<std::int64_t> numbers;
  for (const double one : ascending) {
    numbers.push_back(ordered_float(std::bit_cast<std::int64_t>(one)));
    CHECK(float_of_ordered(numbers.back()) == one);
  }
  CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
}

TEST_CASE("windows of floats: what is not finite is missing, and there is one zero") {
  Readings r;
  using Values = std::vector<double>;
  r.read(100, std::numeric_limits<double>::quiet_NaN());
  CHECK(r.floats() == Values{});
  CHECK(r.count() == 0);
  r.read(100, -2.5);
  CHECK(r.floats() == Values{-2.5, -2.5, -2.5, -2.5, -2.5, -2.5});
  r.read(100, std::numeric_limits<double>::infinity());
  r.read(100, 4.5);
  CHECK(r.floats() == Values{-2.5, 4.5, -2.5, 4.5, -2.5, 1.0});
  CHECK(r.count() == 2);
  r.read(105, -0.0);
  r.read(105, 0.0);
  CHECK(r.count() == 4);
  CHECK(r.distinct() == 3);
  r.read(110, -0.0);  // those of 100 are out
  CHECK(r.count() == 3);
  CHECK(r.distinct() == 1);
  CHECK(std::bit_cast<std::int64_t>(r.floats()[1]) == 0);
  CHECK(std::bit_cast<std::int64_t>(r.floats()[2]) == 0);
}

}  // namespace pawl::window::test
