// The deterministic simulator: PAWL_SIMULATION_SEEDS seeds (60,000 by default) from PAWL_SIMULATION_FIRST (1) on. A seed that fails is
// named, with the command that runs it alone and its story. What a seed shows of the product becomes a named case beside the product's other
// tests, because seeds mean something else whenever a draw is added: "space came back a moment ago" in tests/journal/fault_test.cpp is the first.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>

#include "simulation.hpp"

using namespace pawl;
using namespace pawl::simulation;

namespace {

// Sanitizers make a seed some forty times as slow; the code is the same.
#ifdef PAWL_SANITIZED
constexpr std::uint64_t slower = 30;
#else
constexpr std::uint64_t slower = 1;
#endif

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// What happens in a seed, told.
std::string story_of(std::uint64_t seed) {
  std::string story;
  Counts counts;
  try {
    Simulation(seed, counts, &story).run();
  } catch (const Broken&) {  // it is why we ask
  }
  return story;
}

// Empty, or what a seed broke.
std::string run(std::uint64_t seed, Counts& counts) {
  try {
    Simulation(seed, counts).run();
    return {};
  } catch (const Broken& broken) {
    return fmt::format("seed {}: {}. Alone: PAWL_SIMULATION_FIRST={} PAWL_SIMULATION_SEEDS=1 test_simulation\n{}", seed, broken.what(), seed, story_of(seed));
  }
}

}  // namespace

TEST_CASE("whole engines under seeds: nothing acked is lost, nothing is doubled, nothing is silent") {
  const std::uint64_t first = number_from("PAWL_SIMULATION_FIRST", 1), seeds = std::max<std::uint64_t>(number_from("PAWL_SIMULATION_SEEDS", 60'000) / slower, 1);
  // Memory of an engine goes back to the allocator and not to the kernel: the next seed needs it in a moment.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc takes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  Counts counts;
  std::uint64_t broken = 0;
  for (std::uint64_t seed = first; seed < first + seeds && broken < 5; ++seed) {
    const std::string what = run(seed, counts);
    if (what.empty()) continue;
    ++broken;
    FAIL_CHECK(what);
  }
  MESSAGE(fmt::format("{} seeds, {} lives; ended by: {}", seeds, counts.of("lives"), counts.list("ended: ")));
  MESSAGE(fmt::format("recoveries: {}; starts refused by errors {}, engines failed {}, disk full and resumed {}, closes that failed {}", counts.list("recovered "),
                      counts.of("starts refused by errors"), counts.of("engines failed"), counts.of("disk full, resumed"), counts.of("closes that failed")));
  MESSAGE(fmt::format("faults planned: {}; operations struck {}", counts.list("faults planned: "), counts.of("disk faults struck")));
  MESSAGE(fmt::format("events: offered {}, accepted {}, acked {}, lost before their ack and offered again {}; duplicates refused {}, gaps {}; refused: {}", counts.of("events offered"),
                      counts.of("events accepted"), counts.of("events acked"), counts.of("events accepted and lost before their ack"), counts.of("duplicates refused"),
                      counts.of("gaps refused"), counts.list("events refused: ")));
  MESSAGE(fmt::format("decisions emitted again, the same {}; decided as the model does {}; bits flipped at rest: {}", counts.of("decisions emitted again"),
                      counts.of("events decided as the model does"), counts.list("damage at rest: ")));
  MESSAGE(fmt::format("snapshots taken {}, failed {}, segments retired {} in {} seeds, starts from a snapshot {}", counts.of("snapshots taken"), counts.of("snapshots failed"),
                      counts.of("segments retired"), counts.of("seeds that retire segments"), counts.of("starts from a snapshot")));
  MESSAGE(fmt::format("ticks {}, outputs of deadlines {}", counts.of("ticks"), counts.of("timed outputs")));
  MESSAGE(fmt::format("lost, doubled or silent: {}", broken));
  CHECK(broken == 0);
  if (seeds < 1'000) return;
  // What never happened proves nothing.
  for (const char* what : {"ended: closed", "ended: process death", "ended: power cut, drop", "ended: power cut, keep", "ended: power cut, prefix", "ended: power cut, reorder",
                           "ended: power cut, tear", "recovered END", "recovered TORN", "starts refused by errors", "engines failed", "disk full, resumed", "closes that failed",
                           "events accepted and lost before their ack", "lanes with events that were held back", "ticks", "timed outputs", "duplicates refused", "gaps refused", "decisions emitted again", "faults planned: short write",
                           "faults planned: EAGAIN", "faults planned: ENOSPC", "faults planned: EIO of a write", "faults planned: EIO of a sync", "faults planned: wall clock set",
                           "faults planned: end of the machine in recovery", "faults planned: error in recovery", "damage at rest: refused", "damage at rest: harmless",
                           "snapshots taken", "snapshots failed", "segments retired", "starts from a snapshot", "faults planned: error in a snapshot", "faults planned: error of a removal"}) {
    CHECK_MESSAGE(counts.of(what) > 0, std::string(what) << " never happened");
  }
  CHECK(counts.of("seeds that retire segments") * 25 >= seeds);
}
