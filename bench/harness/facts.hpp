// What a figure must be read with: the machine, the build, and what else the machine did meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pawl::bench {

// Name and value, in the order to be shown.
using Facts = std::vector<std::pair<std::string, std::string>>;

// CPU, CPUs, kernel, compiler, commit, memory, huge pages, clock, and the file system and device below `directory`.
[[nodiscard]] Facts gather_facts(const std::string& directory);

[[nodiscard]] std::string utc_now();  // "2026-11-22T20:41:07Z"

// What disturbed a run. Made at its start; why() at its end.
class Disturbance {
 public:
  Disturbance();

  struct Report {
    double others_cpus = 0;         // CPUs that other processes kept busy, in the mean
    double steal_percent = 0;       // of all CPUs' time, given to other virtual machines
    std::int64_t preemptions = 0;   // involuntary context switches of this process
    std::int64_t major_faults = 0;  // pages read from the disk
    std::int64_t minor_faults = 0;
  };
  [[nodiscard]] Report so_far() const;
  // "other processes used 0.93 CPUs; 1.2 % of the time was stolen; preempted 340 times", whatever of it counts; or that nothing was seen.
  [[nodiscard]] std::string why() const;

 private:
  struct Counters {
    double busy_seconds = 0, steal_seconds = 0, own_seconds = 0, at_seconds = 0;
    std::int64_t preemptions = 0, major_faults = 0, minor_faults = 0;
    long cpus = 1;
  };
  static Counters read();
  Counters start_;
};

}  // namespace pawl::bench
