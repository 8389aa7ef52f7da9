// Graphs on real threads: every topology, lossless, in order, sums verified. Run under ThreadSanitizer too.
#include <doctest/doctest.h>

#include <array>
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/graph.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/core/ring/observer.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/stage.hpp"

namespace graph_test {

using namespace pawl::ring;
using pawl::Sequence;

namespace {

// An event with a cell of its own for each stage's result, as features lie beside the input.
struct Event {
  std::int64_t input = 0;
  std::int64_t doubled = 0;
  std::int64_t tripled = 0;
};

constexpr std::int64_t events = 20'000;
constexpr std::int64_t expected_sum = events * (events - 1) / 2;

using Yield = void (*)();
using Patient = SpinThenYield<Yield>;
Patient patient() { return Patient(&std::this_thread::yield, 20); }

template <class Storage, class Fill>
void write_all(Writer<Storage>& writer, std::int64_t batch, Fill fill) {
  for (Sequence next = 0; next < events;) {
    const Batch claimed = writer.claim(std::min(batch, events - next));
    if (claimed.empty()) {
      std::this_thread::yield();
      continue;
    }
    for (Sequence s = claimed.first; s <= claimed.last; ++s) fill(writer[s], s);
    writer.publish(claimed.last);
    next = claimed.last + 1;
  }
  writer.close();
}

// Runs one handler behind a reader until the end of the stream, on its own thread.
template <class Storage, class Handler>
std::thread run_stage(Reader<Storage>& reader, Handler handler) {
  return std::thread([&reader, handler] {
    HandlerStage stage(reader, handler);
    Loop loop(32, stage);
    auto idle = patient();
    loop.run(StopFlag{}, idle);
  });
}

struct Sum {
  std::int64_t total = 0;
  Sequence expected = 0;
  bool in_order = true;
  void add(std::int64_t value, Sequence sequence) {
    total += value;
    in_order = in_order && sequence == expected++;
  }
  void check(std::int64_t expected_total) const {
    CHECK(total == expected_total);
    CHECK(in_order);
    CHECK(expected == events);
  }
};

using PlainRing = Ring<Event>;
using StampedRing = Ring<Event, Stamp::in_slot>;

}  // namespace

TEST_CASE_TEMPLATE("one to one", Storage, PlainRing, StampedRing) {
  for (const std::int64_t batch : {1, 7, 64}) {
    for (const Watch watch : {Watch::cursor, Watch::stamp}) {
      if (watch == Watch::stamp && !Storage::has_stamp) continue;
      Storage storage(64);
      Graph graph(storage);
      auto& reader = graph.reader(watch);
      graph.seal();
      Sum sum;
      auto thread = run_stage(reader, [&](const Event& event, Sequence s) { sum.add(event.input, s); });
      write_all(graph.writer(), batch, [](Event& event, Sequence s) { event.input = s; });
      thread.join();
      sum.check(expected_sum);
    }
  }
}

TEST_CASE_TEMPLATE("pipeline of three: each stage builds on the one before", Storage, PlainRing, StampedRing) {
  Storage storage(64);
  Graph graph(storage);
  auto& first = graph.reader();
  auto& second = graph.reader_after(first);
  auto& third = graph.reader_after(second);
  graph.seal();
  Sum sum;
  std::vector<std::thread> threads;
  threads.push_back(run_stage(first, [](Event& event, Sequence) { event.doubled = event.input * 2; }));
  threads.push_back(run_stage(second, [](Event& event, Sequence) { event.tripled = event.doubled + event.input; }));
  threads.push_back(run_stage(third, [&](const Event& event, Sequence s) { sum.add(event.tripled, s); }));
  write_all(graph.writer(), 5, [](Event& event, Sequence s) { event = Event{.input = s}; });
  for (auto& thread : threads) thread.join();
  sum.check(3 * expected_sum);
}

TEST_CASE_TEMPLATE("diamond: two stages side by side, a third sees both results", Storage, PlainRing, StampedRing) {
  Storage storage(32);
  Graph graph(storage);
  auto& left = graph.reader();
  auto& right = graph.reader(Storage::has_stamp ? Watch::stamp : Watch::cursor);
  auto& join = graph.reader_after(left, right);
  graph.seal();
  Sum sum;
  std::vector<std::thread> threads;
  threads.push_back(run_stage(left, [](Event& event, Sequence) { event.doubled = event.input * 2; }));
  threads.push_back(run_stage(right, [](Event& event, Sequence) { event.tripled = event.input * 3; }));
  threads.push_back(run_stage(join, [&](const Event& event, Sequence s) { sum.add(event.doubled + event.tripled, s); }));
  write_all(graph.writer(), 16, [](Event& event, Sequence s) { event = Event{.input = s}; });
  for (auto& thread : threads) thread.join();
  sum.check(5 * expected_sum);
}

TEST_CASE("multicast: every reader sees every event, and the slowest holds the writer") {
  PlainRing storage(16);
  Graph graph(storage);
  std::array<Sum, 3> sums;
  std::vector<std::thread> threads;
  std::vector<Reader<PlainRing>*> readers;
  for (std::size_t i = 0; i < sums.size(); ++i) readers.push_back(&graph.reader());
  graph.seal();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    threads.push_back(run_stage(*readers[i], [&sum = sums[i]](const Event& event, Sequence s) { sum.add(event.input, s); }));
  }
  write_all(graph.writer(), 4, [](Event& event, Sequence s) { event.input = s; });
  for (auto& thread : threads) thread.join();
  for (const auto& sum : sums) sum.check(expected_sum);
}

