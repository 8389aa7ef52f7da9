// pawl-bench ring: one writer to one reader, 64-byte events with all eight words summed, ours beside the peers.
//
//   [writer, CPU a] ==> channel of N slots ==> [reader, CPU b]
//
// Then the one-way latency of an idle channel, beside L, the ping-pong of one cache line.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "commands.hpp"
#include "harness/fail.hpp"
#include "harness/pin.hpp"
#include "harness/runs.hpp"
#include "harness/statistics.hpp"
#include "pawl/core/ring/storage.hpp"
#include "peers/choice.hpp"
#include "peers/external.hpp"
#include "ring/channels.hpp"
#include "ring/latency.hpp"
#include "ring/queues.hpp"

namespace pawl::bench {
namespace {

struct Options : Common {
  std::int64_t events = 10'000'000;
  // 512 KiB, 4 MiB and 64 MiB: half an L2, beyond the L2s, beyond an L3. The larger, the fewer of the lines that the writer wants back lie
  // in the reader's caches; between two cores that do not share an L3 that decides.
  std::vector<std::int64_t> slots{8192, 65'536, 1'048'576};
  Peers peers = Peers::none;
};

template <class Channel>
std::function<double()> throughput(std::int64_t slots, Batches batches, std::int64_t events) {
  return [=] {
    Channel channel(slots, batches);
    std::uint64_t words = 0;
    const double ns = run_pair([&] { channel.write(events); }, [&] { words = channel.read(events); });
    if (words != expected_sum(events)) fail("a channel of the ring benchmark delivered a wrong sum");
    return static_cast<double>(events) * 1e3 / ns;
  };
}

// The contenders of one table.
class Table {
 public:
  Table(std::string group, std::int64_t slots, std::int64_t events) : group_(std::move(group)), slots_(slots), events_(events) {}

  template <class Channel>
  void add(const char* name, Batches batches, bool peer) {
    contenders_.push_back({{.group = group_, .name = name, .unit = "M events/s", .peer = peer}, throughput<Channel>(slots_, batches, events_)});
  }
  std::vector<Contender>& contenders() { return contenders_; }

 private:
  std::string group_;
  std::int64_t slots_, events_;
  std::vector<Contender> contenders_;
};

std::vector<Contender> singly(const Options& options, std::int64_t slots) {
  const std::int64_t many = std::min<std::int64_t>(slots / 8, 256);
  Table table(fmt::format("ring, 1 to 1, one by one, {} slots of 64 bytes", slots), slots, options.events);
  constexpr auto plain = ring::Stamp::none;
  table.add<PawlRing<plain>>("pawl Ring, publish 1, poll 1", {1, 1}, false);
  table.add<PawlRing<plain>>("pawl Ring, publish 1, poll gathered", {1, many, 64}, false);
  table.add<PawlByteRing>("pawl ByteRing (stamp is word 0), publish 1, poll gathered", {1, many, 64}, false);
  if (options.peers == Peers::none) return table.contenders();
  table.add<Singles<BoostSpsc<Event>>>("boost spsc_queue", {1, 1}, true);
  table.add<Singles<MoodycamelSpsc<Event>>>("moodycamel ReaderWriterQueue", {1, 1}, true);
  table.add<Singles<MoodycamelMpmc<Event>>>("moodycamel ConcurrentQueue, tokens", {1, 1}, true);
  table.add<Singles<TbbBounded<Event>>>("TBB concurrent_bounded_queue", {1, 1}, true);
  return table.contenders();
}

std::vector<Contender> in_batches(const Options& options, std::int64_t slots) {
  const std::int64_t many = std::min<std::int64_t>(slots / 8, 256);
  Table table(fmt::format("ring, 1 to 1, batches of 16, {} slots of 64 bytes", slots), slots, options.events);
  constexpr auto plain = ring::Stamp::none;
  table.add<PawlRing<plain>>("pawl Ring, publish 16, poll 16", {16, 16}, false);
  table.add<PawlRing<plain>>("pawl Ring, publish 16, poll gathered", {16, many, 64}, false);
  table.add<PawlByteRing>("pawl ByteRing (stamp is word 0), publish 16, poll gathered", {16, many, 64}, false);
  if (options.peers == Peers::none) return table.contenders();
  table.add<Bulk<BoostSpsc<Event>>>("boost spsc_queue, arrays of 16", {16, 16}, true);
  table.add<Bulk<MoodycamelMpmc<Event>>>("moodycamel ConcurrentQueue, bulk of 16, tokens", {16, 16}, true);
  return table.contenders();
}

std::vector<Contender> idle_latency(const Options& options) {
  const std::int64_t round_trips = std::clamp<std::int64_t>(options.events / 100, 200, 50'000);
  std::vector<Contender> contenders;
  const auto add = [&](const char* name, bool peer, double (*measure)(std::int64_t)) {
    contenders.push_back({{.group = "one way, idle", .name = name, .unit = "ns", .higher_is_better = false,
                           .base = "L: ping-pong of one cache line", .base_label = "L", .peer = peer},
                          [=] { return measure(round_trips); }});
  };
  add("L: ping-pong of one cache line", false, &one_way_ns<LineDirection>);
  contenders.back().series.base.clear();
  add("pawl Ring, watching the stamp", false, &one_way_ns<RingDirection<ring::Watch::stamp>>);
  add("pawl Ring, watching the cursor", false, &one_way_ns<RingDirection<ring::Watch::cursor>>);
  if (options.peers == Peers::none) return contenders;
  add("boost spsc_queue", true, &one_way_ns<QueueDirection<BoostSpsc<std::uint64_t>>>);
  add("moodycamel ReaderWriterQueue", true, &one_way_ns<QueueDirection<MoodycamelSpsc<std::uint64_t>>>);
  add("moodycamel ConcurrentQueue, tokens", true, &one_way_ns<QueueDirection<MoodycamelMpmc<std::uint64_t>>>);
  add("TBB concurrent_bounded_queue", true, &one_way_ns<QueueDirection<TbbBounded<std::uint64_t>>>);
  return contenders;
}

void measure(const Options& options, Outcome& outcome) {
  std::vector<Contender> contenders;
  const auto add = [&](std::vector<Contender> more) { std::move(more.begin(), more.end(), std::back_inserter(contenders)); };
  for (const std::int64_t slots : options.slots) {
    if (!ring::is_power_of_two(slots) || slots < 64) fail("--slots takes powers of two from 64");
    add(singly(options, slots));
    add(in_batches(options, slots));
  }
  ExternalPeers external("ring", options.peers, fmt::format("--events {} --payload 64 --slots {}", std::max<std::int64_t>(options.events / 2, 1), fmt::join(options.slots, ",")), "");
  run_interleaved(std::move(contenders), options.runs, outcome, [&] { external.run_once(); });
  external.append_to(outcome);
  compare_with_best_peer(outcome);
  run_interleaved(idle_latency(options), options.runs, outcome);
  if (measuring_cpus().size() < 2) outcome.notes.emplace_back("One CPU: both sides share it, and only the sums mean anything.");
  if (options.peers != Peers::none) outcome.notes.push_back(native_versions());
}

}  // namespace

void add_ring(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("ring", "One writer to one reader, and the latency of an idle ring");
  command.add_option("--events", options->events, "Of each run")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32))->capture_default_str();
  command.add_option("--slots", options->slots, "Sizes of the ring, powers of two")->delimiter(',');
  add_peers_option(command, options->peers);
  on_chosen(command, options, action, &measure);
}

}  // namespace pawl::bench
