// Whether the same command gives the same figures again: judged from within one run, and by a second one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/outcome.hpp"

namespace pawl::bench {

// Figures whose median is not known to noisy_percent, and how the machine's condition moved meanwhile. One to three sentences.
[[nodiscard]] std::string judge(const Outcome& outcome);

// The machine's condition over the rounds, as figures that nobody judges. Nothing if it was never read.
[[nodiscard]] std::vector<Series> condition_series(const std::vector<Condition>& conditions);

struct Comparison {
  struct Moved {
    std::string group, name;
    double before, now;
    bool was_noisy;  // in one of the runs, which said so
  };
  std::size_t compared = 0;        // figures that both have
  std::vector<Moved> moved = {};   // apart by more than noisy_percent
  std::string machine = {};        // how its condition differs, or that it doesn't

  [[nodiscard]] std::string text(const std::string& of_what) const;
};
// Both as to_json writes an outcome.
[[nodiscard]] Comparison compare(const nlohmann::json& before, const nlohmann::json& now);

}  // namespace pawl::bench
