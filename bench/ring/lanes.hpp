// Several producers: each has a lane, and a sequencer, the ring's only writer, drains them in turn.
//
//   [producer 0] --lane--+
//   [producer 1] --lane--+--> [sequencer] ==> RING ==> [reader]
//   [producer n] --lane--+
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "pawl/core/ring/lane.hpp"
#include "ring/channels.hpp"

namespace pawl::bench {

// The values of producer p start at p << 48, and it sends every n-th of all events.
inline std::uint64_t first_value(std::size_t producer) { return static_cast<std::uint64_t>(producer) << 48; }
inline std::int64_t share_of(std::int64_t total, std::size_t producer, std::size_t producers) {
  const auto n = static_cast<std::int64_t>(producers);
  return total / n + (static_cast<std::int64_t>(producer) < total % n ? 1 : 0);
}

// Events of several producers in any order among them, and in the order of each.
class ProducerTallies {
 public:
  explicit ProducerTallies(std::size_t producers) : next_(producers), tallies_(producers) {
    for (std::size_t p = 0; p < producers; ++p) next_[p] = first_value(p);
  }
  template <std::size_t bytes>
  void add(const Event<bytes>& event) noexcept {
    const std::size_t producer = std::min<std::size_t>(event.words[0] >> 48, next_.size() - 1);
    tallies_[producer].add(event, next_[producer]++);
  }
  [[nodiscard]] bool hold(std::int64_t total, std::size_t words) const noexcept {
    bool right = true;
    for (std::size_t p = 0; p < tallies_.size(); ++p) right = tallies_[p].holds(first_value(p), share_of(total, p, tallies_.size()), words) && right;
    return right;
  }

 private:
  std::vector<std::uint64_t> next_;
  std::vector<Tally> tallies_;
};

template <std::size_t bytes>
class LaneSequencer {
 public:
  using Storage = typename TypedSlots<bytes>::Storage;
  using Lane = ring::Lane<Event<bytes>>;

  LaneSequencer(std::deque<Lane>& lanes, ring::Writer<Storage>& writer) : lanes_(lanes), writer_(writer) {}

  std::int64_t poll(std::int64_t budget) {
    std::int64_t drained = 0;
    for (Lane& lane : lanes_) {
      const ring::Batch claimed = writer_.claim(budget);
      if (claimed.empty()) return drained;
      Sequence next = claimed.first;
      drained += lane.drain(claimed.size(), [&](Ticket, const Event<bytes>& event) { writer_[next++] = event; });
      if (next > claimed.first) writer_.publish(next - 1);
      writer_.give_back();
    }
    if (finished()) writer_.close();
    return drained;
  }
  [[nodiscard]] bool finished() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.finished(); });
  }
  bool arm() {
    bool nothing = true;
    for (Lane& lane : lanes_) nothing = lane.arm() && nothing;
    return nothing;
  }
  void disarm() {
    for (Lane& lane : lanes_) lane.disarm();
  }

 private:
  std::deque<Lane>& lanes_;
  ring::Writer<Storage>& writer_;
};

template <std::size_t bytes>
class LaneNetwork {
  using Slots = TypedSlots<bytes>;
  using Lane = typename LaneSequencer<bytes>::Lane;

 public:
  LaneNetwork(std::size_t producers, std::int64_t slots, Batches batches) : slots_(slots), batches_(batches), tallies_(producers) {
    graph_.seal();
    for (std::size_t p = 0; p < producers; ++p) lanes_.emplace_back(lane_cells);
  }

  [[nodiscard]] std::size_t thread_count() const noexcept { return lanes_.size() + 2; }
  template <class Waits>
  std::vector<std::function<void()>> threads(std::int64_t total, Waits& waits) {
    std::vector<std::function<void()>> bodies;
    const std::size_t producers = lanes_.size();
    for (std::size_t p = 0; p < producers; ++p) {
      bodies.push_back([this, p, total, &waits, producers] {
        produce(lanes_[p], first_value(p), share_of(total, p, producers), waits.of(p), [&waits, producers] {
          if constexpr (requires { waits.wake(producers); }) waits.wake(producers);
        });
      });
    }
    bodies.push_back([this, &waits, producers] {
      LaneSequencer<bytes> stage(lanes_, graph_.writer());
      run_to_end(stage, batches_.read, waits.of(producers));
    });
    bodies.push_back([this, &waits, producers] {
      ring::HandlerStage stage(reader_, [this](const Event<bytes>& event, Sequence) { tallies_.add(event); });
      run_to_end(stage, batches_.read, waits.of(producers + 1));
    });
    return bodies;
  }

  [[nodiscard]] bool right(std::int64_t total) const { return tallies_.hold(total, Event<bytes>::word_count); }

 private:
  static constexpr std::size_t lane_cells = 4096;

  // One by one, or arrays of batches_.write.
  template <class Idle, class Wake>
  void produce(Lane& lane, std::uint64_t first, std::int64_t total, Idle idle, Wake wake) {
    constexpr std::size_t batch_max = 64;
    std::array<Event<bytes>, batch_max> events;
    const auto room = [&lane] { return static_cast<std::int64_t>(lane.room()); };
    for (std::int64_t sent = 0; sent < total;) {
      const auto count = static_cast<std::size_t>(std::min({batches_.write, total - sent, static_cast<std::int64_t>(batch_max)}));
      for (std::size_t i = 0; i < count; ++i) fill_local(events[i], first + static_cast<std::uint64_t>(sent) + i);
      const std::int64_t taken = count == 1 ? (lane.publish(events[0], wake).accepted() ? 1 : 0) : lane.publish(std::span<const Event<bytes>>(events.data(), count), wake).count;
      sent += taken;
      idle.after_round(taken, room);
    }
    lane.close(wake);
  }

  Slots slots_;
  Batches batches_;
  ring::Graph<typename Slots::Storage> graph_{slots_.storage};
  ring::Reader<typename Slots::Storage>& reader_ = graph_.reader();
  std::deque<Lane> lanes_;
  ProducerTallies tallies_;
};

}  // namespace pawl::bench
