// CPUs to pin to, and threads of a run's own: pinning the caller would pin every thread it makes later.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pawl::bench {

// The CPUs this process may use, highest first, as the engine takes them: CPU 0 has most of the interrupts. Never empty.
[[nodiscard]] const std::vector<int>& measuring_cpus();

// Runs both bodies to their end, each on a CPU of its own where there are two; they start together. Returns the nanoseconds from the
// first start to the last end.
double run_pair(const std::function<void()>& first, const std::function<void()>& second);

// Runs `body` to its end on the CPU at `index` of measuring_cpus().
void run_pinned(std::size_t index, const std::function<void()>& body);

}  // namespace pawl::bench
