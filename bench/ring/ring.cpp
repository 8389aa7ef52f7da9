// pawl-bench ring: events from thread to thread, all their words written and summed, ours beside the peers; in four shapes:
//
//   1 to 1        [writer, CPU a] ==> channel of N slots ==> [reader, CPU b]          one by one, and in batches
//   diamond       w -+-> a -+-> c     pipeline of 3   w -> a -> b -> c                every reader reads all of every event
//                    +-> b -+
//   n to 1        producers with a lane each, a sequencer, a reader
//
// Then the one-way latency of an idle channel beside L, the ping-pong of one cache line, and in an open loop at a rate.
#include "ring/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/pin.hpp"
#include "harness/runs.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/storage.hpp"
#include "peers/choice.hpp"
#include "peers/external.hpp"
#include "ring/one_way.hpp"

namespace pawl::bench {
namespace {

const std::map<std::string, Topology> topology_words{{"pair", Topology::one_to_one}, {"diamond", Topology::diamond}, {"pipeline", Topology::pipeline}};

struct Options : Common {
  std::int64_t events = 5'000'000;
  // 512 KiB, 4 MiB and 64 MiB: half an L2, beyond the L2s, beyond an L3. The larger, the fewer of the lines that the writer wants back lie
  // in the reader's caches; between two cores that do not share an L3 that decides.
  std::vector<std::int64_t> slots{8192, 65'536, 1'048'576};
  std::size_t payload_bytes = 64;
  std::vector<Topology> topologies{Topology::one_to_one, Topology::diamond, Topology::pipeline};
  std::size_t producers = 1;
  Wait wait = Wait::automatic;
  PaceOptions pace{.pace = {.seconds = 0.3}};
  bool no_latency = false;
  Peers peers = Peers::none;
};

// What spins for ever hands its CPU over at the end of a time slice alone: thousands of times slower, and it says nothing of the ring.
bool may_run(const Options& options, const std::string& what, std::size_t threads, Outcome& outcome) {
  const std::size_t cpus = measuring_cpus().size();
  if (threads <= cpus) return true;
  const std::string crowd = fmt::format("{}: {} threads on {} CPU{}", what, threads, cpus, cpus == 1 ? "" : "s");
  const bool runs = options.wait != Wait::spin;
  const std::string note = runs ? crowd + ": they take turns, and the scheduler is measured too." : "Not run: " + crowd + " that never leave it; take --wait yield or park.";
  if (std::find(outcome.notes.begin(), outcome.notes.end(), note) == outcome.notes.end()) outcome.notes.push_back(note);
  return runs;
}

template <std::size_t bytes>
std::vector<Contender> contenders(const Options& options, Outcome& outcome) {
  std::vector<Contender> all;
  const auto add = [&](std::vector<Contender> more) { std::move(more.begin(), more.end(), std::back_inserter(all)); };
  RingLoad load{.events = options.events, .wait = options.wait, .peers = options.peers != Peers::none, .producers = options.producers};
  for (const std::int64_t slots : options.slots) {
    load.slots = slots;
    for (const Topology topology : options.topologies) {
      if (topology != Topology::one_to_one) {
        if (may_run(options, "Diamond and pipeline", 4, outcome)) add(Tables<bytes>::three_readers(topology, load));
      } else if (may_run(options, "1 to 1", 2, outcome)) {
        add(Tables<bytes>::one_by_one(load));
        add(Tables<bytes>::in_batches(load));
      }
    }
    if (options.producers > 1 && may_run(options, fmt::format("{} to 1", options.producers), options.producers + 2, outcome)) add(Tables<bytes>::many_to_one(load));
  }
  return all;
}

std::vector<Contender> contenders_of(const Options& options, Outcome& outcome) {
  switch (options.payload_bytes) {
    case 16: return contenders<16>(options, outcome);
    case 64: return contenders<64>(options, outcome);
    default: return contenders<256>(options, outcome);
  }
}

void measure_one_way(const Options& options, Outcome& outcome) {
  const OneWayLoad load{.round_trips = std::clamp<std::int64_t>(options.events / 100, 200, 50'000), .runs = options.runs, .wait = options.wait, .peers = options.peers != Peers::none};
  if (!may_run(options, "One way", 2, outcome)) return;
  measure_idle(load, outcome);
  if (options.pace.pace.rate > 0) measure_at_rate(load, options.pace.pace, outcome);
  if (!options.pace.sweep.empty()) measure_sweep(load, options.pace, outcome);
}

void measure(const Options& options, Outcome& outcome) {
  for (const std::int64_t slots : options.slots) {
    if (!ring::is_power_of_two(slots) || slots < 64) fail("--slots takes powers of two from 64");
  }
  ExternalPeers external("ring", options.peers,
                         fmt::format("--events {} --payload {} --slots {}", std::max<std::int64_t>(options.events / 2, 1), options.payload_bytes, fmt::join(options.slots, ",")), "");
  run_interleaved(contenders_of(options, outcome), options.runs, outcome, [&] { external.run_once(); });
  external.append_to(outcome);
  compare_with_best_peer(outcome);
  if (!options.no_latency) measure_one_way(options, outcome);
  if (outcome.series.empty()) fail("ring: nothing was left to run: " + (outcome.notes.empty() ? "no topology and no latency was asked for" : outcome.notes.front()));
  if (options.peers != Peers::none) outcome.notes.push_back(native_versions() + (options.wait == Wait::park ? " They have nothing to park on: they yield." : ""));
}

}  // namespace

void add_ring(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("ring", "Events from thread to thread, and the latency of that, idle and at a rate");
  command.add_option("--events", options->events, "Of each run")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32))->capture_default_str();
  command.add_option("--slots", options->slots, "Sizes of the ring, powers of two")->delimiter(',');
  command.add_option("--payload", options->payload_bytes, "Bytes of an event: 16, 64 or 256")->check(CLI::IsMember({16, 64, 256}))->capture_default_str();
  command.add_option("--topologies", options->topologies, "pair, diamond, pipeline")->delimiter(',')->transform(CLI::CheckedTransformer(topology_words));
  command.add_option("--producers", options->producers, "Also so many producers, through lanes, to one reader")->check(CLI::Range(1, static_cast<int>(limits::barrier_cursors_max) - 2));
  command.add_option("--wait", options->wait, "What a thread does that can't go on: spin, yield after some spins, park in the kernel after some; without it yield for throughput and a busy loop for latency")
      ->transform(CLI::CheckedTransformer(wait_words));
  add_pace_options(command, options->pace);
  command.add_flag("--no-latency", options->no_latency, "Throughput alone");
  add_peers_option(command, options->peers);
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
