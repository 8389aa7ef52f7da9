// Events that may be late: worked examples, lock step with the naive twin, and the tree alone against a sorted list.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "pawl/core/language/check.hpp"
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/late_tree.hpp"
#include "stage.hpp"

namespace pawl::window::test::late_test {
namespace {

using Kind_ = AggregateKind;

ExprPtr amount() { return field("amount", money); }
ExprPtr fraud() { return field("fraud", boolean); }

language::Pipeline late_payments(Duration payment, Duration login) {
  language::Pipeline pipeline = payments();
  pipeline.late = {payment, login, 0};
  return pipeline;
}

std::vector<Aggregate> late_kinds() {
  std::vector<Aggregate> list;
  const auto add = [&](Builder&& b) { list.push_back(std::move(b.aggregate)); };
  for (const Duration width : {second, 3 * second, 10 * second}) {
    add(agg(Kind_::count).per("customer").within(width));
    add(agg(Kind_::sum).of(amount()).per("customer").within(width));
    add(agg(Kind_::avg).of(amount()).per("customer").within(width).prior());
    add(agg(Kind_::count).per("terminal").within(width).delayed(2 * second).where(fraud()));
    add(agg(Kind_::share).of(fraud()).per("terminal").within(width).delayed(3 * second));
    add(agg(Kind_::stddev).of(amount()).per("customer").within(width));
    add(agg(Kind_::stddev).of(amount()).per("terminal").within(width).delayed(second).prior());
    add(agg(Kind_::rate).per("customer").within(width));
    add(agg(Kind_::last).of(amount()).per("terminal").within(width).where(fraud()));
    add(agg(Kind_::last).of(field("at", instant)).per("terminal").within(width).delayed(second).prior());
    for (const Kind_ kind : {Kind_::first, Kind_::min, Kind_::max}) {
      add(agg(kind).of(amount()).per("terminal").within(width));
      add(agg(kind).of(amount()).per("customer").within(width).prior().where(fraud()));
      add(agg(kind).of(field("at", instant)).per("customer").within(width).delayed(2 * second));
      add(agg(kind).of(amount()).within(4 * width).delayed(second));
    }
    add(agg(Kind_::sum).of(amount()).within(width).prior());
    add(agg(Kind_::count).per("customer").on({0, 1}).within(width));
    add(agg(Kind_::last).of(field("ok", boolean)).per("customer").on({1}).within(width));
    add(agg(Kind_::max).of(amount()).on({2}).within(width));  // read by late events, and no event in it is one
  }
  for (const Duration delay : {Duration{0}, 2 * second}) {
    for (const Kind_ kind : {Kind_::count, Kind_::sum, Kind_::avg, Kind_::stddev, Kind_::first, Kind_::last, Kind_::min, Kind_::max}) {
      add(agg(kind).of(amount()).per("customer").per("terminal").delayed(delay));
      add(agg(kind).of(amount()).per("device").delayed(delay).prior().where(fraud()));
    }
  }
  return list;
}

struct Shape {
  std::int64_t keys = 12;
  Duration step = second / 4;
  std::int64_t late_in = 3;           // one event in so many is late,
  std::int64_t late_steps = 12;       // by fewer steps of a quarter of a second than this
};

void fill(const language::Pipeline& pipeline, const Shape& shape, std::mt19937_64& random, Time& now, std::byte* slot) {
  const auto pick = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n)); };
  std::memset(slot, 0, Stage::slot_bytes);
  now += shape.step * pick(3) + (pick(150) == 0 ? 20 * second : 0);
  const std::int64_t kind = pick(20);
  if (kind == 0) return void(reinterpret_cast<EventHeader*>(slot)->type = static_cast<std::uint16_t>(InputType::tick));
  const EventSchema& schema = pipeline.events[kind < 16 ? 0 : kind < 18 ? 1 : 2];
  begin_event(schema, slot);
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const Field& field = schema.fields[i];
    if (field.is_event_time) write_number(schema, slot, i, now - (pick(shape.late_in) == 0 ? second / 4 * pick(shape.late_steps) : 0));
    else if (pick(9) == 0) continue;  // missing
    else if (field.type.kind == Kind::text) CHECK(write_text(schema, slot, i, std::string(1, static_cast<char>('a' + pick(3)))));
    else if (field.type.kind == Kind::boolean) write_number(schema, slot, i, pick(2));
    else if (field.type.kind == Kind::money) write_number(schema, slot, i, pick(600) - 100 + (pick(40) == 0 ? std::int64_t{1} << 62 : 0));
    else write_number(schema, slot, i, pick(3) == 0 ? 1 : pick(shape.keys));  // one hot key
  }
}

