// How the threads of a run wait for each other: the idle strategies of core/ring, one for each thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/pin.hpp"
#include "pawl/core/ring/park.hpp"
#include "pawl/core/ring/wait.hpp"
#include "pawl/io/parker.hpp"

namespace pawl::bench {

// automatic: yield where throughput is measured, a busy loop where latency is.
enum class Wait { automatic, spin, yield, park };
inline const std::map<std::string, Wait> wait_words{{"spin", Wait::spin}, {"yield", Wait::yield}, {"park", Wait::park}};

// With a CPU for each thread a turn of the other side comes soon; without, it comes the sooner the sooner this thread leaves.
inline std::uint32_t spins_before_leaving(std::size_t threads) { return threads > measuring_cpus().size() ? 64 : 4096; }

// Pauses and never leaves. Where threads share a CPU, each then waits for the scheduler's next slice.
struct Spinning {
  explicit Spinning(std::size_t) {}
  ring::PauseSpin of(std::size_t) { return {}; }
};

struct Yielding {
  explicit Yielding(std::size_t threads) : spins(spins_before_leaving(threads)) {}
  ring::SpinThenYield<void (*)()> of(std::size_t) const { return ring::SpinThenYield<void (*)()>(&std::this_thread::yield, spins); }
  std::uint32_t spins;
};

// Sleeps in the kernel; each thread wakes all others after work. REQUIRES: at most limits::barrier_cursors_max others.
class Parking {
 public:
  using Idle = ring::SpinThenPark<ring::StdAtomics, io::FutexParker>;

  explicit Parking(std::size_t threads) : Parking(threads, spins_before_leaving(threads)) {}
  Parking(std::size_t threads, std::uint32_t spins) : spins_(spins), spots_(std::make_unique<ring::ParkSpot<>[]>(threads)), threads_(threads) {}
  Idle of(std::size_t thread) {
    Idle idle(spots_[thread], parker_, spins_);
    for (std::size_t other = 0; other < threads_; ++other) {
      if (other != thread) idle.wakes(spots_[other]);
    }
    return idle;
  }
  // For a producer that finds its lane's drainer asleep.
  void wake(std::size_t thread) { ring::wake(spots_[thread], parker_); }

 private:
  std::uint32_t spins_;
  std::unique_ptr<ring::ParkSpot<>[]> spots_;
  std::size_t threads_;
  io::FutexParker parker_;
};

// Lets more events gather after a poll that brought few (ring::Gather), and waits as `Idle` does after one that brought none.
template <class Idle>
class Gathering {
 public:
  Gathering(std::int64_t enough, Idle idle) : gather_(enough), idle_(std::move(idle)) {}

  template <class LookAgain>
  void after_round(std::int64_t work, LookAgain&& look_again) {
    if (work > 0) gather_.after_round(work, nullptr);
    idle_.after_round(work, look_again);
  }

 private:
  ring::Gather gather_;
  Idle idle_;
};

}  // namespace pawl::bench
