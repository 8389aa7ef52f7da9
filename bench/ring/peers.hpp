// The channels that are compared, one to one, each with the interface a user of it would take. write(total) sends events 0 .. total-1,
// read(total) receives as many and returns the sum of all their words. Events are 64 bytes; every word is written and read.
#pragma once

#include <algorithm>
#include <array>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <thread>

#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/wait.hpp"
#include "pawl/core/ring/writer.hpp"

namespace pawl::bench {

struct alignas(64) Event {
  std::array<std::uint64_t, 8> words;
};

// Straight into a slot: with the widest stores that the target has. Of eight single words only a few events fit into a core's store
// queue, and that, not the ring, would be measured (by a factor of two to four on the machine this was written on).
using Words [[gnu::vector_size(sizeof(Event))]] = std::uint64_t;

inline void fill_slot(Event& slot, Sequence sequence) {
  const Words words = Words{0, 1, 2, 3, 4, 5, 6, 7} + static_cast<std::uint64_t>(sequence);
  std::memcpy(&slot, &words, sizeof words);
}

// The same event without its first word, in whose place a ByteRing has the stamp.
inline void fill_body(std::span<std::byte> body, Sequence sequence) {
  const Words words = Words{1, 2, 3, 4, 5, 6, 7, 0} + static_cast<std::uint64_t>(sequence);
  std::memcpy(body.data(), &words, sizeof(Event) - ring::ByteSlot::stamp_bytes);
}

// Into a local event that is then copied: word by word, which is the faster way for Boost's queue. Each contender at its best.
inline void fill_local(Event& event, Sequence sequence) {
  for (std::size_t i = 0; i < event.words.size(); ++i) event.words[i] = static_cast<std::uint64_t>(sequence) + i;
}

inline std::uint64_t sum(const Event& event) {
  std::uint64_t total = 0;
  for (const std::uint64_t word : event.words) total += word;
  return total;
}

// What read must return for `total` events: 8 s + 28 each.
inline std::uint64_t expected_sum(std::int64_t total) {
  const auto n = static_cast<std::uint64_t>(total);
  return 8 * (n / 2 * (n - 1) + (n % 2) * ((n - 1) / 2)) + 28 * n;
}

struct Batches {
  std::int64_t write;       // events per claim and publish, or per push
  std::int64_t read;        // at most so many per poll, or per pop
  std::int64_t gather = 0;  // after a poll of fewer events the reader lets more gather (ring::Gather); 0: it does not
};

// A wait that also makes progress when both threads share one CPU.
struct Waiter {
  void operator()() {
    if (++spins % 4096 == 0) std::this_thread::yield();
    ring::cpu_relax();
  }
  std::uint32_t spins = 0;
};

// Ours. Stamped slots hold 64 bytes of event and 8 of stamp, on two lines; unstamped ones are exactly one line.
template <ring::Stamp stamp>
class PawlRing {
 public:
  PawlRing(std::int64_t slots, Batches batches) : storage_(slots), batches_(batches) {
    writer_.gate_on(reader_.consumed());
  }

  void write(std::int64_t total) {
    Waiter wait;
    while (writer_.next() < total) {
      const ring::Batch claimed = writer_.claim(std::min(batches_.write, total - writer_.next()));
      if (claimed.empty()) {
        wait();
        continue;
      }
      for (Sequence s = claimed.first; s <= claimed.last; ++s) fill_slot(writer_[s], s);
      writer_.publish(claimed.last);
    }
  }

  std::uint64_t read(std::int64_t total) {
    Waiter wait;
    ring::Gather gather(batches_.gather);
    std::uint64_t words = 0;
    while (reader_.next() < total) {
      const ring::Batch batch = reader_.poll(batches_.read);
      if (batch.empty()) {
        wait();
        continue;
      }
      reader_.for_each(batch, [&](const Event& event, Sequence) { words += sum(event); });
      reader_.release(batch.last);
      gather.after_round(batch.size(), nullptr);
    }
    return words;
  }

 private:
  using Storage = ring::Ring<Event, stamp>;
  Storage storage_;
  ring::Writer<Storage> writer_{storage_};
  ring::Reader<Storage> reader_{writer_};
  Batches batches_;
};

// Ours, with slots whose size is known at run time: 64 bytes with the stamp, which is the event's first word (sequence + 1).
class PawlByteRing {
 public:
  PawlByteRing(std::int64_t slots, Batches batches)
      : memory_(std::make_unique<Event[]>(static_cast<std::size_t>(slots))),
        storage_(std::as_writable_bytes(std::span(memory_.get(), static_cast<std::size_t>(slots))), sizeof(Event)),
        batches_(batches) {
    writer_.gate_on(reader_.consumed());
  }

  void write(std::int64_t total) {
    Waiter wait;
    while (writer_.next() < total) {
      const ring::Batch claimed = writer_.claim(std::min(batches_.write, total - writer_.next()));
      if (claimed.empty()) {
        wait();
        continue;
      }
      for (Sequence s = claimed.first; s <= claimed.last; ++s) fill_body(writer_[s].body(), s);
      writer_.publish(claimed.last);
    }
  }

  std::uint64_t read(std::int64_t total) {
    Waiter wait;
    ring::Gather gather(batches_.gather);
    std::uint64_t words = 0;
    while (reader_.next() < total) {
      const ring::Batch batch = reader_.poll(batches_.read);
      if (batch.empty()) {
        wait();
        continue;
      }
      reader_.for_each(batch, [&](ring::ByteSlot slot, Sequence) {
        Event event;
        std::memcpy(&event, slot.data(), sizeof event);
        words += sum(event) - 1;  // the stamp is one more than the word it stands for
      });
      reader_.release(batch.last);
      gather.after_round(batch.size(), nullptr);
    }
    return words;
  }

 private:
  std::unique_ptr<Event[]> memory_;
  ring::ByteRing storage_;
  ring::Writer<ring::ByteRing> writer_{storage_};
  ring::Reader<ring::ByteRing> reader_{writer_};
  Batches batches_;
};

// boost::lockfree::spsc_queue, one event per call.
class BoostSingle {
 public:
  BoostSingle(std::int64_t slots, Batches) : queue_(static_cast<std::size_t>(slots)) {}

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
  boost::lockfree::spsc_queue<Event> queue_;
};

// boost::lockfree::spsc_queue, arrays of events per call.
class BoostBatch {
 public:
  static constexpr std::size_t batch_max = 256;

  BoostBatch(std::int64_t slots, Batches batches) : queue_(static_cast<std::size_t>(slots)), batches_(batches) {}

  void write(std::int64_t total) {
    Waiter wait;
    std::array<Event, batch_max> events;
    for (Sequence next = 0; next < total;) {
      const auto count = static_cast<std::size_t>(std::min(batches_.write, total - next));
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
      const std::size_t popped = queue_.pop(events.data(), static_cast<std::size_t>(batches_.read));
      if (popped == 0) wait();
      for (std::size_t i = 0; i < popped; ++i) words += sum(events[i]);
      received += static_cast<std::int64_t>(popped);
    }
    return words;
  }

 private:
  boost::lockfree::spsc_queue<Event> queue_;
  Batches batches_;
};

}  // namespace pawl::bench
