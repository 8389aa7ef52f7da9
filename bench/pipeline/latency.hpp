// Latency of the whole engine at a rate: beside the machine's own noise and a bare group-commit loop at the same rate.
#pragma once

#include <vector>

#include "harness/outcome.hpp"
#include "pipeline/open_run.hpp"

namespace pawl::bench {

// `runs` interleaved runs of the engine, of an empty loop, and (at durability disk) of a bare loop; appends figures, curves and notes,
// and with a breakdown where the time went.
void measure_latency(const EngineLoad& load, const OpenLoad& open, int runs, Outcome& outcome);

// Latency against the rate, up to saturation: `runs` interleaved sweeps over the rates of `pace`.
void sweep_rates(const EngineLoad& load, const OpenLoad& open, const PaceOptions& pace, int runs, Outcome& outcome);

}  // namespace pawl::bench
