// Latency of the whole engine at a rate: beside the machine's own noise and a bare group-commit loop at the same rate.
#pragma once

#include <vector>

#include "harness/outcome.hpp"
#include "pipeline/open_run.hpp"

namespace pawl::bench {

// `runs` interleaved runs of the engine, of an empty loop, and (at durability disk) of a bare loop; appends figures, curves and notes.
void measure_latency(const EngineLoad& load, const OpenLoad& open, int runs, Outcome& outcome);

// Latency against the rate, up to saturation: `runs` interleaved sweeps over `rates`.
void sweep_rates(const EngineLoad& load, OpenLoad open, const std::vector<double>& rates, int runs, Outcome& outcome);

}  // namespace pawl::bench
