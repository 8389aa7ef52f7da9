// What the kernel has counted for one thread: how often it lost its CPU, how long it waited for one, how many pages it faulted in.
#pragma once

#include <cstdint>

#include "pawl/io/descriptor.hpp"

namespace pawl::io {

struct ThreadUsage {
  std::int64_t waited_for_cpu_ns = 0;  // able to run, while others had the CPU; 0 on a kernel without schedstats
  std::int64_t involuntary = 0;        // context switches: preempted
  std::int64_t voluntary = 0;          // slept
  std::int64_t minor_faults = 0;       // pages touched for the first time, or mapped again
  std::int64_t major_faults = 0;       // pages read from the disk

  friend ThreadUsage operator-(const ThreadUsage& end, const ThreadUsage& start) noexcept {
    return {end.waited_for_cpu_ns - start.waited_for_cpu_ns, end.involuntary - start.involuntary, end.voluntary - start.voluntary,
            end.minor_faults - start.minor_faults, end.major_faults - start.major_faults};
  }
};

// Thread: the one whose usage is read, always the same: its file is opened at the first reading.
class ThreadUsageReader {
 public:
  // Two system calls, 1 to 3 us. Does not block, does not allocate.
  [[nodiscard]] ThreadUsage read();

 private:
  Descriptor schedstat_;
  bool opened_ = false;
};

}  // namespace pawl::io
