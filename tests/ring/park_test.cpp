// Parking on real threads and real futexes: bursts with pauses between them, so that both sides fall asleep again and again. A lost wake-up
// would hang here (tests/relacy proves the protocol; this runs the whole of it).
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <thread>

#include "pawl/core/ring/graph.hpp"
#include "pawl/core/ring/lane.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/core/ring/ring.hpp"
#include "pawl/io/parker.hpp"

namespace {

using namespace pawl::ring;
using pawl::Sequence;
using pawl::Ticket;
using Storage = Ring<std::int64_t>;
using Parked = SpinThenPark<StdAtomics, pawl::io::FutexParker>;

// Drains a lane into a ring: a sequencer without an engine.
struct Sequencer {
  Lane<std::int64_t>& lane;
  Writer<Storage>& writer;
  bool closed = false;

  std::int64_t poll(std::int64_t budget) {
    const std::int64_t waiting = std::min(budget, lane.waiting());
    const Batch claimed = waiting > 0 ? writer.claim(waiting) : Batch{};
    Sequence next = claimed.first;
    if (!claimed.empty()) {
      lane.drain(claimed.size(), [&](Ticket, std::int64_t value) { writer[next++] = value; });
      writer.publish(claimed.last);
    }
    if (!closed && lane.finished()) {
      writer.close();
      closed = true;
    }
    return claimed.size();
  }
  [[nodiscard]] bool finished() const { return closed; }
  [[nodiscard]] bool arm() { return lane.arm(); }
  void disarm() { lane.disarm(); }
};

}  // namespace

TEST_CASE("lane, sequencer and handler, each thread parked whenever it is idle: nothing is lost, everybody ends") {
  Storage storage(16);
  Graph graph(storage);
  auto& reader = graph.reader();
  graph.seal();
  Lane<std::int64_t> lane(8);
  pawl::io::FutexParker parker;
  std::array<ParkSpot<>, 2> spots;
  const StopFlag stop;
  std::int64_t sum = 0;

  std::thread sequencing([&] {
    Sequencer sequencer{lane, graph.writer()};
    Parked idle(spots[0], parker, 3);
    idle.wakes(spots[1]);
    Loop loop(8, sequencer);
    loop.run(stop, idle);
    wake(spots[1], parker);  // for the end of the stream
  });
  std::thread handling([&] {
    HandlerStage stage(reader, [&](std::int64_t value, Sequence) { sum += value; });
    Parked idle(spots[1], parker, 3);
    idle.wakes(spots[0]);
    Loop loop(8, stage);
    loop.run(stop, idle);
  });

  const auto wake_sequencer = [&] { wake(spots[0], parker); };
  constexpr std::int64_t events = 3000;
  for (std::int64_t i = 1; i <= events; ++i) {
    const auto wait = [] { std::this_thread::yield(); return true; };
    REQUIRE(publish_patiently([&] { return lane.publish(i, wake_sequencer); }, wait).accepted());
    if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  lane.close(wake_sequencer);
  sequencing.join();
  handling.join();
  CHECK(sum == events * (events + 1) / 2);
}
