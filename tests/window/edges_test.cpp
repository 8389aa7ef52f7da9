// Single cases worth reading: both edges of a window, prior, delays, last N, sums at the end of 64 bits, bounds, no allocation.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <new>
#include <random>

#include "stage.hpp"

namespace {

std::size_t allocations = 0;

void* counted_allocation(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted_allocation(bytes); }
void* operator new[](std::size_t bytes) { return counted_allocation(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return counted_allocation(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return counted_allocation(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace pawl::window::test {
namespace {

using Agg = AggregateKind;

class Payments {
 public:
  explicit Payments(std::vector<Aggregate> aggregates, const StateLimits& limits = {.keys_max = 64, .entries_max = 4096, .distinct_max = 256})
      : aggregates_(std::move(aggregates)), stage_(pipeline_, aggregates_, limits) {}

  void pay(Time at, std::int64_t customer, std::int64_t amount) {
    const EventSchema& schema = pipeline_.events[0];
    begin_event(schema, stage_.slot());
    write_number(schema, stage_.slot(), 0, at);
    write_number(schema, stage_.slot(), 1, customer);
    write_number(schema, stage_.slot(), 4, amount);
    stage_.publish();
    stage_.process();
  }
  // Of the latest event; INT64_MIN: missing.
  [[nodiscard]] std::int64_t value(std::size_t feature = 0) const {
    const Answer answer = stage_.answer(feature, stage_.published());
    return answer.valid ? answer.number : std::numeric_limits<std::int64_t>::min();
  }
  [[nodiscard]] GroupCounters counters() const { return stage_.counters(); }

 private:
  language::Pipeline pipeline_ = payments();
  std::vector<Aggregate> aggregates_;
  Stage stage_;
};

constexpr std::int64_t missing = std::numeric_limits<std::int64_t>::min();

std::vector<Aggregate> list(Builder&& a) {
  std::vector<Aggregate> made;
  made.push_back(std::move(a.aggregate));
  return made;
}
std::vector<Aggregate> list(Builder&& a, Builder&& b) {
  std::vector<Aggregate> made = list(std::move(a));
  made.push_back(std::move(b.aggregate));
  return made;
}
ExprPtr amount() { return field("amount", money); }

}  // namespace

TEST_CASE("a window is open on the left and closed on the right, to the nanosecond") {
  Payments p(list(agg(Agg::count).per("customer").within(10), agg(Agg::count).per("customer").within(10).delayed(5)));
  p.pay(100, 1, 0);
  CHECK(p.value(0) == 1);
  CHECK(p.value(1) == 0);
  p.pay(104, 1, 0);
  CHECK(p.value(1) == 0);
  p.pay(105, 1, 0);  // 100 is exactly 5 old
  CHECK(p.value(1) == 1);
  p.pay(109, 1, 0);
  CHECK(p.value(0) == 4);
  p.pay(110, 1, 0);  // 100 is exactly 10 old: out
  CHECK(p.value(0) == 4);
  p.pay(114, 1, 0);  // delayed: (99, 109], with 100 just inside
  CHECK(p.value(1) == 4);
  p.pay(115, 1, 0);  // (100, 110]
  CHECK(p.value(1) == 4);
}

TEST_CASE("prior excludes the event itself; what comes at the same time but earlier in the log counts") {
  Payments p(list(agg(Agg::sum).of(amount()).per("customer").within(10).prior(), agg(Agg::last).of(amount()).per("customer").prior()));
  p.pay(100, 1, 7);
  CHECK(p.value(0) == 0);
  CHECK(p.value(1) == missing);
  p.pay(100, 1, 8);
  CHECK(p.value(0) == 7);
  CHECK(p.value(1) == 7);
}

TEST_CASE("a late event takes the effective time of the log, whatever key came before it") {
  Payments p(list(agg(Agg::count).per("customer").within(10)));
  p.pay(100, 1, 0);
  p.pay(120, 2, 0);
  p.pay(90, 1, 0);  // te 120: the event at 100 is out
  CHECK(p.value() == 1);
}

TEST_CASE("a sum is missing only while it does not fit in 64 bits, and exact before and after") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  Payments p(list(agg(Agg::sum).of(amount()).per("customer").within(10)));
  p.pay(100, 1, most);
  CHECK(p.value() == most);
  p.pay(101, 1, 1);
  CHECK(p.value() == missing);
  CHECK(p.counters().overflow == 1);
  p.pay(102, 1, -2);
  CHECK(p.value() == most - 1);
  p.pay(111, 1, 5);  // (101, 111]
  CHECK(p.value() == 3);
}

TEST_CASE("keys whose windows are all empty are forgotten to make room; then keys are refused, counted and missing") {
  Payments p(list(agg(Agg::count).per("customer").within(1000)), {.keys_max = 1, .entries_max = 1 << 16, .distinct_max = 0});
  std::int64_t refused = 0;
  for (std::int64_t key = 0; key < 8000; ++key) {
    p.pay(100, key, 0);
    refused += p.value() == missing;
  }
  const GroupCounters full = p.counters();
  CHECK(refused > 0);
  CHECK(full.keys_refused == static_cast<std::uint64_t>(refused));
  CHECK(full.keys + full.keys_refused == 8000);
  CHECK(full.keys_evicted == 0);
  for (std::int64_t key = 8000; key < 9000; ++key) {
    p.pay(2000, key, 0);
    CHECK(p.value() == 1);
  }
  CHECK(p.counters().keys_refused == full.keys_refused);
  CHECK(p.counters().keys_evicted > 0);
}

TEST_CASE("entries are refused at their bound, counted and missing, and come again when windows have passed") {
  Payments p(list(agg(Agg::count).per("customer").within(1000)), {.keys_max = 64, .entries_max = 20, .distinct_max = 0});
  for (int i = 0; i < 25; ++i) p.pay(100, 1, 0);
  CHECK(p.value() == missing);
  CHECK(p.counters().entries == 20);
  CHECK(p.counters().entries_refused == 5);
  p.pay(1100, 1, 0);  // (100, 1100]
  CHECK(p.value() == 1);
}

TEST_CASE("distinct counts a large window in the table, and is missing, counted, while that has no room") {
  Payments p(list(agg(Agg::distinct).of(amount()).per("customer").within(1000)), {.keys_max = 64, .entries_max = 4096, .distinct_max = 40});
  for (int i = 0; i < 40; ++i) p.pay(100, 1, i);
  CHECK(p.value() == 40);
  CHECK(p.counters().distinct_values == 40);
  p.pay(100, 1, 39);
  CHECK(p.value() == 40);
  p.pay(100, 1, 99);
  CHECK(p.value() == missing);
  CHECK(p.counters().distinct_refused == 1);
  CHECK(p.counters().distinct_values == 0);
  for (int i = 0; i < 30; ++i) p.pay(1100, 1, i % 25);
  CHECK(p.value() == 25);
}

TEST_CASE("first, min and max go back to an earlier value when a better one has left, and are missing when none is left") {
  std::vector<Aggregate> aggregates = list(agg(Agg::first).of(amount()).per("customer").within(10), agg(Agg::min).of(amount()).per("customer").within(10));
  aggregates.push_back(agg(Agg::max).of(amount()).per("customer").within(10).prior().aggregate);
  Payments p(std::move(aggregates));
  const auto values = [&] { return std::array{p.value(0), p.value(1), p.value(2)}; };
  p.pay(100, 1, 5);
  CHECK(values() == std::array{std::int64_t{5}, std::int64_t{5}, missing});
  p.pay(101, 1, 9);
  CHECK(values() == std::array<std::int64_t, 3>{5, 5, 5});
  p.pay(102, 1, 7);
  CHECK(values() == std::array<std::int64_t, 3>{5, 5, 9});
  p.pay(110, 1, 8);  // 100 is out
  CHECK(values() == std::array<std::int64_t, 3>{9, 7, 9});
  p.pay(111, 1, 7);  // 101 is out: of two sevens the later stays
  CHECK(values() == std::array<std::int64_t, 3>{7, 7, 8});
  p.pay(112, 1, 8);  // the first seven is out
  CHECK(values() == std::array<std::int64_t, 3>{8, 7, 8});
  p.pay(200, 1, 3);
  CHECK(values() == std::array{std::int64_t{3}, std::int64_t{3}, missing});
}

TEST_CASE("a falling row of values, and what outdoes all of it at once") {
  Payments p(list(agg(Agg::max).of(amount()).per("customer").within(5000), agg(Agg::max).of(amount()).per("customer").within(100)));
  for (int i = 0; i < 3000; ++i) {
    p.pay(i, 1, 3000 - i);
    REQUIRE(p.value(0) == 3000);
    REQUIRE(p.value(1) == 3000 - std::max(0, i - 99));
  }
  p.pay(3000, 1, 3000);
  CHECK(p.value(0) == 3000);
  CHECK(p.value(1) == 3000);
  p.pay(5001, 1, 1);  // of the two at 3000 one is left
  CHECK(p.value(0) == 3000);
  CHECK(p.value(1) == 1);
}

TEST_CASE("long falling rows are outdone in part, whole, or by what equals one of their values") {
  Payments p(list(agg(Agg::max).of(amount()).per("customer").within(2000), agg(Agg::max).of(amount()).per("customer").within(300).delayed(100)));
  std::vector<std::int64_t> values;
  std::mt19937_64 random(17);
  const auto greatest = [&](std::size_t from_end, std::size_t count) {
    const std::size_t end = values.size() - std::min(values.size(), from_end), begin = end - std::min(end, count);
    return begin == end ? missing : *std::max_element(values.begin() + static_cast<std::ptrdiff_t>(begin), values.begin() + static_cast<std::ptrdiff_t>(end));
  };
  std::int64_t value = 1'000'000;
  for (int i = 0; i < 12'000; ++i) {
    value -= static_cast<std::int64_t>(random() % 3);
    if (random() % 400 == 0) value = values.empty() ? value : values[values.size() - 1 - random() % std::min<std::size_t>(values.size(), 2500)] + static_cast<std::int64_t>(random() % 2);
    values.push_back(value);
    p.pay(i, 1, value);
    REQUIRE(p.value(0) == greatest(0, 2000));
    REQUIRE(p.value(1) == greatest(100, 300));
  }
}

TEST_CASE("medians are the lower middle, percentiles of nearest rank") {
  std::vector<Aggregate> aggregates = list(agg(Agg::median).of(amount()).per("customer").within(10), agg(Agg::percentile).percent(75).of(amount()).per("customer").within(10));
  aggregates.push_back(agg(Agg::percentile).percent(1).of(amount()).per("customer").within(10).prior().aggregate);
  aggregates.push_back(agg(Agg::percentile).percent(100).of(amount()).per("customer").latest(2).aggregate);
  Payments p(std::move(aggregates));
  const auto values = [&] { return std::array{p.value(0), p.value(1), p.value(2), p.value(3)}; };
  p.pay(100, 1, 7);
  CHECK(values() == std::array{std::int64_t{7}, std::int64_t{7}, missing, std::int64_t{7}});
  p.pay(101, 1, 9);
  CHECK(values() == std::array<std::int64_t, 4>{7, 9, 7, 9});
  p.pay(102, 1, -5);
  CHECK(values() == std::array<std::int64_t, 4>{7, 9, 7, 9});
  p.pay(103, 1, 8);  // -5 7 8 9
  CHECK(values() == std::array<std::int64_t, 4>{7, 8, -5, 8});
  p.pay(110, 1, 7);  // -5 7 8 9: one seven is out
  CHECK(values() == std::array<std::int64_t, 4>{7, 8, -5, 8});
  p.pay(112, 1, 1);  // 1 7 8
  CHECK(values() == std::array<std::int64_t, 4>{7, 8, 7, 7});
}

TEST_CASE("rankings stay shallow for rising, falling and equal values: a deeper path than is allowed stops the program") {
  for (const std::int64_t slope : {1, 0, -1}) {
    Payments p(list(agg(Agg::median).of(amount()).per("customer").within(3000), agg(Agg::percentile).percent(10).of(amount()).per("customer").latest(900)));
    for (std::int64_t i = 1; i <= 9000; ++i) {
      p.pay(i, 1, slope * i);
      const std::int64_t held = std::min<std::int64_t>(i, 3000), latest = std::min<std::int64_t>(i, 900);
      const std::int64_t middle = (held + 1) / 2, low = (latest + 9) / 10;
      REQUIRE(p.value(0) == (slope > 0 ? i - held + middle : slope * (i - middle + 1)));
      REQUIRE(p.value(1) == (slope > 0 ? i - latest + low : slope * (i - low + 1)));
    }
  }
}

TEST_CASE("panes: an event counts as if it had come when its pane began; a key keeps its panes, however many events come") {
  std::vector<Aggregate> aggregates = list(agg(Agg::count).per("customer").within(30).by(10), agg(Agg::max).of(amount()).per("customer").within(30).by(10));
  aggregates.push_back(agg(Agg::sum).of(amount()).per("customer").within(10).by(10).delayed(4).aggregate);
  Payments p(std::move(aggregates), {.keys_max = 64, .entries_max = 16, .distinct_max = 0});
  const auto values = [&] { return std::array{p.value(0), p.value(1), p.value(2)}; };
  p.pay(109, 1, 5);
  CHECK(values() == std::array<std::int64_t, 3>{1, 5, 0});
  for (int i = 0; i < 1000; ++i) p.pay(110 + i / 100, 1, i % 4);
  CHECK(values() == std::array<std::int64_t, 3>{1001, 5, 5});  // a delay of 4 is one pane
  CHECK(p.counters().entries == 2);
  p.pay(129, 1, 3);
  CHECK(values() == std::array<std::int64_t, 3>{1002, 5, 1500});
  p.pay(130, 1, 1);  // the pane of 109 is out
  CHECK(values() == std::array<std::int64_t, 3>{1002, 3, 3});
  p.pay(139, 1, 7);
  CHECK(values() == std::array<std::int64_t, 3>{1003, 7, 3});
  p.pay(159, 1, 2);
  CHECK(values() == std::array<std::int64_t, 3>{3, 7, 0});
  p.pay(160, 1, 2);
  CHECK(values() == std::array<std::int64_t, 3>{2, 2, 2});
  CHECK(p.counters().entries_refused == 0);
}

TEST_CASE("panes are refused at the bound of entries, counted and missing; an event of a pane that is there is not") {
  Payments p(list(agg(Agg::min).of(amount()).per("customer").within(100).by(10)), {.keys_max = 64, .entries_max = 3, .distinct_max = 0});
  for (int i = 0; i < 3; ++i) p.pay(10 * i, 1, 9);
  p.pay(29, 1, 4);
  CHECK(p.value() == 4);
  p.pay(30, 1, 1);
  CHECK(p.value() == missing);
  CHECK(p.counters().entries_refused == 1);
}

TEST_CASE("entries of medians are refused at their bound, counted and missing") {
  Payments p(list(agg(Agg::median).of(amount()).per("customer").within(1000)), {.keys_max = 64, .entries_max = 20, .distinct_max = 0});
  for (int i = 0; i < 25; ++i) p.pay(100, 1, i);
  CHECK(p.value() == missing);
  CHECK(p.counters().entries == 20);
  CHECK(p.counters().entries_refused == 5);
  p.pay(1100, 1, 3);
  CHECK(p.value() == 3);
}

TEST_CASE("entries of first, min and max are refused at their bound, counted and missing") {
  Payments p(list(agg(Agg::min).of(amount()).per("customer").latest(30)), {.keys_max = 64, .entries_max = 20, .distinct_max = 0});
  for (int i = 0; i < 25; ++i) p.pay(100, 1, i);
  CHECK(p.value() == missing);
  CHECK(p.counters().entries == 20);
  CHECK(p.counters().entries_refused == 5);
}

TEST_CASE("nothing is allocated after set-up") {
  std::vector<Aggregate> aggregates = list(agg(Agg::avg).of(amount()).per("customer").within(50), agg(Agg::distinct).of(amount()).per("customer").within(300));
  aggregates.push_back(agg(Agg::last).of(field("at", instant)).per("customer").prior().aggregate);
  aggregates.push_back(agg(Agg::max).of(amount()).per("customer").within(70).delayed(20).aggregate);
  aggregates.push_back(agg(Agg::median).of(amount()).per("customer").within(900).aggregate);
  Payments p(std::move(aggregates));
  const std::size_t before = allocations;
  for (int i = 0; i < 20'000; ++i) p.pay(i, i % 97, i % 31);
  CHECK(allocations == before);
}

}  // namespace pawl::window::test
