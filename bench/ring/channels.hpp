// Our ring between threads, with the interface a user of it would take: a writer, stages behind readers, a graph that wires them.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "pawl/core/ring/graph.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/core/ring/stage.hpp"
#include "ring/event.hpp"
#include "ring/waiting.hpp"

namespace pawl::bench {

// Slots of a type. Without a stamp a slot of 64 bytes is exactly one line.
template <std::size_t bytes>
class TypedSlots {
 public:
  static constexpr std::size_t event_bytes = bytes;
  using Storage = ring::Ring<Event<bytes>>;

  explicit TypedSlots(std::int64_t slots) : storage(slots) {}
  static void fill(Event<bytes>& slot, std::uint64_t value) { fill_slot(slot, value); }
  static void add(Tally& tally, const Event<bytes>& slot, std::uint64_t value) { tally.add(slot, value); }

  Storage storage;
};

// Slots whose size is known at run time, with the stamp in place of the event's first word.
template <std::size_t bytes>
class ByteSlots {
  std::unique_ptr<Event<bytes>[]> memory_;

 public:
  static constexpr std::size_t event_bytes = bytes;
  using Storage = ring::ByteRing;

  explicit ByteSlots(std::int64_t slots)
      : memory_(std::make_unique<Event<bytes>[]>(static_cast<std::size_t>(slots))),
        storage(std::as_writable_bytes(std::span(memory_.get(), static_cast<std::size_t>(slots))), bytes) {}
  static void fill(ring::ByteSlot slot, std::uint64_t value) { fill_body<bytes>(slot.body(), value); }
  static void add(Tally& tally, ring::ByteSlot slot, std::uint64_t value) { tally.add_stamped<bytes>(slot.data(), value); }

  Storage storage;
};

// Events 0 .. total - 1, and the end.
template <class Slots, class Idle>
void write_all(ring::Writer<typename Slots::Storage>& writer, std::int64_t total, std::int64_t batch, Idle idle) {
  const auto look_again = [&] {
    const std::int64_t free = writer.claim(1).size();
    writer.give_back();
    return free;
  };
  while (writer.next() < total) {
    const ring::Batch claimed = writer.claim(std::min(batch, total - writer.next()));
    if (!claimed.empty()) {
      for (Sequence s = claimed.first; s <= claimed.last; ++s) Slots::fill(writer[s], static_cast<std::uint64_t>(s));
      writer.publish(claimed.last);
    }
    idle.after_round(claimed.size(), look_again);
  }
  writer.close();
  idle.after_round(1, look_again);  // whoever sleeps sees the end
}

// A stage's thread.
template <class Stage, class Idle>
void run_to_end(Stage& stage, std::int64_t budget, Idle idle) {
  ring::Loop loop(budget, stage);
  loop.run(ring::StopFlag(), idle);
  idle.after_round(1, [] { return std::int64_t{0}; });  // whoever sleeps sees the end
}

// A reader that checks all of every event. The tally of a batch is a local: as a member it would be written to memory with every word, which
// may be one of the event's for all the compiler knows.
template <class Slots>
class CheckingStage {
 public:
  explicit CheckingStage(ring::Reader<typename Slots::Storage>& reader) : reader_(reader) {}

  std::int64_t poll(std::int64_t budget) {
    const ring::Batch batch = reader_.poll(budget);
    if (batch.empty()) return 0;
    Tally tally = tally_;
    reader_.for_each(batch, [&tally](auto&& slot, Sequence s) { Slots::add(tally, slot, static_cast<std::uint64_t>(s)); });
    tally_ = tally;
    reader_.release(batch.last);
    return batch.size();
  }
  [[nodiscard]] bool finished() const noexcept { return reader_.finished(); }
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }

 private:
  ring::Reader<typename Slots::Storage>& reader_;
  Tally tally_;
};

//   one_to_one   w -> a          diamond   w -+-> a -+-> c          pipeline   w -> a -> b -> c
//                                             +-> b -+
//
// Every reader reads every word of every event.
enum class Topology { one_to_one, diamond, pipeline };

template <class Slots>
class Network {
  using Storage = typename Slots::Storage;
  using Reader = ring::Reader<Storage>;

 public:
  Network(Topology topology, std::int64_t slots, Batches batches) : slots_(slots), batches_(batches) {
    Reader& a = add(graph_.reader());
    if (topology == Topology::diamond) {
      Reader& b = add(graph_.reader());
      add(graph_.reader_after(a, b));
    } else if (topology == Topology::pipeline) {
      Reader& b = add(graph_.reader_after(a));
      add(graph_.reader_after(b));
    }
    graph_.seal();
  }

  [[nodiscard]] std::size_t thread_count() const noexcept { return 1 + readers_.size(); }
  // What each thread does, in data-path order; `waits` outlives them.
  template <class Waits>
  std::vector<std::function<void()>> threads(std::int64_t total, Waits& waits) {
    std::vector<std::function<void()>> bodies{[this, total, &waits] { write_all<Slots>(graph_.writer(), total, batches_.write, waits.of(0)); }};
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      bodies.push_back([this, i, &waits] { read(*readers_[i], tallies_[i], waits.of(i + 1)); });
    }
    return bodies;
  }

  // Once the threads have ended.
  [[nodiscard]] bool right(std::int64_t total) const {
    return std::all_of(tallies_.begin(), tallies_.end(), [&](const Tally& tally) { return tally.holds(0, total, Event<Slots::event_bytes>::word_count); });
  }

 private:
  Reader& add(Reader& reader) {
    readers_.push_back(&reader);
    tallies_.emplace_back();
    return reader;
  }

  template <class Idle>
  void read(Reader& reader, Tally& result, Idle idle) {
    CheckingStage<Slots> stage(reader);
    if (batches_.gather > 0) run_to_end(stage, batches_.read, Gathering<Idle>(batches_.gather, std::move(idle)));
    else run_to_end(stage, batches_.read, std::move(idle));
    result = stage.tally();
  }

  Slots slots_;
  Batches batches_;
  ring::Graph<Storage> graph_{slots_.storage};
  std::vector<Reader*> readers_;
  std::vector<Tally> tallies_;
};

}  // namespace pawl::bench
