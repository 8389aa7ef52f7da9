// Aggregates for lock step: all kinds at once, those that take the straight loops, and those whose entries are packed.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "stage.hpp"
#include "tests/twin/own.hpp"

namespace pawl::window::test::lockstep_test {

using Kind_ = AggregateKind;

inline constexpr Duration day = 86'400 * second;

inline ExprPtr amount() { return field("amount", money); }
inline ExprPtr fraud() { return field("fraud", boolean); }
inline ExprPtr small() { return both(Op::less, amount(), literal(200, money)); }
inline ExprPtr odd_one() { return both(Op::logical_or, fraud(), both(Op::equal, field("device", text_of(12)), text_literal("b"))); }

inline void add_panes(std::vector<Aggregate>& list, Duration width) {
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  for (const Kind_ kind : {Kind_::sum, Kind_::avg, Kind_::stddev, Kind_::min, Kind_::max}) {
    add(agg(kind).of(amount()).per("customer").within(width).by(width));
    add(agg(kind).of(amount()).per("customer").within(3 * width).by(second).prior().where(odd_one()));
    add(agg(kind).of(amount()).per("terminal").within(4 * width).by(second).delayed(width + 7));
    add(agg(kind).of(amount()).within(2 * width).by(second).delayed(2 * second));
  }
  add(agg(Kind_::count).per("customer").within(2 * width).by(second));
  add(agg(Kind_::count).of(amount()).per("terminal").within(2 * width).by(second).prior());
  add(agg(Kind_::share).of(fraud()).per("terminal").within(2 * width).by(width).delayed(second).where(small()));
}

inline void add_percentiles(std::vector<Aggregate>& list, Duration width) {
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  for (const std::int64_t percentile : {1, 50, 90, 100}) {
    add(agg(Kind_::percentile).percent(percentile).of(amount()).per("terminal").within(width));
    add(agg(Kind_::percentile).percent(percentile).of(amount()).per("terminal").within(width).delayed(2 * second).where(odd_one()).prior());
  }
  add(agg(Kind_::median).of(amount()).per("terminal").within(width));  // the tree of percentiles
  add(agg(Kind_::median).of(amount()).within(4 * width).prior());
  add(agg(Kind_::median).of(field("at", instant)).per("customer").within(width).delayed(second));
}

inline void add_percentiles_of_latest(std::vector<Aggregate>& list, std::int64_t n) {
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  add(agg(Kind_::median).of(amount()).per("device").latest(n));
  add(agg(Kind_::percentile).percent(75).of(amount()).per("device").latest(n).delayed(2 * second).where(small()));
  add(agg(Kind_::median).of(field("customer", integer)).per("device").latest(n).prior());
}

inline void add_floats(std::vector<Aggregate>& list, Duration width) {
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  add(agg(Kind_::ewma).of(amount()).per("customer").within(width + 7));
  add(agg(Kind_::ewma).of(amount()).per("customer").within(5 * width).prior().where(odd_one()));
  add(agg(Kind_::ewma).of(field("at", instant)).per("terminal").within(width).delayed(2 * second).where(small()));
  add(agg(Kind_::stddev).of(amount()).per("customer").within(width));
  add(agg(Kind_::stddev).of(amount()).per("customer").within(width).delayed(2 * second).prior().where(odd_one()));
}

inline std::shared_ptr<const Operator> named(std::string_view name) {
  const Operators operators = twin::own_operators();
  return *std::find_if(operators.all().begin(), operators.all().end(), [&](const auto& one) { return one->name == name; });
}

// With an inverse and without one, minding the order and not, of all that can be yielded.
inline void add_own(std::vector<Aggregate>& list, Duration width) {
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  for (const char* name : {"path", "digits"}) {
    add(agg(Kind_::own).by_operator(named(name)).of(field("terminal", integer)).per("customer").per("device").within(width));
    add(agg(Kind_::own).by_operator(named(name)).of(field("terminal", integer)).per("customer").per("device").within(4 * width).delayed(2 * second).prior().where(odd_one()));
    add(agg(Kind_::own).by_operator(named(name)).of(field("customer", integer)).within(width).delayed(second));
  }
  add(agg(Kind_::own).by_operator(named("squares")).of(amount()).per("terminal").per("device").within(width).prior());
  add(agg(Kind_::own).by_operator(named("squares")).of(amount()).per("terminal").per("device").within(2 * width).by(second).delayed(width));
  add(agg(Kind_::own).by_operator(named("mean")).of(amount()).per("terminal").per("device").within(3 * width).where(small()));
  add(agg(Kind_::own).by_operator(named("rising")).of(amount()).per("customer").per("device").within(2 * width).prior());
  add(agg(Kind_::own).by_operator(named("spread")).of(amount()).per("terminal").per("device").within(width).delayed(width));
  add(agg(Kind_::own).by_operator(named("switched")).of(fraud()).per("customer").per("device").within(3 * width));
  for (const char* name : {"squares", "mean"}) add(agg(Kind_::own).by_operator(named(name)).of(amount()).per("customer").per("terminal").per("device").delayed(width - second).where(odd_one()));
  for (const std::int64_t n : {width / second, 4 * width / second}) {  // in the record, and beyond it
    for (const char* name : {"path", "digits"}) {
      add(agg(Kind_::own).by_operator(named(name)).of(field("terminal", integer)).per("device").per("customer").latest(n));
      add(agg(Kind_::own).by_operator(named(name)).of(field("terminal", integer)).per("device").per("customer").latest(n).prior().where(fraud()));
    }
    add(agg(Kind_::own).by_operator(named("mean")).of(amount()).per("device").per("customer").latest(n).prior());
    add(agg(Kind_::own).by_operator(named("digits")).of(field("terminal", integer)).per("device").per("customer").latest(n).delayed(2 * second).where(small()));
  }
}

// Spans and delays are small multiples of the steps of the stream, so events stand exactly on edges all the time.
inline std::vector<Aggregate> every_kind() {
  std::vector<Aggregate> list;
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  for (const Duration width : {second, 3 * second, 10 * second}) {
    add(agg(Kind_::count).per("customer").within(width));
    add(agg(Kind_::sum).of(amount()).per("customer").within(width));
    add(agg(Kind_::avg).of(amount()).per("customer").within(width).prior());
    add(agg(Kind_::count).per("terminal").within(width).delayed(2 * second).where(fraud()));
    add(agg(Kind_::share).of(fraud()).per("terminal").within(width).delayed(3 * second));
    add(agg(Kind_::distinct).of(field("customer", integer)).per("terminal").within(width));
    add(agg(Kind_::distinct).of(field("device", text_of(12))).per("terminal").within(4 * width).delayed(second).where(odd_one()));
    add(agg(Kind_::last).of(amount()).per("terminal").within(width).where(small()));
    add(agg(Kind_::last).of(amount()).per("terminal").within(width).delayed(second));
    for (const Kind_ kind : {Kind_::first, Kind_::min, Kind_::max}) {
      add(agg(kind).of(amount()).per("terminal").within(width));
      add(agg(kind).of(amount()).per("terminal").within(width).prior().where(odd_one()));
      add(agg(kind).of(amount()).per("customer").within(width).delayed(2 * second));
      add(agg(kind).of(field("terminal", integer)).per("customer").within(2 * width).delayed(width).where(small()).prior());
      add(agg(kind).of(field("at", instant)).within(width).delayed(width));
    }
    add_percentiles(list, width);
    add_panes(list, width);
    add_floats(list, width);
    add_own(list, width);
    add(agg(Kind_::rate).per("customer").within(width).where(small()));
    add(agg(Kind_::rate).of(amount()).per("terminal").within(width + 4).delayed(second).prior());
  }
  add(agg(Kind_::count).of(amount()).per("customer").within(5 * second));
  add(agg(Kind_::count).per("customer").within(3 * second).prior().where(small()));
  add(agg(Kind_::last).of(field("terminal", integer)).per("customer").prior());
  add(agg(Kind_::last).of(field("at", instant)).per("customer").prior());
  add(agg(Kind_::distinct).of(field("terminal", integer)).per("customer").within(60 * second).prior());
  for (const std::int64_t n : {1, 3, 40}) {
    add(agg(Kind_::sum).of(amount()).per("device").latest(n));
    add(agg(Kind_::avg).of(amount()).per("device").latest(n).prior().where(small()));
    add(agg(Kind_::count).of(amount()).per("device").latest(n).delayed(2 * second).where(fraud()));
    add(agg(Kind_::last).of(amount()).per("device").latest(n).where(odd_one()));
    add(agg(Kind_::last).of(amount()).per("device").latest(n).delayed(second));
    for (const Kind_ kind : {Kind_::first, Kind_::min, Kind_::max}) {
      if (kind == Kind_::first) add(agg(Kind_::stddev).of(amount()).per("device").latest(n).prior());
      if (kind == Kind_::first) add(agg(Kind_::stddev).of(amount()).per("device").latest(n).delayed(second).where(fraud()));
      add(agg(kind).of(amount()).per("device").latest(n));
      add(agg(kind).of(amount()).per("device").latest(n).prior().where(small()));
      add(agg(kind).of(amount()).per("device").latest(n).delayed(2 * second));
      add(agg(kind).of(amount()).per("device").within(n * second).delayed(2 * second));  // beside the former in one chain
    }
    add_percentiles_of_latest(list, n);
    add(agg(Kind_::distinct).of(field("customer", integer)).per("device").latest(n));
    add(agg(Kind_::distinct).of(field("customer", integer)).per("device").latest(n).delayed(2 * second).prior());
  }
  for (const Duration delay : {Duration{0}, 2 * second}) {
    add(agg(Kind_::count).per("customer").per("terminal").delayed(delay));
    add(agg(Kind_::count).per("customer").per("terminal").delayed(delay).where(small()));
    add(agg(Kind_::sum).of(amount()).per("customer").per("terminal").delayed(delay).prior());
    add(agg(Kind_::avg).of(amount()).per("customer").per("terminal").delayed(delay));
    add(agg(Kind_::share).of(small()).per("customer").per("terminal").delayed(delay));
    add(agg(Kind_::last).of(amount()).per("customer").per("terminal").delayed(delay).prior());
    add(agg(Kind_::stddev).of(amount()).per("customer").per("terminal").delayed(delay));
    for (const Kind_ kind : {Kind_::first, Kind_::min, Kind_::max}) {
      add(agg(kind).of(amount()).per("customer").per("terminal").delayed(delay));
      add(agg(kind).of(amount()).per("customer").delayed(delay).prior().where(odd_one()));
    }
    add(agg(Kind_::distinct).of(field("device", text_of(12))).per("customer").per("terminal").delayed(delay));
  }
  add(agg(Kind_::count).within(2 * second));  // per all
  add(agg(Kind_::distinct).of(field("terminal", integer)).within(20 * second));
  add(agg(Kind_::count).per("customer").on({0, 1}).within(4 * second));
  add(agg(Kind_::distinct).of(field("device", text_of(20))).per("customer").on({0, 1}).within(8 * second));
  return list;
}

// What takes the straight loops where nothing is missing: numbers alone, no `last N`, nothing but counts and sums at edges.
inline std::vector<Aggregate> plain_kinds() {
  std::vector<Aggregate> list;
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  for (const Duration width : {second, 3 * second, 10 * second}) {
    add(agg(Kind_::count).per("customer").within(width));
    add(agg(Kind_::sum).of(amount()).per("customer").within(width));
    add(agg(Kind_::avg).of(amount()).per("customer").within(width).prior());
    add(agg(Kind_::count).per("customer").within(width).prior().where(small()));
    add(agg(Kind_::count).per("terminal").within(width).delayed(2 * second).where(fraud()));
    add(agg(Kind_::share).of(fraud()).per("terminal").within(width).delayed(3 * second));
    add(agg(Kind_::distinct).of(field("customer", integer)).per("terminal").within(width));
    add(agg(Kind_::sum).of(amount()).within(width));
    add(agg(Kind_::rate).of(amount()).per("customer").within(width));
    for (const Kind_ kind : {Kind_::first, Kind_::min, Kind_::max}) {
      add(agg(kind).of(amount()).per("terminal").within(width));
      add(agg(kind).of(amount()).per("terminal").within(width).delayed(2 * second).where(fraud()).prior());
    }
    add(agg(Kind_::ewma).of(amount()).per("customer").within(width).delayed(2 * second));
    add(agg(Kind_::ewma).of(amount()).within(width + 7).prior());
    add(agg(Kind_::stddev).of(amount()).per("customer").within(width));
    add(agg(Kind_::median).of(amount()).per("terminal").within(width));
    add(agg(Kind_::percentile).percent(95).of(amount()).per("terminal").within(width).delayed(2 * second).prior());
    for (const char* name : {"path", "digits"}) {
      add(agg(Kind_::own).by_operator(named(name)).of(field("terminal", integer)).per("customer").within(width));
      add(agg(Kind_::own).by_operator(named(name)).of(field("customer", integer)).per("terminal").within(width).delayed(2 * second).prior());
    }
    add(agg(Kind_::own).by_operator(named("mean")).of(amount()).within(width));
    add(agg(Kind_::sum).of(field("terminal", integer)).within(width).where(small()));  // two sums, one of them of some events only
    for (const std::int64_t limit : {100, 300, 400, 500}) add(agg(Kind_::count).within(width).where(both(Op::greater, amount(), literal(limit, money))));  // five counts
  }
  add(agg(Kind_::last).of(field("terminal", integer)).per("customer").prior());
  add(agg(Kind_::last).of(field("at", instant)).per("customer").prior());
  add(agg(Kind_::last).of(amount()).per("customer").where(small()));
  add(agg(Kind_::last).of(amount()).per("customer").per("terminal").delayed(3 * second));  // a column of another kind at its edges
  for (const Kind_ kind : {Kind_::first, Kind_::min, Kind_::sum, Kind_::stddev, Kind_::count}) add(agg(kind).of(amount()).per("customer"));  // and columns that no edge reads
  add(agg(Kind_::distinct).of(field("customer", integer)).per("terminal").within(5 * second).delayed(second).prior());
  add(agg(Kind_::stddev).of(amount()).within(4 * second).prior());
  add(agg(Kind_::own).by_operator(named("digits")).of(field("customer", integer)).per("device").latest(5));  // alone in its group: no edges
  add(agg(Kind_::own).by_operator(named("mean")).of(amount()).per("terminal").per("customer").latest(3));
  add(agg(Kind_::own).by_operator(named("rising")).of(amount()).per("terminal").per("customer").prior());
  add(agg(Kind_::count).per("customer").per("terminal").within(4 * second));
  return list;
}

// Groups with one sum and few counts, whose entries are packed; and one whose windows reach too far back for that.
inline std::vector<Aggregate> lean_kinds() {
  std::vector<Aggregate> list;
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  for (const Duration width : {second, 3 * second, 10 * second}) {
    add(agg(Kind_::count).per("customer").within(width));
    add(agg(Kind_::sum).of(amount()).per("customer").within(width));
    add(agg(Kind_::avg).of(amount()).per("customer").within(width).delayed(2 * second).prior());
    add(agg(Kind_::sum).of(amount()).per("terminal").within(width).where(small()));
    add(agg(Kind_::count).per("terminal").within(width).where(fraud()));
    add(agg(Kind_::max).of(amount()).per("terminal").within(width).prior());
    for (const std::int64_t limit : {100, 300, 400, 500}) add(agg(Kind_::count).within(width).where(both(Op::greater, amount(), literal(limit, money))));
    add(agg(Kind_::sum).of(amount()).within(width));
    add(agg(Kind_::sum).of(amount()).per("customer").per("terminal").within(width));
    add(agg(Kind_::count).per("device").within(width));
  }
  for (const Kind_ kind : {Kind_::avg, Kind_::stddev, Kind_::last}) add(agg(kind).of(amount()).per("terminal"));  // columns that no edge reads
  add(agg(Kind_::sum).of(amount()).per("customer").per("terminal").within(105 * day));
  add(agg(Kind_::sum).of(amount()).per("device").latest(3));
  return list;
}

}  // namespace pawl::window::test::lockstep_test
