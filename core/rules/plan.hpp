// What windows and decide have to compute for a pipeline: each distinct aggregate once, as a feature with columns of its own, and one
// program for all lets and rules.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/rules/program.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::rules {

struct LetPlan {
  std::size_t let = 0;      // index into Pipeline::lets
  bool evaluated = false;   // false: always missing
  Register value;
};

struct ScorePlan {
  Register value;
  bool is_constant = false;
  std::int64_t constant = 0;
};

struct RulePlan {
  std::size_t rule = 0;  // index into Pipeline::rules
  bool evaluated = false;  // false, or mode off: never fires
  Register when;
  std::vector<ScorePlan> scores;
  bool shadow = false;
  bool fire_if_missing = false;
};

struct Plan {
  const language::Pipeline* pipeline = nullptr;  // outlives the plan
  std::vector<window::FeatureSpec> features;     // distinct aggregates, in order of first use
  std::uint32_t feature_columns = 0;
  Program program;
  std::vector<LetPlan> lets;                     // one per let, in file order
  std::vector<RulePlan> rules;                   // one per rule, in file order
  std::vector<std::string> not_evaluated;        // what the compiler had to leave out beyond Pipeline's own marks, one line each
};

// Pure; allocates. REQUIRES: a checked pipeline.
[[nodiscard]] Plan make_plan(const language::Pipeline& pipeline);

}  // namespace pawl::rules
