// When the hypervisor took CPU time away from this machine, as far as the kernel is told (steal of /proc/stat, in hundredths of a second).
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace pawl::bench {

// Of all CPUs, since the machine started.
[[nodiscard]] std::int64_t stolen_ns();

// Looks every 10 ms on a thread of its own while it lives: some 0.3 % of a CPU.
class StealSampler {
 public:
  struct Stolen {
    std::int64_t from_ns, to_ns;  // monotonic clock
    std::int64_t ns;              // of one CPU, in the mean
  };

  StealSampler();
  ~StealSampler() { stop(); }
  StealSampler(const StealSampler&) = delete;
  StealSampler& operator=(const StealSampler&) = delete;

  // Ends the thread; what it saw.
  const std::vector<Stolen>& stop();

 private:
  std::vector<Stolen> seen_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace pawl::bench