#ifdef PAWL_SANITIZED
constexpr std::size_t slower = 3;
#else
constexpr std::size_t slower = 1;
#endif

void same(const Stage& stage, std::size_t feature, Sequence s, const Answer& expected) {
  const Answer got = stage.answer(feature, s);
  const bool agree = expected.valid ? got.valid && got.number == expected.number && got.denominator == expected.denominator : !got.valid && got.number == 0 && got.denominator == 0;
  if (agree) return;
  INFO("feature ", feature, " sequence ", s, " got ", got.valid, " ", got.number, "/", got.denominator, " expected ", expected.valid, " ", expected.number, "/", expected.denominator);
  REQUIRE(false);
}

constexpr StateLimits roomy{.keys_max = 4096, .entries_max = 1 << 16, .distinct_max = 16};

// How many were later than they may, in the group of the first feature.
std::uint64_t run(std::uint64_t seed, std::size_t events, std::size_t split, const Shape& shape) {
  const language::Pipeline pipeline = late_payments(2 * second, second);
  const std::vector<Aggregate> aggregates = late_kinds();
  Stage stage(pipeline, aggregates, roomy);
  Naive naive(pipeline);
  std::mt19937_64 random(seed);
  Time now = 1'000'000 * second;
  std::vector<std::vector<Answer>> expected;
  for (std::size_t i = 0; i < events / slower; ++i) {
    fill(pipeline, shape, random, now, stage.slot());
    naive.take(stage.slot(), Stage::slot_bytes);
    stage.publish();
    expected.emplace_back();
    for (std::size_t f = 0; f < aggregates.size(); ++f) expected.back().push_back(naive.answer(aggregates[f], stage.spec(f).type));
    if (static_cast<std::size_t>(stage.waiting()) < split && i + 1 < events / slower) continue;
    const Sequence first = stage.published() - stage.waiting() + 1;
    stage.process();
    for (std::size_t s = 0; s < expected.size(); ++s) {
      for (std::size_t f = 0; f < aggregates.size(); ++f) same(stage, f, first + static_cast<Sequence>(s), expected[s][f]);
    }
    expected.clear();
  }
  CHECK(stage.counters().late > events / slower / 30);
  return stage.counters().too_late;
}

// Payments of one customer, in seconds after a start, and a feature's value at the last of them.
std::int64_t last_of(const std::string& let, const std::vector<std::pair<double, std::int64_t>>& payments_of_one, GroupCounters* counters = nullptr) {
  const std::string source = "pipeline \"p\" version 1\nevent Payment late 10s { at: time, customer: int, amount: int }\nlet it = " + let + "\nrule r { on Payment when it > 0 then alert }\n";
  const language::Checked checked = language::check(source, "p.pawl");
  REQUIRE(checked.pipeline != nullptr);
  std::vector<Aggregate> aggregates;
  aggregates.push_back(std::move(*const_cast<language::Pipeline&>(*checked.pipeline).lets[0].expr->aggregate));
  Stage stage(*checked.pipeline, aggregates, roomy);
  const EventSchema& schema = checked.pipeline->events[0];
  for (const auto& [at, value] : payments_of_one) {
    std::memset(stage.slot(), 0, Stage::slot_bytes);
    begin_event(schema, stage.slot());
    write_number(schema, stage.slot(), 0, 1'000'000 * second + static_cast<Time>(at * static_cast<double>(second)));
    write_number(schema, stage.slot(), 1, 1);
    write_number(schema, stage.slot(), 2, value);
    stage.publish();
    stage.process();
  }
  if (counters != nullptr) *counters = stage.counters();
  return stage.answer(0, stage.published()).number;
}

}  // namespace

