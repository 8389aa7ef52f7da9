// Which stages share a thread, and which CPU it is pinned to: one table for every machine and container.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pawl/io/cpus.hpp"

namespace pawl::io {

enum class Role { ingest_sequence, journal, windows, decide, emit };

struct StageRole {
  Role role;
  int shard = 0;       // of windows
  bool helps = false;  // takes turns of it only when the thread has nothing else to do; another thread owns it
  bool operator==(const StageRole&) const = default;
};

struct PlannedThread {
  std::string name;                 // at most 15 bytes, as the kernel keeps it
  std::optional<int> cpu;           // none: the scheduler chooses
  bool waits_in_kernel = false;     // the journal on a thread of its own: asleep most of the time, so it needs no CPU for itself
  std::vector<StageRole> stages;    // in the order of the data path
};

using ThreadPlan = std::vector<PlannedThread>;

// Of one engine, however many CPUs there are.
inline constexpr int window_shards_max = 12;

// Window shards that use so many CPUs well.
[[nodiscard]] int window_shards_for(int cpus) noexcept;

//   usable CPUs   threads that may be busy                                         asleep in the kernel
//   1             ingest + journal + windows + decide + emit                       -
//   2             ingest + windows 1 + emit | windows 0 + decide                   journal
//                 each helps with the other's windows when it is idle
//   3             ingest + emit | windows (all) | decide                           journal
//   4             ingest + emit | windows 0 | windows 1 | decide                   journal
//   more          as 4 with one thread per window shard; then emit its own; then the journal a CPU of its own
//
// Never more busy threads than `set.usable()`. They are pinned if each has a whole CPU: not under a quota, where others run on the
// same CPUs, and not on a single one. From the highest number down, because CPU 0 takes most interrupts.
// REQUIRES: window_shards >= 1. Shards beyond the threads there are for them share those in turn.
[[nodiscard]] ThreadPlan plan_threads(const CpuSet& set, int window_shards);

// For people: one line per thread, "windows-0  CPU 2  windows 0".
[[nodiscard]] std::string describe(const ThreadPlan& plan);

}  // namespace pawl::io
