// The lane under the model checker: acceptance, back-pressure, and closing by a third thread at any moment. The queue is a model of
// Boost's (same indices, same orders), because the checker must see its accesses; the word and the lane are the product's code.
#include "model.hpp"

namespace {

using namespace pawl::ring;
using pawl::Ticket;
using pawl::model::Atomics;
using pawl::model::Checker;

// boost::lockfree::spsc_queue's protocol: two indices, each released by its one writer and acquired by the other side.
template <class T>
class ModelQueue {
 public:
  explicit ModelQueue(std::size_t capacity) : slots_(capacity + 1), cells_(std::make_unique<pawl::model::Cell<T>[]>(slots_)) {}

  bool push(T value) {
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    const std::uint64_t next = (at + 1) % slots_;
    if (next == read_.load(std::memory_order_acquire)) return false;
    cells_[at] = value;
    written_.store(next, std::memory_order_release);
    return true;
  }

  template <class Handler>
  bool consume_one(Handler handler) {
    const std::uint64_t at = read_.load(std::memory_order_relaxed);
    if (at == written_.load(std::memory_order_acquire)) return false;
    handler(static_cast<T>(cells_[at]));
    read_.store((at + 1) % slots_, std::memory_order_release);
    return true;
  }

 private:
  std::size_t slots_;
  std::unique_ptr<pawl::model::Cell<T>[]> cells_;
  pawl::model::Atomic<std::uint64_t> written_{0};
  pawl::model::Atomic<std::uint64_t> read_{0};
};

template <class Policy>
using ModelLane = Lane<int, Policy, ModelQueue<int>>;

// A producer offers up to `events` values; a closer closes at some moment; the drainer sleeps when there is nothing. Whatever the
// order of things: what was accepted, and only that, is drained, and everybody comes to an end.
// When the drainer announces its sleep to the producer: before its second look, which is right; after it; or not at all.
enum class Arm { before_look, after_look, never };

template <class Policy, int events, std::size_t capacity, Arm arm = Arm::before_look, bool closes_early = true>
struct ClosedByAThird : rl::test_suite<ClosedByAThird<Policy, events, capacity, arm, closes_early>, 3> {
  ModelLane<Policy> lane{capacity};
  ParkSpot<Policy> spot;
  pawl::model::Futex futex;
  int accepted = 0;  // of the producer until it has ended
  int drained = 0;   // of the drainer until it has ended

  void thread(unsigned index) {
    if (index == 0) produce();
    if (index == 1) drain();
    if (index == 2) close();
  }

  void produce() {
    for (int i = 0; i < events;) {
      const Publication publication = lane.publish(i + 100, [&] { wake(spot, futex); });
      if (publication.refusal() == Refusal::closed) return;
      if (!publication) {
        pawl::model::pause();
        continue;
      }
      RL_ASSERT(publication.ticket() == static_cast<Ticket>(i + 1));
      accepted = ++i;
    }
  }

  // At a moment of the checker's choice; or, to find a sleep that nothing ends, not before everything was drained.
  void close() {
    if (!closes_early) return;
    for (unsigned turns = rl::rand(30); turns > 0; --turns) pawl::model::pause();
    lane.close([&] { wake(spot, futex); });
  }

  std::int64_t drain_some() {
    return lane.drain(2, [&](Ticket ticket, int value) {
      RL_ASSERT(ticket == static_cast<Ticket>(drained + 1));
      RL_ASSERT(value == drained + 100);
      ++drained;
    });
  }

  void drain() {
    while (!lane.finished()) {
      if (drained == events) lane.close();
      if (drain_some() > 0) continue;
      // As Loop and SpinThenPark do it.
      park_if_idle(spot, futex, [&] { return second_look(); });
      lane.disarm();
    }
  }

  std::int64_t second_look() {
    const bool nothing = arm == Arm::before_look ? lane.arm() : true;
    const std::int64_t work = drain_some();
    const bool stay_awake = work > 0 || !nothing || lane.finished();
    if (arm == Arm::after_look) static_cast<void>(lane.arm());
    return static_cast<std::int64_t>(stay_awake);
  }

  void after() { RL_ASSERT(accepted == drained); }
};

template <class Policy>
using Small = ClosedByAThird<Policy, 2, 1>;
template <class Policy>
using Larger = ClosedByAThird<Policy, 4, 2>;

template <Arm arm>
using ClosedAfter = ClosedByAThird<Atomics, 3, 2, arm, false>;

struct WeakAccept : Atomics {
  static constexpr std::memory_order lane_accept = std::memory_order_relaxed;
};
struct WeakView : Atomics {
  static constexpr std::memory_order lane_load = std::memory_order_relaxed;
};
}  // namespace

int main(int argc, char** argv) {
  Checker check(argc, argv);
  check.holds<Small<Atomics>>("two events through one cell, closed by a third thread");
  check.holds<Larger<Atomics>>("four events through two cells, closed by a third thread");
  check.holds<ClosedAfter<Arm::before_look>>("closed when all is drained: no sleep without end");
  check.breaks<Larger<WeakAccept>>("accept relaxed");
  check.breaks<Larger<WeakView>>("drainer's view relaxed");
  check.breaks<ClosedAfter<Arm::after_look>>("armed after the second look");
  check.breaks<ClosedAfter<Arm::never>>("not armed");
  return check.summary();
}
