// Pipelines and event sequences made to find mistakes: ties on every edge of every window (the nanosecond before, on and after it),
// equal times, late events, missing values and parts of keys, ratios exactly at thresholds, hot keys, empty windows, numbers at the
// ends of 64 bits, gaps of years, ticks. Deterministic: a seed gives the same log on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "pawl/core/language/pipeline.hpp"
#include "tests/twin/log.hpp"

namespace pawl::twin::adversarial {

// Files of tests/twin/pipelines, without their ending. All that stands in them is evaluated.
inline constexpr std::array<std::string_view, 12> pipeline_names{"edges", "late", "types", "logic", "extremes", "chosen", "panes", "effects", "policy", "patterns", "own", "calls"};

[[nodiscard]] std::string pipeline_path(std::string_view name);
[[nodiscard]] std::string pipeline_source(std::string_view name);
// REQUIRES: a name of the above.
[[nodiscard]] std::unique_ptr<const language::Pipeline> load(std::string_view name);

struct Options {
  std::uint64_t seed = 1;
  Sequence inputs = 1000;         // without the ACTIVATE
  std::int64_t keys = 4;          // values that a key field takes
  unsigned hot_percent = 30;      // events of the first of them
  unsigned missing_percent = 10;  // fields without a value
  unsigned late_percent = 10;     // events whose `at` is before the effective time
  unsigned tick_percent = 3;
  bool extreme_numbers = false;   // keys and values at the ends of 64 bits
  bool extreme_times = false;     // and `at`, before 1970 too
  int only_event = -1;            // index of the event type; -1: all of them
  bool for_csv = false;           // no empty text, no ticks: what Log::to_csv can write. Give only_event too
};

[[nodiscard]] Log generate(const language::Pipeline& pipeline, const Options& options);

}  // namespace pawl::twin::adversarial
