// One-way latency of an idle channel: an event there and one back, halved. Mean over blocks of round trips, median over blocks, so that
// the clock is outside the path and a preempted block does not count.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/pin.hpp"
#include "harness/statistics.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/writer.hpp"

namespace pawl::bench {

// One direction of a round trip: send(i) and receive() -> i, spinning without pauses.
class LineDirection {
 public:
  void send(std::uint64_t value) { line_.store(value, std::memory_order_release); }
  std::uint64_t receive(std::uint64_t expected) {
    std::uint64_t seen = 0;
    while ((seen = line_.load(std::memory_order_acquire)) != expected) wait();
    return seen;
  }

 private:
  struct Patience {
    void operator()() {
      if (++spins % 65'536 == 0) std::this_thread::yield();
    }
    std::uint32_t spins = 0;
  } wait;
  alignas(128) std::atomic<std::uint64_t> line_{0};
};

template <ring::Watch watch>
class RingDirection {
 public:
  RingDirection() { writer_.gate_on(reader_.consumed()); }

  void send(std::uint64_t value) {
    const ring::Batch one = writer_.claim(1);
    storage_[one.first] = value;
    writer_.publish(one.first);
  }
  std::uint64_t receive(std::uint64_t) {
    ring::Batch batch = reader_.poll(1);
    for (std::uint32_t spins = 1; batch.empty(); batch = reader_.poll(1), ++spins) {
      if (spins % 65'536 == 0) std::this_thread::yield();
    }
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

// A queue of numbers, with push and pop of single ones.
template <class Queue>
class QueueDirection {
 public:
  void send(std::uint64_t value) {
    while (!queue_.push(value)) std::this_thread::yield();
  }
  std::uint64_t receive(std::uint64_t) {
    std::uint64_t value = 0;
    for (std::uint32_t spins = 1; !queue_.pop(value); ++spins) {
      if (spins % 65'536 == 0) std::this_thread::yield();
    }
    return value;
  }

 private:
  Queue queue_{1024};
};

// Median one-way latency in nanoseconds. Fails if a wrong value came back.
template <class Direction>
double one_way_ns(std::int64_t round_trips) {
  constexpr std::int64_t block = 100;
  const std::int64_t blocks = std::max<std::int64_t>(round_trips / block, 1);
  Direction there;
  Direction back;
  bool right = true;
  std::vector<double> means;
  const auto echo = [&] {
    for (std::int64_t i = 1; i <= blocks * block; ++i) back.send(there.receive(static_cast<std::uint64_t>(i)));
  };
  const auto call = [&] {
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t start = now_ns();
      for (std::int64_t i = 1; i <= block; ++i) {
        const auto value = static_cast<std::uint64_t>(b * block + i);
        there.send(value);
        right = back.receive(value) == value && right;
      }
      means.push_back(static_cast<double>(now_ns() - start) / (2.0 * static_cast<double>(block)));
    }
  };
  run_pair(call, echo);
  if (!right) fail("a wrong value came back through an idle channel");
  return median(means);
}

}  // namespace pawl::bench
