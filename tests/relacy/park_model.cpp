// Parking under the model checker: a reader that sleeps whenever its ring is empty, a writer that sleeps whenever it is full, and each
// wakes the other. A lost wake-up is a deadlock, which the checker reports.
#include "model.hpp"

namespace {

using namespace pawl::ring;
using pawl::Sequence;
using pawl::model::Atomics;
using pawl::model::Checker;

template <class Policy, Sequence slots, Sequence events, class Spot>
struct SleepingPair : rl::test_suite<SleepingPair<Policy, slots, events, Spot>, 2> {
  using Storage = Ring<int, Stamp::none, Policy>;
  Storage storage{slots};
  Writer<Storage> writer{storage};
  Reader<Storage> reader{writer};
  Spot writers_spot;
  Spot readers_spot;
  pawl::model::Futex futex;

  void before() { writer.gate_on(reader.consumed()); }

  void thread(unsigned index) {
    if (index == 0) {
      while (writer.next() < events) {
        if (write_one() == 0) park_if_idle(writers_spot, futex, [&] { return write_one(); });
        wake(readers_spot, futex);
      }
    } else {
      while (reader.next() < events) {
        if (read_some() == 0) park_if_idle(readers_spot, futex, [&] { return read_some(); });
        wake(writers_spot, futex);
      }
    }
  }

  std::int64_t write_one() {
    const Batch one = writer.claim(1);
    if (one.empty()) return 0;
    writer[one.first] = static_cast<int>(one.first) + 100;
    writer.publish(one.first);
    return 1;
  }

  std::int64_t read_some() {
    const Batch batch = reader.poll(slots);
    if (batch.empty()) return 0;
    for (Sequence s = batch.first; s <= batch.last; ++s) RL_ASSERT(static_cast<int>(reader[s]) == static_cast<int>(s) + 100);
    reader.release(batch.last);
    return batch.size();
  }
};

template <class Policy>
using OneSlot = SleepingPair<Policy, 1, 3, ParkSpot<Policy>>;
template <class Policy>
using TwoSlots = SleepingPair<Policy, 2, 5, ParkSpot<Policy>>;

struct WeakPrepare : Atomics {
  static constexpr std::memory_order park_prepare = std::memory_order_relaxed;
};
struct WeakWake : Atomics {
  static constexpr std::memory_order park_wake = std::memory_order_relaxed;
};

// The mistakes of other parking protocols.
struct CancelByStore : ParkSpot<Atomics> {
  void cancel() { word().store(awake, std::memory_order_relaxed); }
};
struct PrepareByStore : ParkSpot<Atomics> {
  void prepare() { word().store(parked, std::memory_order_release); }
};
struct WakeLooksFirst : ParkSpot<Atomics> {
  bool wake_needed() {
    return word().load(std::memory_order_acquire) == parked && ParkSpot<Atomics>::wake_needed();
  }
};

}  // namespace

int main(int argc, char** argv) {
  Checker check(argc, argv);
  check.holds_exhaustively<OneSlot<Atomics>>("two sleepers over one slot");
  check.holds<TwoSlots<Atomics>>("two sleepers over two slots");
  check.breaks<OneSlot<WeakPrepare>>("prepare relaxed");
  check.breaks<OneSlot<WeakWake>>("wake relaxed");
  check.breaks<SleepingPair<Atomics, 1, 3, CancelByStore>>("cancel by a plain store");
  check.breaks<SleepingPair<Atomics, 1, 3, PrepareByStore>>("prepare by a plain store");
  check.breaks<SleepingPair<Atomics, 1, 3, WakeLooksFirst>>("wake that looks before it exchanges");
  return check.summary();
}
