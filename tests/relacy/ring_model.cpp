// The ring's protocol under the model checker: claim and publish with wrap, cursor and stamp, pipeline and diamond, close. Then each
// order is weakened, alone, and the checker must find it: the proof that these tests can fail.
#include <algorithm>

#include "model.hpp"

namespace {

using namespace pawl::ring;
using pawl::Sequence;
using pawl::model::Atomics;
using pawl::model::Checker;

// One edge of the protocol at a time.
struct WeakPublish : Atomics {
  static constexpr std::memory_order publish_store = std::memory_order_relaxed;
};
struct WeakPoll : Atomics {
  static constexpr std::memory_order poll_load = std::memory_order_relaxed;
};
struct WeakRelease : Atomics {
  static constexpr std::memory_order release_store = std::memory_order_relaxed;
};
struct WeakGate : Atomics {
  static constexpr std::memory_order gate_load = std::memory_order_relaxed;
};
struct WeakStampStore : Atomics {
  static constexpr std::memory_order stamp_store = std::memory_order_relaxed;
};
struct WeakStampLoad : Atomics {
  static constexpr std::memory_order stamp_load = std::memory_order_relaxed;
};

// Publishes `events` events with value sequence + 100, in batches of `batch`, then closes.
template <class Storage>
void write(Writer<Storage>& writer, Sequence events, std::int64_t batch) {
  while (writer.next() < events) {
    const Batch claimed = writer.claim(std::min(batch, events - writer.next()));
    if (claimed.empty()) {
      pawl::model::pause();
      continue;
    }
    for (Sequence s = claimed.first; s <= claimed.last; ++s) writer[s] = static_cast<int>(s) + 100;
    writer.publish(claimed.last);
  }
  writer.close();
}

// Calls handler(slot, sequence) for every event until the end of the stream.
template <class Storage, class Handler>
void read(Reader<Storage>& reader, Handler handler) {
  while (!reader.finished()) {
    const Batch batch = reader.poll(2);
    if (batch.empty()) {
      pawl::model::pause();
      continue;
    }
    for (Sequence s = batch.first; s <= batch.last; ++s) handler(reader[s], s);
    reader.release(batch.last);
  }
}

// Writer and one reader. With as many slots as events, only the forward edge is at work (publish -> poll); with fewer, slots are
// reused and the backward edge is too (release -> claim).
template <class Policy, Stamp stamp, Watch watch, Sequence slots, Sequence events, std::int64_t batch>
struct OneToOne : rl::test_suite<OneToOne<Policy, stamp, watch, slots, events, batch>, 2> {
  using Storage = Ring<int, stamp, Policy>;
  Storage storage{slots};
  Writer<Storage> writer{storage};
  Reader<Storage> reader{writer, watch};

  void before() { writer.gate_on(reader.consumed()); }

  void thread(unsigned index) {
    if (index == 0) {
      write(writer, events, batch);
    } else {
      Sequence expected = 0;
      read(reader, [&](const auto& slot, Sequence s) {
        RL_ASSERT(s == expected);
        RL_ASSERT(static_cast<int>(slot) == static_cast<int>(s) + 100);
        ++expected;
      });
      RL_ASSERT(expected == events);
    }
  }
};

template <class Policy>
using Fresh = OneToOne<Policy, Stamp::none, Watch::cursor, 4, 4, 2>;
template <class Policy>
using Reused = OneToOne<Policy, Stamp::none, Watch::cursor, 2, 5, 2>;
template <class Policy>
using ReusedStamps = OneToOne<Policy, Stamp::in_slot, Watch::stamp, 2, 5, 2>;

template <class Policy, Sequence slots, Sequence events>
struct Pipeline : rl::test_suite<Pipeline<Policy, slots, events>, 3> {
  using Storage = Ring<int, Stamp::none, Policy>;
  Storage storage{slots};
  Writer<Storage> writer{storage};
  Reader<Storage> first{writer};
  Reader<Storage> second{writer};

  void before() {
    second.after(first);
    writer.gate_on(second.consumed());
  }