TEST_CASE("a late event stands where it belongs, and sees what came before it and stands there") {
  const std::string sum = "sum(amount per customer, 5s)";
  CHECK(last_of(sum, {{0, 1}, {9, 10}, {4, 100}}) == 101);                // (-1, 4]: not the one at 9, though it came before
  CHECK(last_of(sum, {{0, 1}, {9, 10}, {4, 100}, {9, 1000}}) == 1010);    // (4, 9]: its edge is open
  CHECK(last_of(sum, {{0, 1}, {9, 10}, {4.5, 100}, {9, 1000}}) == 1110);
  CHECK(last_of(sum, {{0, 1}, {9, 10}, {4, 100}, {5, 1000}}) == 1100);    // (0, 5]: a late event sees another
  CHECK(last_of("prior " + sum, {{0, 1}, {9, 10}, {4, 100}, {4, 1000}}) == 101);
  CHECK(last_of("sum(amount per customer, 5s delayed 2s)", {{0, 1}, {9, 10}, {4, 100}, {7, 1000}}) == 100);  // (0, 5]
  CHECK(last_of("count(per customer, since start)", {{0, 1}, {9, 10}, {4, 100}}) == 2);
}

TEST_CASE("of events at the same time the earlier in the log stands first") {
  CHECK(last_of("first(amount per customer, 5s)", {{5, 1}, {9, 10}, {5, 100}, {9, 2}}) == 1);
  CHECK(last_of("last(amount per customer, 5s)", {{5, 1}, {9, 10}, {5, 100}}) == 100);
  CHECK(last_of("last(amount per customer, 5s)", {{5, 1}, {9, 10}, {5, 100}, {6, 2}, {5, 3}}) == 3);
  CHECK(last_of("prior last(amount per customer, 5s)", {{5, 1}, {9, 10}, {5, 100}, {6, 2}}) == 100);
}

TEST_CASE("the bound is closed, and what is later stands at the effective time and is counted") {
  GroupCounters counters;
  CHECK(last_of("sum(amount per customer, 5s)", {{0, 1}, {20, 10}, {10, 100}}, &counters) == 100);
  CHECK(counters.late == 1);
  CHECK(counters.too_late == 0);
  CHECK(last_of("sum(amount per customer, 5s)", {{0, 1}, {20, 10}, {9.999, 100}}, &counters) == 110);
  CHECK(counters.late == 0);
  CHECK(counters.too_late == 1);
}

TEST_CASE("entries leave when no event can ask for them any more") {
  GroupCounters counters;
  (void)last_of("sum(amount per customer, 5s)", {{0, 1}, {5, 1}, {14.999, 1}}, &counters);
  CHECK(counters.entries == 3);
  (void)last_of("sum(amount per customer, 5s)", {{0, 1}, {5, 1}, {15, 1}}, &counters);
  CHECK(counters.entries == 2);  // at 15, one of 5 can still come: its window is (0, 5]
}

TEST_CASE("late events equal the naive twin, however the log is cut into batches") {
  std::uint64_t seed = 300, too_late = 0;
  for (const std::size_t split : {1U, 7U, 64U, 200U}) {
    for (const Shape& shape : {Shape{}, Shape{.keys = 3, .step = second / 20}, Shape{.keys = 200, .late_in = 2}, Shape{.step = 0, .late_in = 2, .late_steps = 5}}) {
      CAPTURE(split);
      CAPTURE(seed);
      too_late += run(seed++, 500, split, shape);
    }
  }
  CHECK(too_late > 20);
}

