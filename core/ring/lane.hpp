// Lane<T>: a producer's own inlet to the sequencer. One producer thread, one drainer thread; a producer that stalls or dies holds up
// nobody else. The cells travel through Boost.Lockfree's spsc_queue; what counts as accepted, and when the lane is closed, is decided
// by its LaneWord.
#pragma once

#include <algorithm>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/ring/lane_word.hpp"
#include "pawl/core/ring/policy.hpp"
#include "pawl/core/ring/publication.hpp"

namespace pawl::ring {

// Called by publish when the drainer has announced that it sleeps; wakes it, or does nothing for a drainer that never sleeps.
struct NoWake {
  void operator()() const noexcept {}
};

// T: copyable. Queue: spsc_queue<T>, or a model of it. Allocates at construction only.
template <class T, class Policy = StdAtomics, class Queue = boost::lockfree::spsc_queue<T>>
class Lane {
 public:
  // Tickets start at `first_ticket`: 1 in a new log, one past the last known ticket of this source in a recovered one.
  // REQUIRES: capacity > 0, first_ticket > 0.
  explicit Lane(std::size_t capacity, Ticket first_ticket = 1) : queue_(capacity), first_ticket_(first_ticket), next_ticket_(first_ticket) {
    PAWL_ASSERT(capacity > 0 && first_ticket > 0);
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Offers one event. Never blocks (publish_patiently does). Refusals: full, closed. Thread: the producer's.
  template <class Wake = NoWake>
  Publication publish(const T& event, Wake&& wake = {}) {
    if (word_.was_closed()) return Refused{Refusal::closed};
    if (!queue_.push(event)) return Refused{Refusal::full};
    if (!count_in(1, wake)) return Refused{Refusal::closed};
    return Accepted{next_ticket_++};
  }

  // Offers several events, in order, with one change of the lane's word for all. Thread: the producer's.
  template <class Wake = NoWake>
  BatchPublication publish(std::span<const T> events, Wake&& wake = {}) {
    if (word_.was_closed()) return {.refusal = Refusal::closed};
    const std::size_t pushed = events.empty() ? 0 : queue_.push(events.data(), events.size());
    if (pushed > 0 && !count_in(pushed, wake)) return {.refusal = Refusal::closed};
    const BatchPublication result{.first = next_ticket_,
                                  .count = static_cast<std::int64_t>(pushed),
                                  .refusal = pushed < events.size() ? Refusal::full : Refusal::none};
    next_ticket_ += pushed;
    return result;
  }

  // How many events could be pushed now; only grows until the producer publishes. Thread: the producer's.
  [[nodiscard]] std::size_t room() const noexcept { return queue_.write_available(); }
  [[nodiscard]] bool was_closed() const noexcept { return word_.was_closed(); }

  // No event is accepted from now on; those that were will all be drained. Thread: any. Repeating it is harmless. A drainer that may
  // sleep must be woken, by `wake`, to see the end.
  template <class Wake = NoWake>
  void close(Wake&& wake = {}) {
    word_.close();
    wake();
  }

  // Calls handler(ticket, event) for up to `budget` accepted events, in order; returns how many. Thread: the drainer's.
  template <class Handler>
  std::int64_t drain(std::int64_t budget, Handler&& handler) {
    if (known_waiting() < budget) accepted_seen_ = word_.view().accepted;
    const std::int64_t count = std::min(budget, known_waiting());
    for (std::int64_t i = 0; i < count; ++i) {
      const Ticket ticket = first_ticket_ + drained_;
      const bool there = queue_.consume_one([&](const T& event) { handler(ticket, event); });
      PAWL_ASSERT(there);
      ++drained_;
    }
    return count;
  }

  // Closed, and every accepted event drained. Thread: the drainer's.
  [[nodiscard]] bool finished() const noexcept {
    const auto view = word_.view();
    return view.closed && view.accepted == drained_;
  }

  // Before the drainer sleeps: announces it to the producer. False: there is work (or the end of it), do not sleep. After sleeping,
  // or deciding not to: disarm. Thread: the drainer's.
  [[nodiscard]] bool arm() noexcept {
    const auto view = word_.arm();
    return view.accepted == drained_;
  }
  void disarm() noexcept { word_.disarm(); }

  // How many accepted events had not been drained. Thread: the drainer's.
  [[nodiscard]] std::int64_t waiting() const noexcept { return static_cast<std::int64_t>(word_.view().accepted - drained_); }

 private:
  [[nodiscard]] std::int64_t known_waiting() const noexcept { return static_cast<std::int64_t>(accepted_seen_ - drained_); }

  // A cell pushed but not accepted stays in the queue, unseen: the word does not count it. At most one publish's worth, because after
  // this the lane is known to be closed.
  template <class Wake>
  bool count_in(std::uint64_t cells, Wake& wake) {
    const auto outcome = word_.accept(cells);
    if (outcome.drainer_asleep) wake();
    return outcome.accepted;
  }

  Queue queue_;
  LaneWord<Policy> word_;
  // Of the drainer.
  alignas(limits::writer_distance_bytes) Ticket first_ticket_;
  std::uint64_t drained_ = 0;
  std::uint64_t accepted_seen_ = 0;
  // Of the producer.
  alignas(limits::writer_distance_bytes) Ticket next_ticket_;
};

}  // namespace pawl::ring