  void thread(unsigned index) {
    if (index == 0) write(writer, events, 2);
    // The first stage writes its result into the slot itself; the second must see it.
    if (index == 1) read(first, [](auto& slot, Sequence) { slot = static_cast<int>(slot) * 2; });
    if (index == 2) read(second, [](const auto& slot, Sequence s) { RL_ASSERT(static_cast<int>(slot) == (static_cast<int>(s) + 100) * 2); });
  }
};

// Each side stage writes features of its own, as windows do; the last one reads all.
template <class Policy, Sequence slots, Sequence events>
struct Diamond : rl::test_suite<Diamond<Policy, slots, events>, 4> {
  using Storage = Ring<int, Stamp::none, Policy>;
  Storage storage{slots};
  Ring<int, Stamp::none, Policy> left_results{slots};
  Ring<int, Stamp::none, Policy> right_results{slots};
  Writer<Storage> writer{storage};
  Reader<Storage> left{writer};
  Reader<Storage> right{writer};
  Reader<Storage> join{writer};

  void before() {
    join.after(left);
    join.after(right);
    writer.gate_on(join.consumed());
  }

  void thread(unsigned index) {
    if (index == 0) write(writer, events, 2);
    if (index == 1) read(left, [&](const auto& slot, Sequence s) { left_results[s] = static_cast<int>(slot) + 1; });
    if (index == 2) read(right, [&](const auto& slot, Sequence s) { right_results[s] = static_cast<int>(slot) + 2; });
    if (index == 3) {
      read(join, [&](const auto& slot, Sequence s) {
        RL_ASSERT(static_cast<int>(left_results[s]) == static_cast<int>(slot) + 1);
        RL_ASSERT(static_cast<int>(right_results[s]) == static_cast<int>(slot) + 2);
      });
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  Checker check(argc, argv);
  check.holds_exhaustively<Fresh<Atomics>>("one to one, no reuse of slots");
  check.holds_exhaustively<Reused<Atomics>>("one to one, slots reused");
  check.holds_exhaustively<OneToOne<Atomics, Stamp::none, Watch::cursor, 1, 3, 1>>("one to one, a single slot");
  check.holds_exhaustively<OneToOne<Atomics, Stamp::in_slot, Watch::stamp, 4, 4, 2>>("stamp, no reuse of slots");
  check.holds_exhaustively<ReusedStamps<Atomics>>("stamp, slots reused");
  check.holds_exhaustively<OneToOne<Atomics, Stamp::in_slot, Watch::stamp, 1, 3, 1>>("stamp, a single slot");
  check.holds_exhaustively<OneToOne<Atomics, Stamp::in_slot, Watch::cursor, 2, 5, 1>>("cursor over stamped slots");
  check.holds<Pipeline<Atomics, 2, 4>>("pipeline of two stages");
  check.holds<Diamond<Atomics, 2, 3>>("diamond");

  check.breaks<Fresh<WeakPublish>>("publish relaxed");
  check.breaks<Fresh<WeakPoll>>("poll relaxed");
  check.breaks<Reused<WeakRelease>>("release relaxed");
  check.breaks<Reused<WeakGate>>("claim's look at the gates relaxed");
  check.holds<Fresh<WeakRelease>>("release relaxed does no harm while no slot is reused");
  check.holds<Fresh<WeakGate>>("gates relaxed do no harm while no slot is reused");
  check.breaks<OneToOne<WeakStampStore, Stamp::in_slot, Watch::stamp, 4, 4, 1>>("stamp stored relaxed");
  check.breaks<OneToOne<WeakStampLoad, Stamp::in_slot, Watch::stamp, 4, 4, 1>>("stamp loaded relaxed");
  check.breaks<ReusedStamps<WeakRelease>>("release relaxed, stamps");
  check.breaks<ReusedStamps<WeakGate>>("claim's look at the gates relaxed, stamps");
  check.breaks<Pipeline<WeakRelease, 4, 4>>("pipeline: the first stage's release relaxed");
  check.breaks<Pipeline<WeakPoll, 4, 4>>("pipeline: poll relaxed");
  check.breaks<Diamond<WeakRelease, 4, 3>>("diamond: releases relaxed");
  check.breaks<Diamond<WeakPoll, 4, 3>>("diamond: polls relaxed");
  return check.summary();
}
