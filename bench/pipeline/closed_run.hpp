// The whole durable engine as fast as it goes: payments from memory through sequence, journal, windows and decide to a sink that counts.
#pragma once

#include <string>

#include "pipeline/load.hpp"

namespace pawl::bench {

struct ClosedRun {
  double seconds = 0;  // from the source's first poll until the last decision is at the sink, which is when its input is durable
  EngineReport report = {};
  std::string threads = {};
};

// Into an empty directory. `timed_every`: one event of so many is timed at every stage, and the threads are watched; 0: none. Fails unless every event has its decision.
[[nodiscard]] ClosedRun run_closed(const EngineLoad& load, const gen::PaymentSource& prepared, const std::string& journal, Sequence timed_every = 0);

// Fails if they differ.
void check_digest(const rules::Digest128& first, const rules::Digest128& other);

// Nanoseconds per event of each stage alone.
struct StageCosts {
  double source = 0, sequence = 0, windows = 0, decide = 0, journal = 0, emit = 0;
};
struct StageRun {
  StageCosts ns;
  rules::Digest128 digest{};
  std::uint64_t decisions = 0;
};
// All stages on the calling thread, one after the other in turns of 512 events, each turn of each timed; journal at `durability`.
[[nodiscard]] StageRun measure_stages(const EngineLoad& load, const language::Pipeline& pipeline, const gen::PaymentSource& prepared, Durability durability);

}  // namespace pawl::bench
