// The peers' queues, in the same topologies as our ring. Each with the settings that its documentation gives as the fastest for its
// producers and consumers, and all memory taken before the run.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <vector>
#include <boost/lockfree/spsc_queue.hpp>
#include <concurrentqueue/concurrentqueue.h>
#include <oneapi/tbb/concurrent_queue.h>
#include <readerwriterqueue/readerwriterqueue.h>

#include "ring/channels.hpp"
#include "ring/lanes.hpp"

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

// Queues of several producers, each with its token, and one consumer. A moodycamel producer keeps the blocks it ever had, so one that comes
// late may find none, for ever: it then allocates, once everything was consumed.
template <class T>
class MoodycamelMany {
 public:
  MoodycamelMany(std::size_t slots, std::size_t producers) : queue_(slots, producers, 0), consumer_(queue_) {
    for (std::size_t p = 0; p < producers; ++p) producers_.emplace_back(queue_);
  }
  bool push(std::size_t producer, const T& event) {
    return queue_.try_enqueue(producers_[producer], event) || (queue_.size_approx() == 0 && queue_.enqueue(producers_[producer], event));
  }
  std::size_t push(std::size_t producer, const T* events, std::size_t count) {
    const bool pushed = queue_.try_enqueue_bulk(producers_[producer], events, count) || (queue_.size_approx() == 0 && queue_.enqueue_bulk(producers_[producer], events, count));
    return pushed ? count : 0;
  }
  bool pop(T& event) { return queue_.try_dequeue(consumer_, event); }
  std::size_t pop(T* events, std::size_t count) { return queue_.try_dequeue_bulk(consumer_, events, count); }

 private:
  moodycamel::ConcurrentQueue<T> queue_;
  std::deque<moodycamel::ProducerToken> producers_;
  moodycamel::ConsumerToken consumer_;
};

template <class T>
class TbbMany : public TbbBounded<T> {
 public:
  TbbMany(std::size_t slots, std::size_t) : TbbBounded<T>(slots) {}
  bool push(std::size_t, const T& event) { return TbbBounded<T>::push(event); }
};

// --- networks of queues ---

// How many of `events` went into or came out of a queue in one call: by the call for one event, or by that for arrays.
template <std::size_t batch, class Queue, class... Producer>
std::size_t push_some(Queue& queue, const auto* events, std::size_t count, Producer... producer) {
  if constexpr (batch == 1) return queue.push(producer..., *events) ? 1 : 0;
  else return queue.push(producer..., events, count);
}
template <std::size_t batch, class Queue>
std::size_t pop_some(Queue& queue, auto* events) {
  if constexpr (batch == 1) return queue.pop(*events) ? 1 : 0;
  else return queue.pop(events, batch);
}

template <std::size_t batch, class Queue, class Idle, class... Producer>
void push_all(Queue& queue, const auto* events, std::size_t count, Idle& idle, Producer... producer) {
  for (std::size_t sent = 0; sent < count;) {
    const std::size_t pushed = push_some<batch>(queue, events + sent, count - sent, producer...);
    idle.after_round(static_cast<std::int64_t>(pushed), nullptr);
    sent += pushed;
  }
}

// One queue per edge of the graph: w -> a; w -> a -> b -> c; or w to a and b, and both to c. Events are copied from queue to queue.
template <template <class> class QueueOf, std::size_t bytes, std::size_t batch>
class QueueNetwork {
  using Item = Event<bytes>;
  using Queue = QueueOf<Item>;
  template <std::size_t n>
  using Edges = std::array<std::size_t, n>;

 public:
  QueueNetwork(Topology topology, std::int64_t slots, Batches) : topology_(topology) {
    const std::size_t edges = topology == Topology::one_to_one ? 1 : topology == Topology::pipeline ? 3 : 4;
    for (std::size_t i = 0; i < edges; ++i) edges_.emplace_back(static_cast<std::size_t>(slots));
    tallies_.resize(edges);
  }

  [[nodiscard]] std::size_t thread_count() const noexcept { return topology_ == Topology::one_to_one ? 2 : 4; }
  template <class Waits>
  std::vector<std::function<void()>> threads(std::int64_t total, Waits& waits) {
    const auto writer = [this, total, &waits](auto to) { return [this, total, &waits, to] { write(queues(to), total, waits.of(0)); }; };
    const auto stage = [this, total, &waits](std::size_t thread, auto from, auto to) {
      return [this, total, &waits, thread, from, to] {
        const auto tallies = forward(queues(from), queues(to), total, waits.of(thread));
        for (std::size_t i = 0; i < from.size(); ++i) tallies_[from[i]] = tallies[i];
      };
    };
    using None = Edges<0>;
    using One = Edges<1>;
    using Two = Edges<2>;
    if (topology_ == Topology::one_to_one) return {writer(One{0}), stage(1, One{0}, None{})};
    if (topology_ == Topology::pipeline) return {writer(One{0}), stage(1, One{0}, One{1}), stage(2, One{1}, One{2}), stage(3, One{2}, None{})};
    return {writer(Two{0, 1}), stage(1, One{0}, One{2}), stage(2, One{1}, One{3}), stage(3, Two{2, 3}, None{})};
  }

