// CPUs to pin to, and threads of a run's own: pinning the caller would pin every thread it makes later.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pawl::bench {

// The CPUs this process may use, highest first, as the engine takes them: CPU 0 has most of the interrupts. Never empty.
[[nodiscard]] const std::vector<int>& measuring_cpus();

// Leaves this process, and every thread it makes, only the CPUs of "0,2-3". Before anything else; fails if it may not use one of them.
void use_only(const std::string& cpus);

// Runs all bodies to their ends, each on a thread of its own, the threads pinned to measuring_cpus() in turn; they start together. Returns the
// nanoseconds from the first start to the last end.
double run_together(const std::vector<std::function<void()>>& bodies);

// Runs `body` to its end on the CPU at `index` of measuring_cpus().
void run_pinned(std::size_t index, const std::function<void()>& body);

}  // namespace pawl::bench
