// The CPUs this process may really use: the affinity mask, the cpuset and the quota of its control group (v1 or v2). Counting the
// machine's CPUs instead makes a container spin itself to a halt.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/base/result.hpp"

namespace pawl::io {

struct CpuSet {
  static constexpr double no_quota = std::numeric_limits<double>::infinity();

  std::vector<int> cpus;    // numbers, rising; never empty
  double quota = no_quota;  // CPUs' worth of time that may be used, summed over all threads

  [[nodiscard]] bool limited_by_quota() const { return quota < static_cast<double>(cpus.size()); }
  // How many threads may be busy at once without being throttled: the quota rounded down, but at least 1.
  [[nodiscard]] int usable() const;
};

// Of the calling thread: call it before pinning. Errors: io, if the kernel does not tell.
[[nodiscard]] Result<CpuSet> discover_cpus();

// The same from an affinity mask and the files below `root` ("" is the real one): for tests, and to explain a container from outside.
[[nodiscard]] CpuSet discover_cpus(const std::vector<int>& affinity, const std::string& root);

// "0-2,5": {0, 1, 2, 5}. Empty for anything else.
[[nodiscard]] std::vector<int> parse_cpu_list(std::string_view text);

}  // namespace pawl::io
