// Windows against the naive twin, in lock step on streams made to be awkward: ties on every edge, equal times, late and missing
// values, hot keys, ticks, events that only read.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "pawl/core/window/group_rows.hpp"
#include "kinds.hpp"

namespace pawl::window::test::lockstep_test {
namespace {

struct Shape {
  std::vector<Aggregate> (*kinds)() = every_kind;
  std::int64_t keys = 12;
  Duration step = 0;            // from event to event, beside the jumps
  std::int64_t jump_in = 6;     // one event in so many comes seconds later
  std::int64_t wide_in = 0;     // one amount in so many is near the ends of 64 bits; 0: none
  bool plain = false;           // payments alone, with all their fields
  std::int64_t days_in = 0;     // one event in so many comes 60 to 160 days later; 0: none
  std::int64_t run = 0;         // as many payments in a row have the same customer or terminal, in the mean; 0: each draws its own
  std::int64_t missing_in = 0;  // plain: one field in so many is missing all the same; 0: none
  std::int64_t sums = 0, counts = 0;  // of each key, and nothing else; 0: all kinds
  Duration shortest = second;   // of their windows
};

// What runs of one key are followed by: sums and counts alone, over windows shorter than a batch, too.
std::vector<Aggregate> sums_alone(const Shape& shape) {
  std::vector<Aggregate> list;
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  const auto per = [](Builder&& b, int key) { return key == 0 ? std::move(b) : std::move(b).per(key == 1 ? "customer" : "terminal"); };
  for (const int key : {0, 1, 2}) {
    for (const Duration width : {shape.shortest, 2 * second, 7 * second}) {
      if (shape.sums > 0) add(per(agg(Kind_::sum).of(amount()).within(width), key));
      if (shape.sums > 0) add(per(agg(Kind_::sum).of(amount()).within(width).delayed(second).prior(), key));
      if (shape.sums > 1) add(per(agg(Kind_::sum).of(field("terminal", integer)).within(width).where(small()), key));
      for (std::int64_t limit = 1; limit < shape.counts; ++limit) add(per(agg(Kind_::count).within(width).where(both(Op::greater, amount(), literal(70 * limit, money))), key));
      if (shape.counts == 0) continue;
      add(per(agg(Kind_::rate).within(width).prior(), key));
      if (shape.sums > 0 && shape.counts > 1) add(per(agg(Kind_::avg).of(amount()).within(width).delayed(width), key));
    }
  }
  return list;
}

std::vector<Aggregate> aggregates_for(const Shape& shape) { return shape.sums + shape.counts != 0 ? sums_alone(shape) : shape.kinds(); }

class Stream {
 public:
  Stream(const language::Pipeline& pipeline, std::uint64_t seed, const Shape& shape = {}) : pipeline_(pipeline), shape_(shape), random_(seed) {}

  void fill(std::byte* slot) {
    std::memset(slot, 0, Stage::slot_bytes);
    now_ += shape_.step;
    if (one_in(shape_.jump_in)) now_ += second * pick(3);
    if (one_in(97)) now_ += 30 * second;
    if (shape_.days_in != 0 && one_in(shape_.days_in)) now_ += day * (60 + pick(100));
    const std::int64_t kind = shape_.plain ? 1 : pick(20);
    if (kind == 0) return void(reinterpret_cast<EventHeader*>(slot)->type = static_cast<std::uint16_t>(InputType::tick));
    const std::size_t event = kind < 17 ? 0 : kind < 19 ? 1 : 2;
    const EventSchema& schema = pipeline_.events[event];
    begin_event(schema, slot);
    for (std::size_t i = 0; i < schema.fields.size(); ++i) fill_field(schema, slot, i);
  }

