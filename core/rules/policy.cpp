#include "pawl/core/rules/policy.hpp"

#include <algorithm>

#include "pawl/core/base/assert.hpp"

namespace pawl::rules {
namespace {

constexpr std::array<std::string_view, decision_names.size()> usual_order{"decline", "reject", "challenge", "review", "allow", "approve"};

std::uint8_t index_of(std::string_view name) noexcept {
  const auto found = std::find(decision_names.begin(), decision_names.end(), name);
  PAWL_ASSERT(found != decision_names.end());
  return static_cast<std::uint8_t>(found - decision_names.begin());
}

}  // namespace

Rank PolicyPlan::rank_of(std::string_view name) const noexcept {
  return static_cast<Rank>(std::find(by_rank.begin(), by_rank.end(), index_of(name)) - by_rank.begin());
}

PolicyPlan plan_policy(const language::Policy& policy) {
  PolicyPlan plan;
  if (!policy.present) return plan;
  plan.present = true;
  std::vector<std::string_view> order(policy.order.begin(), policy.order.end());
  for (const std::string_view name : usual_order) {
    if (std::find(order.begin(), order.end(), name) == order.end()) order.push_back(name);
  }
  PAWL_ASSERT(order.size() == plan.by_rank.size());
  std::transform(order.begin(), order.end(), plan.by_rank.begin(), index_of);
  plan.cap = policy.cap.value_or(INT64_MAX);
  plan.otherwise = index_of(policy.default_decision);
  for (const auto& [decision, score] : policy.at_score) plan.thresholds.push_back({score, plan.rank_of(decision)});
  return plan;
}

std::string_view decision_of(language::ActionKind kind) noexcept {
  using language::ActionKind;
  switch (kind) {
    case ActionKind::allow: return "allow";
    case ActionKind::approve: return "approve";
    case ActionKind::decline: return "decline";
    case ActionKind::reject: return "reject";
    case ActionKind::review: return "review";
    case ActionKind::challenge: return "challenge";
    default: return {};
  }
}

}  // namespace pawl::rules
