// What a closed loop would have said: one client that sends the next event when the last was answered, and counts from its own sending. It
// leaves out whatever would have come during a stall, so a stall hardly shows. Here to be shown beside the open loop, not to be believed.
#pragma once

#include "pawl/core/base/histogram.hpp"
#include "pipeline/open_run.hpp"

namespace pawl::bench {

// Latencies of `events` events, one at a time, with the same stall in the sink. Fails unless each has its decision.
[[nodiscard]] Histogram run_closed_loop(const EngineLoad& load, std::int64_t events, double stall_ms, const gen::PaymentSource& prepared, const std::string& journal);

}  // namespace pawl::bench
