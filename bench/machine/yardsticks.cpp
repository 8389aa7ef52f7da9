#include "machine/yardsticks.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "harness/open_loop.hpp"
#include "harness/pin.hpp"
#include "harness/random.hpp"
#include "pawl/io/memory.hpp"
#include "ring/latency.hpp"

namespace pawl::bench {
namespace {

io::Region map(std::size_t bytes) { return or_fail(io::Region::map({.bytes = bytes, .best_pages = io::Pages::transparent_huge})); }

std::uint64_t sum_of(const std::uint64_t* words, std::size_t count) { return std::accumulate(words, words + count, std::uint64_t{0}); }

}  // namespace

double line_transfer_ns(std::int64_t round_trips) { return one_way_ns<LineDirection>(round_trips); }

// Turn by turn: one side writes all lines, the other reads them; only the reading is timed.
double shared_stream_gb_s(std::int64_t rounds) {
  constexpr std::size_t words = (std::size_t{256} << 10) / sizeof(std::uint64_t);
  const io::Region region = map(words * sizeof(std::uint64_t));
  auto* const memory = reinterpret_cast<std::uint64_t*>(region.bytes().data());
  std::atomic<std::int64_t> turn{0};  // even: the writer's
  const auto wait_for = [&](std::int64_t wanted) {
    for (std::uint32_t spins = 1; turn.load(std::memory_order_acquire) != wanted; ++spins) {
      if (spins % 65'536 == 0) std::this_thread::yield();
    }
  };
  std::vector<double> ns;
  bool right = true;
  const auto write = [&] {
    for (std::int64_t r = 0; r < rounds; ++r) {
      wait_for(2 * r);
      std::fill_n(memory, words, static_cast<std::uint64_t>(r + 1));
      turn.store(2 * r + 1, std::memory_order_release);
    }
  };
  const auto read = [&] {
    for (std::int64_t r = 0; r < rounds; ++r) {
      wait_for(2 * r + 1);
      const std::int64_t start = now_ns();
      right = sum_of(memory, words) == words * static_cast<std::uint64_t>(r + 1) && right;
      ns.push_back(static_cast<double>(now_ns() - start));
      turn.store(2 * r + 2, std::memory_order_release);
    }
  };
  run_together({write, read});
  if (!right) fail("a wrong sum of shared lines");
  return static_cast<double>(words * sizeof(std::uint64_t)) / median(ns);
}

double memory_stream_gb_s(std::size_t bytes) {
  const io::Region region = map(bytes);
  auto* const memory = reinterpret_cast<std::uint64_t*>(region.bytes().data());
  const std::size_t words = bytes / sizeof(std::uint64_t);
  std::fill_n(memory, words, 3);
  double best = 0;
  run_pinned(0, [&] {
    for (int round = 0; round < 3; ++round) {
      const std::int64_t start = now_ns();
      if (sum_of(memory, words) != 3 * words) fail("a wrong sum of memory");
      best = std::max(best, static_cast<double>(bytes) / static_cast<double>(now_ns() - start));
    }
  });
  return best;
}

double random_lines_ns(std::size_t lines, std::size_t records, std::int64_t events) {
  constexpr std::size_t ahead = 32, line_bytes = 64;
  const io::Region region = map(records * line_bytes);
  std::byte* const memory = region.bytes().data();
  std::vector<std::byte*> waiting(lines * ahead, memory);
  std::uint64_t random = 1, touched = 0;
  double ns = 0;
  run_pinned(0, [&] {
    const std::int64_t start = now_ns();
    for (std::int64_t i = 0; i < events; ++i) {
      std::byte** const mine = waiting.data() + static_cast<std::size_t>(i) % ahead * lines;
      for (std::size_t n = 0; n < lines; ++n) {
        ++*reinterpret_cast<std::uint64_t*>(mine[n]);
        mine[n] = memory + next_random(random) % records * line_bytes;
        __builtin_prefetch(mine[n], 1);
      }
    }
    ns = static_cast<double>(now_ns() - start) / static_cast<double>(events);
  });
  for (std::size_t r = 0; r < records; ++r) touched += *reinterpret_cast<const std::uint64_t*>(memory + r * line_bytes);
  if (touched != static_cast<std::uint64_t>(events) * lines) fail("random lines were not touched as often as they should");
  return ns;
}

double clock_ns() {
  constexpr int readings = 100'000;
  const std::int64_t start = now_ns();
  std::int64_t last = start;
  for (int i = 0; i < readings; ++i) last = now_ns();
  return static_cast<double>(last - start) / readings;
}

Histogram noise_floor(double rate, double seconds) {
  Histogram lateness;
  run_pinned(0, [&] {
    const OpenLoop loop(now_ns(), rate);
    const auto events = static_cast<std::int64_t>(rate * seconds);
    for (std::int64_t done = 0; done < events;) {
      const std::int64_t now = now_ns();
      for (const std::int64_t due = std::min(loop.due(now), events); done < due; ++done) lateness.record(now - loop.planned_ns(done));
    }
  });
  return lateness;
}

}  // namespace pawl::bench
