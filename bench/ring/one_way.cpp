#include "ring/one_way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/latency_rows.hpp"
#include "harness/runs.hpp"
#include "machine/yardsticks.hpp"
#include "ring/latency.hpp"
#include "ring/queues.hpp"

namespace pawl::bench {
namespace {

struct Way {
  const char* name;
  bool peer;
  double (*idle)(std::int64_t round_trips);
  Histogram (*at_rate)(const Pace& pace);
};

template <class Direction, class Waits>
Way way(const char* name, bool peer) { return {name, peer, &one_way_ns<Direction, Waits>, &one_way_at_rate<Direction, Waits>}; }

template <class Direction>
Way ours(const char* name, Wait wait) {
  switch (wait) {
    case Wait::spin: return way<Direction, Spinning>(name, false);
    case Wait::yield: return way<Direction, Yielding>(name, false);
    case Wait::park: return way<Direction, ParkingAtOnce>(name, false);
    default: return way<Direction, Busy>(name, false);
  }
}

// A peer's queue has nothing to park on: it yields.
template <template <class> class Queue>
Way peer(const char* name, Wait wait) {
  using Direction = QueueDirection<Queue<std::uint64_t>>;
  switch (wait) {
    case Wait::spin: return way<Direction, Spinning>(name, true);
    case Wait::yield:
    case Wait::park: return way<Direction, Yielding>(name, true);
    default: return way<Direction, Busy>(name, true);
  }
}

std::vector<Way> ways(const OneWayLoad& load) {
  std::vector<Way> all{ours<RingDirection<ring::Watch::stamp>>("pawl Ring, watching the stamp", load.wait),
                       ours<RingDirection<ring::Watch::cursor>>("pawl Ring, watching the cursor", load.wait)};
  if (!load.peers) return all;
  all.push_back(peer<BoostSpsc>("boost spsc_queue", load.wait));
  all.push_back(peer<MoodycamelSpsc>("moodycamel ReaderWriterQueue", load.wait));
  all.push_back(peer<MoodycamelMpmc>("moodycamel ConcurrentQueue, tokens", load.wait));
  all.push_back(peer<TbbBounded>("TBB concurrent_bounded_queue", load.wait));
  return all;
}

constexpr const char* line = "L: ping-pong of one cache line";

}  // namespace

void measure_idle(const OneWayLoad& load, Outcome& outcome) {
  std::vector<Contender> contenders;
  const auto add = [&](const Way& way, const char* base) {
    contenders.push_back({{.group = "one way, idle", .name = way.name, .unit = "ns", .higher_is_better = false, .base = base, .base_label = base[0] == '\0' ? "" : "L", .peer = way.peer},
                          [=] { return way.idle(load.round_trips); }});
  };
  add(ours<LineDirection>(line, Wait::automatic), "");
  for (const Way& way : ways(load)) add(way, line);
  run_interleaved(std::move(contenders), load.runs, outcome);
}

void measure_at_rate(const OneWayLoad& load, const Pace& pace, Outcome& outcome) {
  const std::string group = fmt::format("open loop at {:.0f} events/s", pace.rate);
  const std::vector<Way> all = ways(load);
  std::vector<LatencyRows> rows;
  for (const Way& way : all) rows.emplace_back(group, way.name, pace.rate, false);
  LatencyRows noise(group, "N: a loop that does nothing else", pace.rate, true);
  for (Rounds rounds(group, load.runs, outcome); rounds.next();) {
    noise.add(noise_floor(pace.rate, pace.seconds));
    for (std::size_t i = 0; i < all.size(); ++i) rows[i].add(all[i].at_rate(pace));
  }
  for (std::size_t i = 0; i < all.size(); ++i) rows[i].append_to(outcome, "N: a loop that does nothing else", "N");
  noise.append_to(outcome);
}

void measure_sweep(const OneWayLoad& load, const PaceOptions& options, Outcome& outcome) {
  const std::vector<Way> all = ways(load);
  std::vector<SweepRows> rows;
  for (const Way& way : all) rows.emplace_back(way.name);
  const int runs = std::min(load.runs, 3);
  for (Rounds rounds("sweep", runs, outcome); rounds.next();) {
    for (const double rate : options.sweep) {
      for (std::size_t i = 0; i < all.size(); ++i) rows[i].add(rate, all[i].at_rate(options.swept(rate)));
    }
  }
  for (const SweepRows& row : rows) row.append_to(outcome);
}

}  // namespace pawl::bench
