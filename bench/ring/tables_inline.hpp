// The bodies of tables.hpp, for the files that instantiate them.
#pragma once

#include <fmt/format.h>

#include "harness/fail.hpp"
#include "ring/lanes.hpp"
#include "ring/queues.hpp"
#include "ring/tables.hpp"

namespace pawl::bench {

// Million events a second of one run of `network`, from its first thread's start to its last one's end.
template <class Waits, class Network>
double run_network(Network& network, std::int64_t events) {
  Waits waits(network.thread_count());
  const double ns = run_together(network.threads(events, waits));
  if (!network.right(events)) fail("a channel of the ring benchmark delivered wrong events, or in a wrong order");
  return static_cast<double>(events) * 1e3 / ns;
}

class Table {
 public:
  Table(std::string group, const RingLoad& load) : group_(std::move(group)), load_(load) {}

  // Start: what the network is made of before the slots: a topology, or a number of producers.
  template <class Network, class Start>
  void ours(const char* name, Start start, Batches batches) {
    add(name, false, [start, batches, load = load_] {
      Network network(start, load.slots, batches);
      if (load.wait == Wait::spin) return run_network<Spinning>(network, load.events);
      if (load.wait == Wait::park) return run_network<Parking>(network, load.events);
      return run_network<Yielding>(network, load.events);
    });
  }
  // A peer's queue has nothing to park on: it yields.
  template <class Network, class Start>
  void peer(const char* name, Start start) {
    if (!load_.peers) return;
    add(name, true, [start, load = load_] {
      Network network(start, load.slots, Batches{});
      return load.wait == Wait::spin ? run_network<Spinning>(network, load.events) : run_network<Yielding>(network, load.events);
    });
  }
  std::vector<Contender> take() { return std::move(contenders_); }

 private:
  void add(const char* name, bool peer, std::function<double()> measure) {
    contenders_.push_back({{.group = group_, .name = name, .unit = "M events/s", .peer = peer}, std::move(measure)});
  }

  std::string group_;
  RingLoad load_;
  std::vector<Contender> contenders_;
};

template <std::size_t bytes>
std::string slots_text(const RingLoad& load) { return fmt::format("{} slots of {} bytes", load.slots, bytes); }

// What a reader takes at most: beyond an eighth of the ring it would hold up the writer.
inline std::int64_t many_of(const RingLoad& load) { return std::min<std::int64_t>(load.slots / 8, 256); }

template <std::size_t bytes>
std::vector<Contender> Tables<bytes>::one_by_one(const RingLoad& load) {
  constexpr auto pair = Topology::one_to_one;
  Table table(fmt::format("ring, 1 to 1, one by one, {}", slots_text<bytes>(load)), load);
  table.ours<Network<TypedSlots<bytes>>>("pawl Ring, publish 1, poll 1", pair, Batches{1, 1});
  table.ours<Network<TypedSlots<bytes>>>("pawl Ring, publish 1, poll gathered", pair, Batches{1, many_of(load), 64});
  if constexpr (bytes % 64 == 0) table.ours<Network<ByteSlots<bytes>>>("pawl ByteRing (stamp is word 0), publish 1, poll gathered", pair, Batches{1, many_of(load), 64});
  table.peer<QueueNetwork<BoostSpsc, bytes, 1>>("boost spsc_queue", pair);
  table.peer<QueueNetwork<MoodycamelSpsc, bytes, 1>>("moodycamel ReaderWriterQueue", pair);
  table.peer<QueueNetwork<MoodycamelMpmc, bytes, 1>>("moodycamel ConcurrentQueue, tokens", pair);
  table.peer<QueueNetwork<TbbBounded, bytes, 1>>("TBB concurrent_bounded_queue", pair);
  return table.take();
}

template <std::size_t bytes>
std::vector<Contender> Tables<bytes>::in_batches(const RingLoad& load) {
  constexpr auto pair = Topology::one_to_one;
  Table table(fmt::format("ring, 1 to 1, batches of 16, {}", slots_text<bytes>(load)), load);
  table.ours<Network<TypedSlots<bytes>>>("pawl Ring, publish 16, poll 16", pair, Batches{16, 16});
  table.ours<Network<TypedSlots<bytes>>>("pawl Ring, publish 16, poll gathered", pair, Batches{16, many_of(load), 64});
  if constexpr (bytes % 64 == 0) table.ours<Network<ByteSlots<bytes>>>("pawl ByteRing (stamp is word 0), publish 16, poll gathered", pair, Batches{16, many_of(load), 64});
  table.peer<QueueNetwork<BoostSpsc, bytes, 16>>("boost spsc_queue, arrays of 16", pair);
  table.peer<QueueNetwork<MoodycamelMpmc, bytes, 16>>("moodycamel ConcurrentQueue, bulk of 16, tokens", pair);
  return table.take();
}

template <std::size_t bytes>
std::vector<Contender> Tables<bytes>::three_readers(Topology topology, const RingLoad& load) {
  Table table(fmt::format("ring, {}, {}", topology == Topology::diamond ? "diamond" : "pipeline of 3", slots_text<bytes>(load)), load);
  table.ours<Network<TypedSlots<bytes>>>("pawl Ring, publish 1, poll many", topology, Batches{1, many_of(load)});
  table.ours<Network<TypedSlots<bytes>>>("pawl Ring, publish 16, poll many", topology, Batches{16, many_of(load)});
  table.peer<QueueNetwork<BoostSpsc, bytes, 1>>("boost spsc_queue on each edge", topology);
  table.peer<QueueNetwork<BoostSpsc, bytes, 16>>("boost spsc_queue on each edge, arrays of 16", topology);
  table.peer<QueueNetwork<MoodycamelSpsc, bytes, 1>>("moodycamel ReaderWriterQueue on each edge", topology);
  return table.take();
}

template <std::size_t bytes>
std::vector<Contender> Tables<bytes>::many_to_one(const RingLoad& load) {
  Table table(fmt::format("ring, {} to 1, {}", load.producers, slots_text<bytes>(load)), load);
  table.ours<LaneNetwork<bytes>>("pawl lanes, sequencer, Ring, publish 1", load.producers, Batches{1, many_of(load)});
  table.ours<LaneNetwork<bytes>>("pawl lanes, sequencer, Ring, publish 16", load.producers, Batches{16, many_of(load)});
  table.peer<ManyToOne<MoodycamelMany, bytes, 1>>("moodycamel ConcurrentQueue, tokens", load.producers);
  table.peer<ManyToOne<MoodycamelMany, bytes, 16>>("moodycamel ConcurrentQueue, bulk of 16, tokens", load.producers);
  table.peer<ManyToOne<TbbMany, bytes, 1>>("TBB concurrent_bounded_queue", load.producers);
  return table.take();
}

}  // namespace pawl::bench
