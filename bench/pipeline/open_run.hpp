// The whole durable engine in an open loop: payment i comes at t0 + i / rate, whatever became of those before it.
#pragma once

#include <optional>
#include <string>

#include "harness/pace.hpp"
#include "pawl/core/base/histogram.hpp"
#include "pipeline/breakdown.hpp"
#include "pipeline/load.hpp"

namespace pawl::bench {

struct OpenLoad : Pace {
  Sequence every = 8;      // of so many events one is timed
  double stall_ms = 0;     // the sink stops once for so long, after a third of the time: shows what an open loop sees
  bool breakdown = false;  // also where the time went
};

struct OpenRun {
  Histogram decision, emitted;   // from the planned time; emitted: durable, at the sink
  double achieved_rate = 0;      // events per second from the first planned time to the last emit
  std::string threads;
  // With a breakdown.
  std::optional<Shares> shares;
  StageHistograms stages;
  std::string watched;           // what the watching of the threads took
};

// Fails unless every event has its decision, in order. `prepared` has at least open.events() payments; the directory of the journal is empty.
[[nodiscard]] OpenRun run_open(const EngineLoad& load, const OpenLoad& open, const gen::PaymentSource& prepared, const std::string& journal);

}  // namespace pawl::bench
