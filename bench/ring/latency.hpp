// One-way latency of a channel. Idle: an event there and one back, halved; mean over blocks of round trips, median over blocks, so that the
// clock is outside the path and a preempted block does not count. At a rate: an open loop, from each event's planned time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/open_loop.hpp"
#include "harness/pace.hpp"
#include "harness/pin.hpp"
#include "harness/statistics.hpp"
#include "pawl/core/base/histogram.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/writer.hpp"
#include "ring/waiting.hpp"

namespace pawl::bench {

// Spins without pauses: the soonest to see anything. Leaves now and then, or two threads on one CPU would see nothing for long.
struct BusyThenYield {
  template <class LookAgain>
  void after_round(std::int64_t, LookAgain&&) {
    if (++rounds % 65'536 == 0) std::this_thread::yield();
  }
  std::uint32_t rounds = 0;
};
struct Busy {
  explicit Busy(std::size_t) {}
  BusyThenYield of(std::size_t) { return {}; }
};
// Sleeps at once: what a wake-up costs.
struct ParkingAtOnce : Parking {
  explicit ParkingAtOnce(std::size_t threads) : Parking(threads, 0) {}
};

// One direction of a round trip: send(i, idle) and receive(i, idle) -> i.
class LineDirection {
 public:
  template <class Idle>
  void send(std::uint64_t value, Idle& idle) {
    line_.store(value, std::memory_order_release);
    idle.after_round(1, [] { return std::int64_t{1}; });
  }
  template <class Idle>
  std::uint64_t receive(std::uint64_t expected, Idle& idle) {
    const auto there = [&] { return std::int64_t{line_.load(std::memory_order_acquire) == expected}; };
    while (there() == 0) idle.after_round(0, there);
    return expected;
  }

 private:
  alignas(128) std::atomic<std::uint64_t> line_{0};
};

template <ring::Watch watch>
class RingDirection {
 public:
  RingDirection() { writer_.gate_on(reader_.consumed()); }

  template <class Idle>
  void send(std::uint64_t value, Idle& idle) {
    const auto room = [&] {
      const std::int64_t free = writer_.claim(1).size();
      writer_.give_back();
      return free;
    };
    ring::Batch one = writer_.claim(1);
    for (; one.empty(); one = writer_.claim(1)) idle.after_round(0, room);
    storage_[one.first] = value;
    writer_.publish(one.first);
    idle.after_round(1, room);
  }
  template <class Idle>
  std::uint64_t receive(std::uint64_t, Idle& idle) {
    const auto look = [&] { return reader_.poll(1).size(); };
    ring::Batch batch = reader_.poll(1);
    for (; batch.empty(); batch = reader_.poll(1)) idle.after_round(0, look);
    const std::uint64_t value = reader_[batch.first];
    reader_.release(batch.first);
    return value;
  }

 private:
  using Storage = ring::Ring<std::uint64_t, ring::Stamp::in_slot>;
  Storage storage_{1024};
  ring::Writer<Storage> writer_{storage_};
  ring::Reader<Storage> reader_{writer_, watch};
};

// A queue of numbers, with push and pop of single ones. It has nothing to park on.
template <class Queue>
class QueueDirection {
 public:
  template <class Idle>
  void send(std::uint64_t value, Idle& idle) {
    while (!queue_.push(value)) idle.after_round(0, nullptr);
    idle.after_round(1, nullptr);
  }
  template <class Idle>
  std::uint64_t receive(std::uint64_t, Idle& idle) {
    std::uint64_t value = 0;
    while (!queue_.pop(value)) idle.after_round(0, nullptr);
    return value;
  }

 private:
  Queue queue_{1024};
};

// Median one-way latency in nanoseconds. Fails if a wrong value came back.
template <class Direction, class Waits = Busy>
double one_way_ns(std::int64_t round_trips) {
  constexpr std::int64_t block = 100;
  const std::int64_t blocks = std::max<std::int64_t>(round_trips / block, 1);
  Direction there;
  Direction back;
  Waits waits(2);
  bool right = true;
  std::vector<double> means;
  const auto echo = [&] {
    auto idle = waits.of(1);
    for (std::int64_t i = 1; i <= blocks * block; ++i) back.send(there.receive(static_cast<std::uint64_t>(i), idle), idle);
  };
  const auto call = [&] {
    auto idle = waits.of(0);
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t start = now_ns();
      for (std::int64_t i = 1; i <= block; ++i) {
        const auto value = static_cast<std::uint64_t>(b * block + i);
        there.send(value, idle);
        right = back.receive(value, idle) == value && right;
      }
      means.push_back(static_cast<double>(now_ns() - start) / (2.0 * static_cast<double>(block)));
    }
  };
  run_together({call, echo});
  if (!right) fail("a wrong value came back through an idle channel");
  return median(means);
}

// Latencies in ns of the events behind the warm-up: from the planned time until the reader has the event and has read the clock. Beyond some
// 5 M/s one event in 16 is timed, or the clock would be what limits. Fails if an event came wrong.
template <class Direction, class Waits = Busy>
Histogram one_way_at_rate(const Pace& pace) {
  const std::int64_t events = pace.events(), warm = pace.warm_events(), every = pace.rate > 5e6 ? 16 : 1;
  constexpr std::int64_t until_both_run = 2'000'000;
  Direction channel;
  Waits waits(2);
  Histogram latency;
  bool right = true;
  const OpenLoop plan(now_ns() + until_both_run, pace.rate);
  const auto write = [&] {
    auto idle = waits.of(0);
    for (std::int64_t sent = 0; sent < events;) {
      for (const std::int64_t due = std::min(plan.due(now_ns()), events); sent < due; ++sent) channel.send(static_cast<std::uint64_t>(sent + 1), idle);
    }
  };
  const auto read = [&] {
    auto idle = waits.of(1);
    for (std::int64_t i = 0; i < events; ++i) {
      const auto expected = static_cast<std::uint64_t>(i + 1);
      right = channel.receive(expected, idle) == expected && right;
      if (i >= warm && i % every == 0) latency.record(now_ns() - plan.planned_ns(i));
    }
  };
  run_together({write, read});
  if (!right) fail("a channel at a rate delivered a wrong event");
  return latency;
}

}  // namespace pawl::bench
