// What a pipeline's policy makes of scores and of what rules ask for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "pawl/core/language/pipeline.hpp"

namespace pawl::rules {

// In the order of DecisionRecord::decision.
inline constexpr std::array<std::string_view, 6> decision_names{"approve", "allow", "decline", "reject", "review", "challenge"};

// Decisions by rank: 0 wins over 1 ...
using Rank = std::uint8_t;
inline constexpr Rank no_rank = decision_names.size();

struct PolicyPlan {
  bool present = false;                 // else every decision is `approve`, and the score is the sum
  std::int64_t cap = INT64_MAX;         // no score is larger
  std::uint8_t otherwise = 0;           // when nothing asks for another decision: `default`
  std::array<std::uint8_t, decision_names.size()> by_rank{};  // index into decision_names
  struct Threshold { std::int64_t score; Rank rank; };
  std::vector<Threshold> thresholds;    // a score of at least `score` asks for that decision

  [[nodiscard]] Rank rank_of(std::string_view name) const noexcept;
};

// Decisions that `order` does not name come behind those that it does: decline, reject, challenge, review, allow, approve.
[[nodiscard]] PolicyPlan plan_policy(const language::Policy& policy);

// The decision that the action asks for, or nothing: of alerts, scores, tags and list edits.
[[nodiscard]] std::string_view decision_of(language::ActionKind kind) noexcept;

}  // namespace pawl::rules
