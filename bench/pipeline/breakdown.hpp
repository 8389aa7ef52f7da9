// Where the time of single events went, stage by stage, and what the slowest of them had in common.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/steal.hpp"
#include "pawl/core/base/histogram.hpp"
#include "pawl/journal/engine/timeline.hpp"

namespace pawl::bench {

// In data-path order. They add up to the event's latency.
enum class Part { ingest, sequence, windows, rules, disk, emit };
inline constexpr std::array part_names{
    "ingest: from the planned time until the engine took it", "sequence: until it stood in the ring",      "windows: until its features were there",
    "rules: until it was decided",                            "disk: that the decision still waited for the disk", "emit: until the sink had it"};
inline constexpr std::size_t part_count = part_names.size();

struct EventTime {
  std::int64_t planned_ns = 0;
  std::array<std::int64_t, part_count> parts{};  // ns
  std::int64_t durable_after = 0;                // beside them: from sequenced to durable

  [[nodiscard]] std::int64_t total() const {
    std::int64_t sum = 0;
    for (const std::int64_t part : parts) sum += part;
    return sum;
  }
};

// What may keep an event. An event had it if it took a tenth of the event's time.
enum class Cause { no_cpu, page_fault, state_growth, slow_write, stolen };
inline constexpr std::array cause_names{"no CPU: preempted, or woken late", "page faults", "state growing: page faults in windows", "a slow write of the device", "CPU time stolen by the hypervisor"};
inline constexpr std::size_t cause_count = cause_names.size();

struct Shares {
  std::array<double, part_count> around_p50_us{}, above_p99_9_us{};  // means
  // Per cause, and at the end "none of these": of the slowest thousandth, and of all others, in percent.
  std::array<double, cause_count + 1> of_slowest_percent{}, of_others_percent{};
  std::string episodes;  // of slow events, and the part that took most of each
};

struct StageHistograms {
  std::array<Histogram, part_count> parts;
  Histogram durable_after;
};

// `events` in the order of their coming, all of them sampled.
[[nodiscard]] Shares explain(const std::vector<EventTime>& events, const journal::Timeline& timeline, const std::vector<StealSampler::Stolen>& stolen);
[[nodiscard]] StageHistograms histograms_of(const std::vector<EventTime>& events);

}  // namespace pawl::bench
