// One-way latency through our ring and the peers' queues: idle, at a rate, and against the rate.
#pragma once

#include "harness/outcome.hpp"
#include "harness/pace.hpp"
#include "ring/waiting.hpp"

namespace pawl::bench {

struct OneWayLoad {
  std::int64_t round_trips = 20'000;  // idle
  int runs = 5;
  Wait wait = Wait::automatic;
  bool peers = false;
};

void measure_idle(const OneWayLoad& load, Outcome& outcome);
// Beside N, the machine's own noise at that rate.
void measure_at_rate(const OneWayLoad& load, const Pace& pace, Outcome& outcome);
void measure_sweep(const OneWayLoad& load, const PaceOptions& options, Outcome& outcome);

}  // namespace pawl::bench