TEST_CASE("byte ring across threads, by stamp and by cursor") {
  for (const Watch watch : {Watch::cursor, Watch::stamp}) {
    struct alignas(64) Line {
      std::array<std::byte, 64> bytes;
    };
    std::vector<Line> memory(64);
    ByteRing storage(std::as_writable_bytes(std::span(memory)), 128);
    Graph graph(storage);
    auto& reader = graph.reader(watch);
    graph.seal();
    Sum sum;
    auto thread = run_stage(reader, [&](ByteSlot slot, Sequence s) {
      std::int64_t value = 0;
      std::memcpy(&value, slot.body().data() + 64, sizeof value);
      sum.add(value, s);
    });
    write_all(graph.writer(), 3, [](ByteSlot slot, Sequence s) { std::memcpy(slot.body().data() + 64, &s, sizeof s); });
    thread.join();
    sum.check(expected_sum);
  }
}

TEST_CASE("all stages in one loop on one thread give the same as on many") {
  PlainRing storage(16);
  Graph graph(storage);
  auto& left = graph.reader();
  auto& right = graph.reader();
  auto& join = graph.reader_after(left, right);
  graph.seal();
  Sum sum;

  struct Source {
    Writer<PlainRing>& writer;
    Sequence next = 0;
    bool closed = false;
    std::int64_t poll(std::int64_t budget) {
      const Batch claimed = next == events ? Batch{} : writer.claim(std::min(budget, events - next));
      for (Sequence s = claimed.first; s <= claimed.last; ++s) writer[s].input = s;
      if (!claimed.empty()) writer.publish(claimed.last);
      next += claimed.size();
      if (next == events && !closed) {
        writer.close();
        closed = true;
      }
      return claimed.size();
    }
    [[nodiscard]] bool finished() const { return closed; }
  } source{graph.writer()};
  HandlerStage doubles(left, [](Event& event, Sequence) { event.doubled = event.input * 2; });
  HandlerStage triples(right, [](Event& event, Sequence) { event.tripled = event.input * 3; });
  HandlerStage joins(join, [&](const Event& event, Sequence s) { sum.add(event.doubled + event.tripled, s); });
  Loop loop(5, source, doubles, triples, joins);
  BusySpin idle;
  loop.run(StopFlag{}, idle);
  sum.check(5 * expected_sum);
}

TEST_CASE("a stop request loses nothing that was published before it") {
  PlainRing storage(64);
  Graph graph(storage);
  auto& reader = graph.reader();
  graph.seal();
  std::int64_t seen = 0;
  StopFlag stop;
  std::thread thread([&] {
    HandlerStage stage(reader, [&](const Event&, Sequence) { ++seen; });
    Loop loop(8, stage);
    auto idle = patient();
    loop.run(stop, idle);
  });
  std::int64_t published = 0;
  while (published < 1000) {
    const Batch claimed = graph.writer().claim(10);
    if (claimed.empty()) continue;
    graph.writer().publish(claimed.last);
    published += claimed.size();
  }
  stop.request();
  thread.join();
  CHECK(seen == published);
}

TEST_CASE("end_of_batch comes once per batch, before the release") {
  PlainRing storage(8);
  Graph graph(storage);
  auto& reader = graph.reader();
  graph.seal();
  struct Handler {
    Reader<PlainRing>& reader;
    std::vector<Sequence> ends{};
    void operator()(const Event&, Sequence) {}
    void end_of_batch(Sequence last) {
      CHECK(reader.consumed().load_own() < last);
      ends.push_back(last);
    }
  };
  HandlerStage stage(reader, Handler{reader});
  graph.writer().publish(graph.writer().claim(6).last);
  CHECK(stage.poll(4) == 4);
  CHECK(stage.poll(4) == 2);
  CHECK(stage.poll(4) == 0);
  CHECK(stage.handler().ends == std::vector<Sequence>{3, 5});
}

TEST_CASE("an observer that does not look costs copies, counted, and never holds up the ring") {
  PlainRing storage(16);
  Graph graph(storage);
  auto& gated = graph.reader();
  graph.seal();
  ObserverTap<PlainRing, std::int64_t, std::int64_t (*)(const Event&, Sequence)> tap(
      gated, 4, [](const Event& event, Sequence) { return event.input; });
  for (std::int64_t i = 0; i < 40; ++i) {
    const Batch one = graph.writer().claim(1);
    REQUIRE_FALSE(one.empty());
    graph.writer()[one.last].input = i;
    graph.writer().publish(one.last);
    CHECK(tap.poll(8) == 1);
  }
  CHECK(tap.was_dropped() == 36);
  std::int64_t copy = 0;
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK(tap.take(copy));
    CHECK(copy == i);  // the oldest are kept
  }
  CHECK_FALSE(tap.take(copy));
  graph.writer().close();
  CHECK(tap.finished());
}

}  // namespace graph_test