TEST_CASE("what a bound refuses of late events does not depend on batches") {
  const language::Pipeline pipeline = late_payments(2 * second, second);
  const std::vector<Aggregate> aggregates = late_kinds();
  for (const StateLimits& limits : {StateLimits{.keys_max = 4096, .entries_max = 60, .distinct_max = 16}, StateLimits{.keys_max = 1, .entries_max = 1 << 12, .distinct_max = 16}}) {
    Stage singly(pipeline, aggregates, limits), batched(pipeline, aggregates, limits);
    std::mt19937_64 random(9);
    Time now = 1'000'000 * second;
    std::uint64_t refused = 0;
    for (std::size_t i = 0; i < 7000; ++i) {
      fill(pipeline, {.keys = 30'000, .step = second / 100}, random, now, singly.slot());
      std::memcpy(batched.slot(), singly.slot(), Stage::slot_bytes);
      singly.publish();
      singly.process();
      batched.publish();
      if (batched.waiting() < 100) continue;
      const Sequence first = batched.published() - batched.waiting() + 1;
      batched.process();
      for (Sequence s = first; s <= batched.published(); ++s) {
        for (std::size_t f = 0; f < aggregates.size(); ++f) same(batched, f, s, singly.answer(f, s));
      }
    }
    for (std::size_t group = 0; group < singly.groups(); ++group) {
      refused += singly.counters(group).keys_refused + singly.counters(group).entries_refused;
      CHECK(singly.counters(group).entries_refused == batched.counters(group).entries_refused);
      CHECK(singly.counters(group).entries == batched.counters(group).entries);
    }
    CHECK(refused > 100);
  }
}

namespace {

struct Entry {
  Time time;
  std::int64_t value;
};

// The tree of one key with count, sum, least, first and last of a value, beside all its entries in their order.
class Pair {
 public:
  explicit Pair(std::uint64_t seed) : random_(seed) {
    pipeline_.late = {second, 0, 0};
    const auto add = [&](Builder&& b) { aggregates_.push_back(std::move(b.aggregate)); };
    for (const Kind_ kind : {Kind_::count, Kind_::sum, Kind_::min, Kind_::first, Kind_::last}) add(agg(kind).of(amount()).per("customer").within(second));
    std::uint32_t column = 0;
    for (const Aggregate& aggregate : aggregates_) specs_.push_back({&aggregate, money, column++});
    layout_ = sound(lay_out(pipeline_, specs_));
    memory_ = std::make_unique<twin::Memory>(layout_.chunk_bytes * nodes);
    state::Arena arena(memory_->span());
    pool_ = std::make_unique<state::ChunkPool>(layout_.chunk_bytes, nodes, arena);
    blank_.resize(layout_.block_bytes);
    for (const Column& column_of : layout_.edge_others) {
      if (column_of.kind != Column::Kind::count64 && column_of.kind != Column::Kind::sum128) store(blank_.data() + column_of.offset + carry_te_offset, no_time);
    }
    trees_ = std::make_unique<LateTrees>(layout_, *pool_, blank_.data());
  }

  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t nodes_used() const { return pool_->used(); }
  [[nodiscard]] std::uint64_t nodes_max() const { return LateTrees::nodes_max(layout_, entries_.size(), 1); }
  [[nodiscard]] Time oldest() const { return entries_.empty() ? 0 : entries_.front().time; }
  [[nodiscard]] Time newest() const { return entries_.empty() ? 0 : entries_.back().time; }
  [[nodiscard]] Time any_time() { return entries_.empty() ? 0 : entries_[pick(entries_.size())].time + static_cast<Time>(pick(3)) - 1; }

  void insert(Time time) {
    const Entry entry{time, static_cast<std::int64_t>(pick(1000)) - 500};
    const Bits bits = (Bits{1} << layout_.bits.size()) - 1;
    const std::vector<std::int64_t> words(layout_.words.size(), entry.value);
    const NextEntry inserted = trees_->insert(tree_, time, bits, reinterpret_cast<const std::byte*>(words.data()));
    for (Edge_& edge : edges_) {
      if (time > edge.passed && time < edge.due.time) edge.due = inserted;
    }
    const auto behind = std::upper_bound(entries_.begin(), entries_.end(), time, [](Time t, const Entry& e) { return t < e.time; });
    entries_.insert(behind, entry);
  }
  void forget(Time upto) {
    for (Edge_& edge : edges_) move(edge, upto);
    std::vector<std::byte> left = blank_;
    std::array<NextEntry, edges> dues;
    for (std::size_t e = 0; e < edges; ++e) dues[e] = edges_[e].due;
    const bool anew = trees_->forget(tree_, upto, left.data(), dues);
    for (std::size_t e = 0; e < edges; ++e) edges_[e].due = anew ? trees_->next(tree_, edges_[e].passed) : dues[e];
    built_anew_ += anew;
    const auto end = std::upper_bound(entries_.begin(), entries_.end(), upto, [](Time t, const Entry& e) { return t < e.time; });
    compare(left.data(), entries_.begin(), end);
    entries_.erase(entries_.begin(), end);
    REQUIRE(tree_.entries == entries_.size());
    REQUIRE(tree_.first == (entries_.empty() ? time_end : entries_.front().time));
  }
  void ask(Time after, Time upto) {
    const auto behind = [](Time t, const Entry& e) { return t < e.time; };
    const auto begin = std::upper_bound(entries_.begin(), entries_.end(), after, behind), end = std::upper_bound(begin, entries_.end(), std::max(after, upto), behind);
    std::vector<std::byte> block = blank_;
    trees_->gather(tree_, layout_.edge_others, after, upto, block.data());
    compare(block.data(), begin, end);
    REQUIRE(trees_->next(tree_, after).time == (begin == entries_.end() ? time_end : begin->time));
  }
  // One that remembers where it goes on, whatever entered and left meanwhile.
  void move_an_edge(Time upto) { move(edges_[pick(edges)], upto); }
  [[nodiscard]] std::uint64_t built_anew() const { return built_anew_; }
  void visit_all() {
    std::size_t i = 0;
    trees_->each(tree_, [&](Time time, const std::byte* entry) {
      REQUIRE(i < entries_.size());
      REQUIRE(time == entries_[i].time);
      REQUIRE(load<std::int64_t>(entry + sizeof(Bits)) == entries_[i++].value);
    });
    REQUIRE(i == entries_.size());
  }

 private:
  static constexpr std::uint64_t nodes = 1 << 14;

  struct Edge_ {
    Time passed = no_time;
    NextEntry due = no_entry;
  };
  static constexpr std::size_t edges = 4;
  void move(Edge_& edge, Time upto) {
    if (upto <= edge.passed) return;
    const auto behind = [](Time t, const Entry& e) { return t < e.time; };
    const auto begin = std::upper_bound(entries_.begin(), entries_.end(), edge.passed, behind), end = std::upper_bound(begin, entries_.end(), upto, behind);
    REQUIRE(edge.due.time == (begin == entries_.end() ? time_end : begin->time));
    std::vector<std::byte> block = blank_;
    if (edge.due.time <= upto) trees_->pass(edge.due, edge.passed, upto, block.data());
    compare(block.data(), begin, end);
    REQUIRE(edge.due.time == (end == entries_.end() ? time_end : end->time));
    edge.passed = upto;
  }

  using Iterator = std::vector<Entry>::const_iterator;
  void compare(const std::byte* block, Iterator begin, Iterator end) const {
    std::int64_t sum = 0, least = INT64_MAX;
    for (auto it = begin; it != end; ++it) sum += it->value, least = std::min(least, it->value);
    for (const Column& column : layout_.edge_others) {
      const std::byte* const at = block + column.offset;
      if (column.kind == Column::Kind::count64) REQUIRE(load<std::int64_t>(at) == end - begin);
      else if (column.kind == Column::Kind::sum128) REQUIRE(static_cast<std::int64_t>(load<Int128>(at)) == sum);
      else if (begin == end) REQUIRE(load<Time>(at + carry_te_offset) == no_time);
      else REQUIRE(load<std::int64_t>(at) == (column.kind == Column::Kind::least ? least : column.kind == Column::Kind::earliest ? begin->value : (end - 1)->value));
    }
  }

  language::Pipeline pipeline_ = payments();
  std::vector<Aggregate> aggregates_;
  std::vector<FeatureSpec> specs_;
  Layout layout_;
  std::unique_ptr<twin::Memory> memory_;
  std::unique_ptr<state::ChunkPool> pool_;
  std::vector<std::byte> blank_;
  std::unique_ptr<LateTrees> trees_;
  TreeHead tree_ = LateTrees::empty();
  std::vector<Entry> entries_;
  std::array<Edge_, edges> edges_;
  std::uint64_t built_anew_ = 0;
  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("a tree equals a sorted list, whatever enters and leaves") {
  for (const std::uint64_t seed : {1U, 2U}) {
    CAPTURE(seed);
    Pair pair(seed);
    // It grows and shrinks in turn; mostly at its end, anywhere, or always before everything.
    for (int phase = 0; phase < 3; ++phase) {
      const std::uint64_t grown = seed % 2 == 0 ? 800 : 150;
      while (pair.size() < grown) {
        const std::uint64_t where = pair.pick(10);
        const bool anywhere = phase % 3 == 1 || where == 0;
        pair.insert(phase % 3 == 2 && where < 5 ? -static_cast<Time>(pair.pick(1000)) : anywhere ? pair.any_time() : pair.newest() + static_cast<Time>(pair.pick(3)));
        if (pair.pick(20) == 0) pair.ask(pair.any_time(), pair.any_time());
        if (pair.pick(20) == 0) pair.ask(no_time, pair.any_time());
        if (pair.pick(40) == 0) pair.ask(pair.any_time(), pair.newest());
        if (pair.pick(4) == 0) pair.move_an_edge(pair.oldest() + static_cast<Time>(pair.pick(40)));
        if (phase % 3 != 1 && pair.pick(50) == 0) pair.forget(pair.oldest() + static_cast<Time>(pair.pick(3)));
      }
      pair.visit_all();
      REQUIRE(pair.nodes_used() <= pair.nodes_max());
      while (pair.size() > 3) {
        pair.forget(pair.oldest() + static_cast<Time>(pair.pick(pair.size() > 100 ? 200 : 10)));
        pair.ask(pair.any_time(), pair.any_time());
        pair.move_an_edge(pair.any_time());
        REQUIRE(pair.nodes_used() <= pair.nodes_max());
        if (pair.pick(3) == 0) pair.insert(std::max(pair.any_time(), pair.oldest()));
      }
      pair.visit_all();
    }
    pair.forget(INT64_MAX - 1);
    CHECK(pair.nodes_used() == 0);
  }
}

TEST_CASE("a tree that has lost nearly all of its entries is built anew, and edges know where they go on") {
  std::uint64_t built_anew = 0;
  for (Time entries = 200; entries < 520; ++entries) {
    Pair pair(static_cast<std::uint64_t>(entries));
    for (Time time = 0; time < entries; ++time) pair.insert(time);
    for (int late = 0; late < 3; ++late) pair.insert(entries - static_cast<Time>(pair.pick(60)));  // halves of leaves among full ones
    for (Time left = 40; left > 0; left -= static_cast<Time>(1 + pair.pick(6))) {
      pair.move_an_edge(entries - 1 - static_cast<Time>(pair.pick(static_cast<std::uint64_t>(left))));
      pair.forget(entries - 1 - left);
    }
    pair.visit_all();
    built_anew += pair.built_anew();
  }
  CHECK(built_anew > 0);
}

}  // namespace pawl::window::test::late_test
