// The peers' queues behind one interface: Singles pushes and pops one event a call, Bulk arrays of them. Each with the settings that its
// documentation gives as the fastest for one producer and one consumer, and all memory taken before the run.
#pragma once

#include <algorithm>
#include <array>
#include <boost/lockfree/spsc_queue.hpp>
#include <concurrentqueue/concurrentqueue.h>
#include <oneapi/tbb/concurrent_queue.h>
#include <readerwriterqueue/readerwriterqueue.h>

#include "ring/event.hpp"

namespace pawl::bench {

template <class T>
class BoostSpsc {
 public:
  explicit BoostSpsc(std::size_t slots) : queue_(slots) {}
  bool push(const T& event) { return queue_.push(event); }
  bool pop(T& event) { return queue_.pop(event); }
  std::size_t push(const T* events, std::size_t count) { return queue_.push(events, count); }
  std::size_t pop(T* events, std::size_t count) { return queue_.pop(events, count); }

 private:
  boost::lockfree::spsc_queue<T> queue_;
};

template <class T>
class MoodycamelSpsc {
 public:
  explicit MoodycamelSpsc(std::size_t slots) : queue_(slots) {}
  bool push(const T& event) { return queue_.try_enqueue(event); }
  bool pop(T& event) { return queue_.try_dequeue(event); }

 private:
  moodycamel::ReaderWriterQueue<T> queue_;
};

// One explicit producer, with tokens on both sides.
template <class T>
class MoodycamelMpmc {
 public:
  explicit MoodycamelMpmc(std::size_t slots) : queue_(slots, 1, 0), producer_(queue_), consumer_(queue_) {}
  bool push(const T& event) { return queue_.try_enqueue(producer_, event); }
  bool pop(T& event) { return queue_.try_dequeue(consumer_, event); }
  std::size_t push(const T* events, std::size_t count) { return queue_.try_enqueue_bulk(producer_, events, count) ? count : 0; }
  std::size_t pop(T* events, std::size_t count) { return queue_.try_dequeue_bulk(consumer_, events, count); }

 private:
  moodycamel::ConcurrentQueue<T> queue_;
  moodycamel::ProducerToken producer_;
  moodycamel::ConsumerToken consumer_;
};

template <class T>
class TbbBounded {
 public:
  explicit TbbBounded(std::size_t slots) { queue_.set_capacity(static_cast<std::ptrdiff_t>(slots)); }
  bool push(const T& event) { return queue_.try_push(event); }
  bool pop(T& event) { return queue_.try_pop(event); }

 private:
  oneapi::tbb::concurrent_bounded_queue<T> queue_;
};

template <class Queue>
class Singles {
 public:
  Singles(std::int64_t slots, Batches) : queue_(static_cast<std::size_t>(slots)) {}

  void write(std::int64_t total) {
    Waiter wait;
    for (Sequence s = 0; s < total; ++s) {
      Event event;
      fill_local(event, s);
      while (!queue_.push(event)) wait();
    }
  }

  std::uint64_t read(std::int64_t total) {
    Waiter wait;
    std::uint64_t words = 0;
    Event event;
    for (std::int64_t n = 0; n < total; ++n) {
      while (!queue_.pop(event)) wait();
      words += sum(event);
    }
    return words;
  }

 private:
  Queue queue_;
};

template <class Queue>
class Bulk {
 public:
  static constexpr std::int64_t batch_max = 256;

  Bulk(std::int64_t slots, Batches batches) : queue_(static_cast<std::size_t>(slots)), batches_(batches) {}

  void write(std::int64_t total) {
    Waiter wait;
    std::array<Event, batch_max> events;
    for (Sequence next = 0; next < total;) {
      const auto count = static_cast<std::size_t>(std::min({batches_.write, total - next, batch_max}));
      for (std::size_t i = 0; i < count; ++i) fill_local(events[i], next + static_cast<Sequence>(i));
      for (std::size_t sent = 0; sent < count;) {
        const std::size_t pushed = queue_.push(events.data() + sent, count - sent);
        if (pushed == 0) wait();
        sent += pushed;
      }
      next += static_cast<Sequence>(count);
    }
  }

  std::uint64_t read(std::int64_t total) {
    Waiter wait;
    std::uint64_t words = 0;
    std::array<Event, batch_max> events;
    for (std::int64_t received = 0; received < total;) {
      const std::size_t popped = queue_.pop(events.data(), static_cast<std::size_t>(std::min(batches_.read, batch_max)));
      if (popped == 0) wait();
      for (std::size_t i = 0; i < popped; ++i) words += sum(events[i]);
      received += static_cast<std::int64_t>(popped);
    }
    return words;
  }

 private:
  Queue queue_;
  Batches batches_;
};

}  // namespace pawl::bench
