// ring-throughput: one writer to one reader, 64-byte events with all eight words summed, ours beside Boost's spsc_queue in the same run.
//
//   [writer, CPU a] ==> channel of N slots ==> [reader, CPU b]
//
// All channels run interleaved, --runs times; medians and spread are printed. Every run checks its sum. Then the one-way latency of an
// idle channel, beside L, the ping-pong of one cache line. Usage: ring-throughput [--events N] [--runs N] [--slots N]
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "latency.hpp"
#include "machine.hpp"
#include "peers.hpp"

namespace pawl::bench {
namespace {

struct Options {
  std::int64_t events = 10'000'000;
  std::int64_t runs = 5;
  std::int64_t slots = 0;  // 0: one table for each of slot_counts
};

// Million events per second; negative if the sum was wrong.
template <class Channel>
double run_once(const Options& options, Batches batches, const std::vector<std::size_t>& cpus) {
  Channel channel(options.slots, batches);
  std::atomic<int> ready{0};
  const auto start_together = [&](std::size_t side) {
    if (cpus.size() > side) pin_to(cpus[side]);
    ready.fetch_add(1);
    while (ready.load() < 2) std::this_thread::yield();
  };
  std::int64_t writer_start = 0;
  std::thread writer([&] {
    start_together(0);
    writer_start = now_ns();
    channel.write(options.events);
  });
  std::uint64_t words = 0;
  std::int64_t reader_start = 0;
  std::int64_t reader_end = 0;
  std::thread reader([&] {
    start_together(1);
    reader_start = now_ns();
    words = channel.read(options.events);
    reader_end = now_ns();
  });
  writer.join();
  reader.join();
  if (words != expected_sum(options.events)) return -1.0;
  const std::int64_t elapsed_ns = reader_end - std::min(writer_start, reader_start);
  return static_cast<double>(options.events) * 1e3 / static_cast<double>(std::max<std::int64_t>(elapsed_ns, 1));
}

// 512 KiB, 4 MiB and 64 MiB: half an L2, beyond the L2s, beyond an L3. The larger, the fewer of the lines that the writer wants back lie in
// the reader's caches; between two cores that do not share an L3 that decides.
constexpr std::array<std::int64_t, 3> slot_counts{8192, 65'536, 1'048'576};

using Run = double (*)(const Options&, Batches, const std::vector<std::size_t>&);

struct Contender {
  std::string_view name;
  Batches batches;
  Run run;
  int peer;  // index of the contender it is compared with, -1: it is one
  std::vector<double> rates{};
};

std::vector<Contender> contenders(const Options& options) {
  const std::int64_t many = std::min<std::int64_t>(options.slots / 8, 256);
  constexpr auto plain = ring::Stamp::none;
  return {
      {"boost spsc_queue, push, pop", {1, 1}, &run_once<BoostSingle>, -1},
      {"boost spsc_queue, push 16, pop 16", {16, 16}, &run_once<BoostBatch>, -1},
      {"pawl Ring, publish 1, poll 1", {1, 1}, &run_once<PawlRing<plain>>, 0},
      {"pawl Ring, publish 1, poll what is there", {1, many}, &run_once<PawlRing<plain>>, 0},
      {"pawl Ring, publish 1, poll gathered", {1, many, 64}, &run_once<PawlRing<plain>>, 0},
      {"pawl Ring, publish 16, poll 16", {16, 16}, &run_once<PawlRing<plain>>, 1},
      {"pawl Ring, publish 16, poll 16 gathered", {16, 16, 16}, &run_once<PawlRing<plain>>, 1},
      {"pawl Ring, publish 16, poll gathered", {16, many, 64}, &run_once<PawlRing<plain>>, 1},
      {"pawl Ring with stamps (2 lines), publish 16, gathered", {16, many, 64}, &run_once<PawlRing<ring::Stamp::in_slot>>, 1},
      {"pawl ByteRing 64 (stamp is word 0), publish 1, gathered", {1, many, 64}, &run_once<PawlByteRing>, 0},
      {"pawl ByteRing 64 (stamp is word 0), publish 16, gathered", {16, many, 64}, &run_once<PawlByteRing>, 1},
  };
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool throughput(const Options& options, const std::vector<std::size_t>& cpus) {
  auto table = contenders(options);
  for (std::int64_t run = 0; run < options.runs; ++run) {
    for (auto& contender : table) {
      contender.rates.push_back(contender.run(options, contender.batches, cpus));
      if (contender.rates.back() < 0) {
        fmt::print("{}: wrong sum\n", contender.name);
        return false;
      }
    }
  }
  fmt::print("{:<58} {:>10} {:>8} {:>8} {:>8}\n", fmt::format("64-byte events, 1 to 1, {} slots", options.slots), "median M/s", "min", "max", "x boost");
  for (const auto& contender : table) {
    const auto [low, high] = std::minmax_element(contender.rates.begin(), contender.rates.end());
    const double base = contender.peer < 0 ? median(contender.rates) : median(table[static_cast<std::size_t>(contender.peer)].rates);
    fmt::print("{:<58} {:>10.1f} {:>8.1f} {:>8.1f} {:>8.2f}\n", contender.name, median(contender.rates), *low, *high,
               median(contender.rates) / base);
  }
  return true;
}

bool all_throughputs(Options options, const std::vector<std::size_t>& cpus) {
  if (options.slots != 0) return throughput(options, cpus);
  for (const std::int64_t slots : slot_counts) {
    options.slots = slots;
    if (!throughput(options, cpus)) return false;
    fmt::print("\n");
  }
  return true;
}

bool latency(const Options& options, const std::vector<std::size_t>& cpus) {
  const std::int64_t round_trips = std::clamp<std::int64_t>(options.events / 100, 200, 100'000);
  std::vector<std::vector<double>> ns(4);
  for (std::int64_t run = 0; run < options.runs; ++run) {
    ns[0].push_back(one_way_ns<LineDirection>(round_trips, cpus));
    ns[1].push_back(one_way_ns<RingDirection<ring::Watch::stamp>>(round_trips, cpus));
    ns[2].push_back(one_way_ns<RingDirection<ring::Watch::cursor>>(round_trips, cpus));
    ns[3].push_back(one_way_ns<BoostDirection>(round_trips, cpus));
  }
  const std::vector<std::string_view> names{"L: ping-pong of one cache line", "pawl Ring, watching the stamp", "pawl Ring, watching the cursor",
                                            "boost spsc_queue"};
  fmt::print("\n{:<58} {:>10} {:>8}\n", "one way, idle", "median ns", "x L");
  for (std::size_t i = 0; i < ns.size(); ++i) {
    if (*std::min_element(ns[i].begin(), ns[i].end()) < 0) {
      fmt::print("{}: wrong value\n", names[i]);
      return false;
    }
    fmt::print("{:<58} {:>10.1f} {:>8.2f}\n", names[i], median(ns[i]), median(ns[i]) / median(ns[0]));
  }
  return true;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    std::int64_t* const value = name == "--events" ? &options.events : name == "--runs" ? &options.runs : name == "--slots" ? &options.slots : nullptr;
    if (value == nullptr || i + 1 == argc) return false;
    *value = std::atoll(argv[++i]);
    if (*value <= 0) return false;
  }
  return options.slots == 0 || ring::is_power_of_two(options.slots);
}

}  // namespace
}  // namespace pawl::bench

int main(int argc, char** argv) {
  using namespace pawl::bench;
  Options options;
  if (!parse(argc, argv, options)) {
    fmt::print(stderr, "usage: ring-throughput [--events N] [--runs N] [--slots N, a power of two]\n");
    return 64;
  }
  const std::vector<std::size_t> cpus = usable_cpus();
  fmt::print("{}; {} usable CPUs{}; compiler {}; {} events, {} interleaved runs\n\n", cpu_name(), cpus.size(),
             cpus.size() < 2 ? " (both sides share one: only the sums mean anything)" : ", writer and reader pinned", __VERSION__,
             options.events, options.runs);
  return all_throughputs(options, cpus) && latency(options, cpus) ? 0 : 1;
}