  [[nodiscard]] bool right(std::int64_t total) const {
    return std::all_of(tallies_.begin(), tallies_.end(), [&](const Tally& tally) { return tally.holds(0, total, Item::word_count); });
  }

 private:
  template <std::size_t n>
  std::array<Queue*, n> queues(const Edges<n>& edges) {
    std::array<Queue*, n> found{};
    for (std::size_t i = 0; i < n; ++i) found[i] = &edges_[edges[i]];
    return found;
  }

  template <std::size_t outs, class Idle>
  static void write(const std::array<Queue*, outs>& to, std::int64_t total, Idle idle) {
    std::array<Item, batch> events;
    for (Sequence next = 0; next < total;) {
      const auto count = batch == 1 ? 1 : static_cast<std::size_t>(std::min<Sequence>(batch, total - next));
      for (std::size_t i = 0; i < count; ++i) fill_local(events[i], static_cast<std::uint64_t>(next) + i);
      for (Queue* queue : to) push_all<batch>(*queue, events.data(), count, idle);
      next += static_cast<Sequence>(count);
    }
  }

  // Takes each event out of all queues of `from`, reads it, and passes it on.
  template <std::size_t ins, std::size_t outs, class Idle>
  static std::array<Tally, ins> forward(const std::array<Queue*, ins>& from, const std::array<Queue*, outs>& to, std::int64_t total, Idle idle) {
    std::array<Item, batch> events;
    std::array<std::int64_t, ins> received{};
    std::array<Tally, ins> tallies;
    while (std::min(received.front(), received.back()) < total) {
      for (std::size_t i = 0; i < ins; ++i) {
        const std::size_t popped = pop_some<batch>(*from[i], events.data());
        idle.after_round(static_cast<std::int64_t>(popped), nullptr);
        for (std::size_t e = 0; e < popped; ++e) tallies[i].add(events[e], static_cast<std::uint64_t>(received[i]++));
        for (Queue* queue : to) push_all<batch>(*queue, events.data(), popped, idle);
      }
    }
    return tallies;
  }

  Topology topology_;
  std::deque<Queue> edges_;
  std::vector<Tally> tallies_;
};

// Several producers to one consumer.
template <template <class> class QueueOf, std::size_t bytes, std::size_t batch>
class ManyToOne {
  using Item = Event<bytes>;

 public:
  ManyToOne(std::size_t producers, std::int64_t slots, Batches) : producers_(producers), queue_(static_cast<std::size_t>(slots), producers), tallies_(producers) {}

  [[nodiscard]] std::size_t thread_count() const noexcept { return producers_ + 1; }
  template <class Waits>
  std::vector<std::function<void()>> threads(std::int64_t total, Waits& waits) {
    std::vector<std::function<void()>> bodies;
    for (std::size_t p = 0; p < producers_; ++p) {
      bodies.push_back([this, p, total, &waits] { produce(p, share_of(total, p, producers_), waits.of(p)); });
    }
    bodies.push_back([this, total, &waits] { consume(total, waits.of(producers_)); });
    return bodies;
  }
  [[nodiscard]] bool right(std::int64_t total) const { return tallies_.hold(total, Item::word_count); }

 private:
  template <class Idle>
  void produce(std::size_t producer, std::int64_t total, Idle idle) {
    std::array<Item, batch> events;
    for (std::int64_t next = 0; next < total;) {
      const auto count = batch == 1 ? 1 : static_cast<std::size_t>(std::min<std::int64_t>(batch, total - next));
      for (std::size_t i = 0; i < count; ++i) fill_local(events[i], first_value(producer) + static_cast<std::uint64_t>(next) + i);
      push_all<batch>(queue_, events.data(), count, idle, producer);
      next += static_cast<std::int64_t>(count);
    }
  }
  template <class Idle>
  void consume(std::int64_t total, Idle idle) {
    std::array<Item, batch> events;
    for (std::int64_t received = 0; received < total;) {
      const std::size_t popped = pop_some<batch>(queue_, events.data());
      idle.after_round(static_cast<std::int64_t>(popped), nullptr);
      for (std::size_t e = 0; e < popped; ++e) tallies_.add(events[e]);
      received += static_cast<std::int64_t>(popped);
    }
  }

  std::size_t producers_;
  QueueOf<Item> queue_;
  ProducerTallies tallies_;
};

}  // namespace pawl::bench