 private:
  std::int64_t pick(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  bool one_in(std::int64_t n) { return pick(n) == 0; }

  void fill_field(const EventSchema& schema, std::byte* slot, std::size_t i) {
    const Field& field = schema.fields[i];
    if (field.is_event_time) return write_number(schema, slot, i, now_ - (one_in(5) ? second * pick(4) : 0));  // late at times
    if (!shape_.plain && one_in(9)) return;  // missing
    if (shape_.missing_in != 0 && one_in(shape_.missing_in)) return;
    if (field.type.kind == Kind::text) {
      CHECK(write_text(schema, slot, i, std::string(1, static_cast<char>('a' + pick(3)))));
    } else if (field.type.kind == Kind::boolean) {
      write_number(schema, slot, i, pick(2));
    } else if (field.type.kind == Kind::money) {
      const bool wide = shape_.wide_in != 0 && one_in(shape_.wide_in);
      write_number(schema, slot, i, wide ? (pick(2) == 0 ? 1 : -1) * (std::int64_t{1} << (32 + pick(31))) + pick(3) : pick(600) - 100);
    } else {
      if (shape_.run == 0 || one_in(shape_.run)) keys_[i] = one_in(3) ? 1 : pick(shape_.keys);  // one hot key
      write_number(schema, slot, i, keys_[i]);
    }
  }

  const language::Pipeline& pipeline_;
  Shape shape_;
  std::mt19937_64 random_;
  Time now_ = 1'000'000 * second;
  std::array<std::int64_t, 8> keys_{};
};

bool agree(const Answer& got, const Answer& expected) {
  if (!expected.valid) return !got.valid && got.number == 0 && got.denominator == 0;
  return got.valid && got.number == expected.number && got.denominator == expected.denominator;
}

void compare(const Stage& stage, const std::vector<Aggregate>& aggregates, const std::vector<std::vector<Answer>>& expected, Sequence first) {
  for (std::size_t s = 0; s < expected.size(); ++s) {
    for (std::size_t f = 0; f < aggregates.size(); ++f) {
      const Answer got = stage.answer(f, first + static_cast<Sequence>(s));
      if (agree(got, expected[s][f])) continue;
      INFO("feature ", f, " sequence ", first + static_cast<Sequence>(s), " got ", got.valid, " ", got.number, "/", got.denominator, " expected ",
           expected[s][f].valid, " ", expected[s][f].number, "/", expected[s][f].denominator);
      REQUIRE(false);
    }
  }
}

// Sanitizers make an event some eight times as slow, and what the twin does for it grows with the events before.
#ifdef PAWL_SANITIZED
constexpr std::size_t slower = 3;
#else
constexpr std::size_t slower = 1;
#endif

void run(std::uint64_t seed, std::size_t events, std::size_t split, const StateLimits& limits, const Shape& shape = {}) {
  events /= slower;
  const language::Pipeline pipeline = payments();
  const std::vector<Aggregate> aggregates = aggregates_for(shape);
  Stage stage(pipeline, aggregates, limits);
  Naive naive(pipeline);
  Stream stream(pipeline, seed, shape);
  std::vector<std::vector<Answer>> expected;
  for (std::size_t i = 0; i < events; ++i) {
    stream.fill(stage.slot());
    naive.take(stage.slot(), Stage::slot_bytes);
    stage.publish();
    expected.emplace_back();
    for (std::size_t f = 0; f < aggregates.size(); ++f) expected.back().push_back(naive.answer(aggregates[f], stage.spec(f).type));
    if (static_cast<std::size_t>(stage.waiting()) < split && i + 1 < events) continue;
    const Sequence first = stage.published() - stage.waiting() + 1;
    stage.process();
    compare(stage, aggregates, expected, first);
    expected.clear();
  }
}

void compare_counters(const Stage& a, const Stage& b) {
  REQUIRE(a.groups() == b.groups());
  for (std::size_t group = 0; group < a.groups(); ++group) {
    CAPTURE(group);
    const GroupCounters one = a.counters(group), other = b.counters(group);
    CHECK(one.keys == other.keys);
    CHECK(one.keys_evicted == other.keys_evicted);
    CHECK(one.keys_refused == other.keys_refused);
    CHECK(one.entries == other.entries);
    CHECK(one.entries_refused == other.entries_refused);
    CHECK(one.overflow == other.overflow);
    CHECK(one.distinct_values == other.distinct_values);
    CHECK(one.distinct_refused == other.distinct_refused);
  }
}

using Rows = std::vector<std::vector<std::byte>>;  // parts of all groups

Rows rows_of(Stage& stage) {
  Rows rows;
  for (std::size_t group = 0; group < stage.groups(); ++group) {
    GroupSaver saver(stage.windows().group(group));
    for (std::size_t part = 0; part < saver.parts(); ++part) saver.write(part, rows.emplace_back());
  }
  return rows;
}

// `stage`, which is fresh, is then as `other`.
void load(Stage& stage, Stage& other) {
  const Time te = other.windows().effective_time();
  stage.windows().set_effective_time(te);
  for (std::size_t group = 0; group < stage.groups(); ++group) {
    GroupSaver saver(other.windows().group(group));
    GroupLoader loader(stage.windows().group(group), te);
    for (std::size_t part = 0; part < saver.parts(); ++part) {
      std::vector<std::byte> rows;
      saver.write(part, rows);
      REQUIRE(loader.read(rows).ok());
    }
    REQUIRE(loader.finish().ok());
  }
}

constexpr StateLimits roomy{.keys_max = 8192, .entries_max = 1 << 16, .distinct_max = 1 << 12};

// One stage takes events singly, which passes edges one by one; the other one in batches. Returns what all groups refused.
std::uint64_t run_both(std::uint64_t seed, std::size_t events, std::size_t split, const Shape& shape, const StateLimits& limits = roomy) {
  const language::Pipeline pipeline = payments();
  const std::vector<Aggregate> aggregates = aggregates_for(shape);
  Stage singly(pipeline, aggregates, limits), batched(pipeline, aggregates, limits);
  Stream stream(pipeline, seed, shape);
  for (std::size_t i = 0; i < events; ++i) {
    stream.fill(singly.slot());
    std::memcpy(batched.slot(), singly.slot(), Stage::slot_bytes);
    singly.publish();
    singly.process();
    batched.publish();
    if (static_cast<std::size_t>(batched.waiting()) < split && i + 1 < events) continue;
    const Sequence first = batched.published() - batched.waiting() + 1;
    batched.process();
    std::vector<std::vector<Answer>> expected;
    for (Sequence s = first; s <= singly.published(); ++s) {
      expected.emplace_back();
      for (std::size_t f = 0; f < aggregates.size(); ++f) expected.back().push_back(singly.answer(f, s));
    }
    compare(batched, aggregates, expected, first);
  }
  compare_counters(singly, batched);
  std::uint64_t refused = 0;
  for (std::size_t group = 0; group < batched.groups(); ++group) {
    const GroupCounters counters = batched.counters(group);
    refused += counters.keys_refused + counters.entries_refused + counters.distinct_refused;
  }
  return refused;
}

}  // namespace

TEST_CASE("a batch whose edges pass early equals its events taken singly") {
  // Nearly all keys of a batch occur once in it, and what they pass belongs to others; or a hot key has too much to pass in its turns.
  std::uint64_t seed = 70;
  for (const Shape& shape : {Shape{.keys = 4000, .step = second / 60, .jump_in = 900}, Shape{.keys = 40, .step = second / 200, .jump_in = 300},
                             Shape{.keys = 1500, .step = second / 100, .jump_in = 500, .wide_in = 40}}) {
    CAPTURE(seed);
    run_both(seed++, 6000 / slower, 200, shape);
    run_both(seed++, 3000 / slower, 33, shape);
  }
}

TEST_CASE("batches in which nothing is missing equal the naive twin, and their events taken singly") {
  const StateLimits limits{.keys_max = 4096, .entries_max = 1 << 16, .distinct_max = 1 << 12};
  std::uint64_t seed = 120;
  for (const Shape& shape : {Shape{.kinds = plain_kinds, .keys = 30, .step = second / 20, .jump_in = 40, .plain = true}, Shape{.kinds = plain_kinds, .keys = 12, .step = second / 50, .jump_in = 60, .wide_in = 3, .plain = true}}) {
    CAPTURE(seed);
    for (const std::size_t split : {32U, 200U}) run(seed++, 800, split, limits, shape);
  }
  for (const Shape& shape : {Shape{.kinds = plain_kinds, .keys = 4000, .step = second / 60, .jump_in = 900, .plain = true}, Shape{.kinds = plain_kinds, .keys = 60, .step = second / 200, .jump_in = 300, .plain = true},
                             Shape{.kinds = plain_kinds, .keys = 300, .step = second / 100, .jump_in = 500, .wide_in = 3, .plain = true}}) {
    CAPTURE(seed);
    run_both(seed++, 6000 / slower, 200, shape);
    run_both(seed++, 3000 / slower, 33, shape);
  }
}

TEST_CASE("packed entries equal the naive twin, and their events taken singly") {
  const StateLimits limits{.keys_max = 4096, .entries_max = 1 << 16, .distinct_max = 1 << 12};
  std::uint64_t seed = 300;
  for (const bool plain : {true, false}) {
    for (const std::int64_t wide_in : {0, 3}) {
      CAPTURE(seed);
      for (const std::size_t split : {1U, 32U, 200U}) run(seed++, 800, split, limits, {.kinds = lean_kinds, .keys = 12, .step = second / 50, .jump_in = 60, .wide_in = wide_in, .plain = plain, .days_in = 100});
      run_both(seed++, 6000 / slower, 200, {.kinds = lean_kinds, .keys = 3000, .step = second / 60, .jump_in = 900, .wide_in = wide_in, .plain = plain, .days_in = 2000});
      run_both(seed++, 6000 / slower, 200, {.kinds = lean_kinds, .keys = 60, .step = second / 200, .jump_in = 300, .wide_in = wide_in, .plain = plain});
      CHECK(run_both(seed++, 4000, 33, {.kinds = lean_kinds, .keys = 60, .step = second / 200, .jump_in = 100, .wide_in = wide_in, .plain = plain}, {.keys_max = 8192, .entries_max = 300, .distinct_max = 40}) > 100);
    }
  }
}

TEST_CASE("runs of one key equal the naive twin, and their events taken singly") {
  std::uint64_t seed = 200;
  for (const auto& [sums, counts] : std::array<std::array<std::int64_t, 2>, 8>{{{0, 3}, {0, 7}, {1, 0}, {1, 2}, {1, 6}, {2, 0}, {2, 3}, {2, 7}}}) {
    for (const Shape& shape : {Shape{.keys = 5, .step = second / 40, .jump_in = 60, .run = 90, .shortest = second / 10}, Shape{.keys = 3, .step = second / 9, .jump_in = 8, .run = 40, .shortest = second / 3},
                               Shape{.keys = 5, .step = second / 40, .jump_in = 60, .run = 200, .missing_in = 500}, Shape{.keys = 30, .step = second / 200, .jump_in = 200, .wide_in = 400, .run = 70},
                               Shape{.keys = 3, .step = second / 40, .jump_in = 60, .days_in = 150, .run = 90}}) {
      Shape whole = shape;
      whole.plain = true;
      whole.sums = sums;
      whole.counts = counts;
      CAPTURE(seed);
      run(seed++, 600, 200, roomy, whole);
      run_both(seed++, 4000 / slower, 200, whole);
      run_both(seed++, 2000 / slower, 33, whole);
    }
  }
}

TEST_CASE("batches leave the rows that their events leave singly, and go on from them") {
  const language::Pipeline pipeline = payments();
  std::uint64_t seed = 400;
  for (const Shape& shape : {Shape{.keys = 4, .step = second / 40, .jump_in = 50, .plain = true, .run = 150, .sums = 2, .counts = 3},
                             Shape{.kinds = lean_kinds, .keys = 40, .step = second / 40, .jump_in = 50, .wide_in = 3, .days_in = 150, .run = 90},
                             Shape{.kinds = lean_kinds, .keys = 40, .step = second / 40, .jump_in = 50, .plain = true, .days_in = 300, .run = 90},
                             Shape{.kinds = plain_kinds, .keys = 40, .step = second / 40, .jump_in = 50, .wide_in = 3, .plain = true}, Shape{.keys = 40, .step = second / 40, .jump_in = 50, .wide_in = 3}}) {
    const std::vector<Aggregate> aggregates = aggregates_for(shape);
    for (const std::uint64_t end = seed + 2; seed < end; ++seed) {
      CAPTURE(seed);
      Stage singly(pipeline, aggregates, roomy), batched(pipeline, aggregates, roomy), resumed(pipeline, aggregates, roomy);
      Stream stream(pipeline, seed, shape);
      const Sequence cut = 500 / static_cast<Sequence>(slower) + static_cast<Sequence>(seed % 32), events = 2 * cut;
      for (Sequence s = 0; s < events; ++s) {
        stream.fill(singly.slot());
        for (Stage* const other : {&batched, &resumed}) {
          if (other == &resumed && s < cut) continue;
          std::memcpy(other->slot(), singly.slot(), Stage::slot_bytes);
          other->publish();
          if (other->waiting() == 100 || s + 1 == cut || s + 1 == events) other->process();
        }
        singly.publish();
        singly.process();
        if (s + 1 == cut) load(resumed, batched);
      }
      CHECK(rows_of(batched) == rows_of(singly));
      CHECK(rows_of(resumed) == rows_of(singly));
      for (std::size_t f = 0; f < aggregates.size(); ++f) CHECK(agree(resumed.answer(f, events - cut - 1), singly.answer(f, events - 1)));
    }
  }
}

TEST_CASE("values that take two places of a queue are refused alike in batches, and what is held is read again") {
  const language::Pipeline pipeline = payments();
  std::vector<Aggregate> aggregates;
  aggregates.push_back(agg(Kind_::sum).of(amount()).per("customer").within(10'000 * second).aggregate);
  const StateLimits limits{.keys_max = 8192, .entries_max = 300, .distinct_max = 1};
  for (const std::int64_t wide_in : {1, 2}) {
    Stage singly(pipeline, aggregates, limits), batched(pipeline, aggregates, limits), resumed(pipeline, aggregates, limits);
    Stream stream(pipeline, 1, {.keys = 10, .step = second / 100, .jump_in = 1'000'000, .wide_in = wide_in, .plain = true});
    for (int i = 0; i < 640; ++i) {
      stream.fill(singly.slot());
      std::memcpy(batched.slot(), singly.slot(), Stage::slot_bytes);
      singly.publish();
      singly.process();
      batched.publish();
      if (batched.waiting() == 32) batched.process();
    }
    CHECK(singly.counters(0).entries_refused > 100);
    compare_counters(singly, batched);
    load(resumed, batched);
    CHECK(rows_of(batched) == rows_of(singly));
    CHECK(rows_of(resumed) == rows_of(singly));
  }
}

TEST_CASE("falling values that are refused a place among the greatest are so in batches too, and after a restart") {
  const language::Pipeline pipeline = payments();
  std::vector<Aggregate> aggregates;
  aggregates.push_back(agg(Kind_::max).of(amount()).within(40'000 * second).aggregate);
  aggregates.push_back(agg(Kind_::max).of(amount()).within(4 * second).prior().aggregate);
  const StateLimits limits{.keys_max = 1, .entries_max = 40, .distinct_max = 1};
  Stage singly(pipeline, aggregates, limits), batched(pipeline, aggregates, limits), resumed(pipeline, aggregates, limits);
  Stream stream(pipeline, 5, {.step = second / 100, .jump_in = 1'000'000, .plain = true});
  const EventSchema& schema = pipeline.events[0];
  constexpr Sequence cut = 41'000, events = 60'000;
  for (Sequence s = 0; s < events; ++s) {
    stream.fill(singly.slot());
    write_number(schema, singly.slot(), static_cast<std::size_t>(schema.find("amount")), 1'000'000 - s + (s % 9000 == 8999 ? 2000 : 0));
    for (Stage* const other : {&batched, &resumed}) {
      if (other == &resumed && s < cut) continue;
      std::memcpy(other->slot(), singly.slot(), Stage::slot_bytes);
      other->publish();
      if (other->waiting() == 50 || s + 1 == cut || s + 1 == events) other->process();
    }
    singly.publish();
    singly.process();
    if (s + 1 == cut) load(resumed, batched);
  }
  CHECK(singly.counters(0).entries_refused > 100);
  CHECK(rows_of(batched) == rows_of(singly));
  CHECK(rows_of(resumed) == rows_of(singly));
}

TEST_CASE("what a bound refuses does not depend on runs") {
  std::uint64_t seed = 300, refused = 0;
  for (const StateLimits& limits : {StateLimits{.keys_max = 8192, .entries_max = 250, .distinct_max = 1}, StateLimits{.keys_max = 1, .entries_max = 1 << 16, .distinct_max = 1}}) {
    CAPTURE(seed);
    refused += run_both(seed++, 6000, 200, {.keys = 20'000, .step = second / 60, .jump_in = 90, .plain = true, .run = 60, .sums = 1, .counts = 3}, limits);
  }
  CHECK(refused > 100);
}

TEST_CASE("what a bound refuses does not depend on batches") {
  std::uint64_t seed = 150;
  for (const bool plain : {true, false}) {
    CAPTURE(plain);
    const auto kinds = plain ? plain_kinds : every_kind;
    for (const StateLimits& limits : {StateLimits{.keys_max = 8192, .entries_max = 300, .distinct_max = 40}, StateLimits{.keys_max = 1, .entries_max = 1 << 16, .distinct_max = 1 << 12}}) {
      CAPTURE(limits.entries_max);
      std::uint64_t refused = 0;
      for (const Shape& shape : {Shape{.kinds = kinds, .keys = 30'000, .step = second / 300, .jump_in = 300, .plain = plain}, Shape{.kinds = kinds, .keys = 60, .step = second / 200, .jump_in = 100, .plain = plain}}) {
        CAPTURE(seed);
        refused += run_both(seed++, 7000, 200, shape, limits);
        refused += run_both(seed++, 2000, 33, shape, limits);
      }
      CHECK(refused > 100);
    }
  }
}

TEST_CASE("windows equal the naive twin on sums that leave 64 bits and come back") {
  run(90, 1500, 64, {.keys_max = 4096, .entries_max = 1 << 16, .distinct_max = 1 << 12}, {.keys = 3, .wide_in = 3});
}

TEST_CASE("windows equal the naive twin, however the log is cut into batches") {
  const StateLimits limits{.keys_max = 4096, .entries_max = 1 << 16, .distinct_max = 1 << 12};
  std::uint64_t seed = 20;
  for (const std::size_t split : {1U, 7U, 64U, 200U}) {
    CAPTURE(split);
    for (int round = 0; round < 2; ++round) {
      CAPTURE(seed);
      run(seed++, 500, split, limits);
    }
  }
}

}  // namespace pawl::window::test::lockstep_test
