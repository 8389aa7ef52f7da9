// The whole durable engine fed by producers on threads of their own, each with a lane, as a service feeds it.
#pragma once

#include <string>

#include "pipeline/load.hpp"

namespace pawl::bench {

// Million events a second from the first publish until the last decision is at the sink. Each producer has payments of a seed of its own, prepared
// before. Into an empty directory. Fails unless every event has its decision, and those of each producer in its order.
[[nodiscard]] double run_lanes(const EngineLoad& load, std::size_t producers, const std::string& journal);

}  // namespace pawl::bench
