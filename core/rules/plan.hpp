// What windows and decide have to compute for a pipeline: each distinct aggregate once, as a feature with columns of its own, and one
// program for all lets and rules.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/pattern/plan.hpp"
#include "pawl/core/rules/condition_plan.hpp"
#include "pawl/core/rules/policy.hpp"
#include "pawl/core/rules/program.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::rules {

struct ScorePlan {
  Register value;
  bool is_constant = false;
  std::int64_t constant = 0;
};

// Fields of an event that make a key, one behind the other: numbers in 8 bytes, texts padded with zeros to the longest there is.
struct KeyPlan {
  struct Part {
    std::uint16_t field;  // index into Program::fields
    std::uint32_t bytes;
    std::uint16_t of_pattern = 0;  // of a rule whose pattern ends with `no`: the part of the pattern's key that it is
  };
  std::vector<Part> parts;
  std::size_t bytes = 0;
};

// One of the texts that a chosen one can be.
struct TextChoice {
  std::optional<Register> when;  // a boolean: it is this one where that is true; nothing: always
  bool is_field = false;
  std::size_t index = 0;         // as Operand's
};

// A value where it stands: a column, or a text that is none. In `add .. to list`, in explanations.
struct Operand {
  // model_reasons, of explanations alone: the text is made when it is shown. `column` is the model's score.
  enum class Kind : std::uint8_t { column, text_field, text, chosen_text, model_reasons } kind = Kind::column;
  Register column;
  std::size_t index = 0;    // into Program::fields, Program::texts or Program::models
  std::vector<TextChoice> choices;  // chosen_text: the first that is true, else it is missing
};

struct EditPlan {
  std::size_t list = 0;
  bool add = true;          // false: remove
  Duration ttl = 0;         // 0: for ever
  Operand value;
};

struct LetPlan {
  std::size_t let = 0;      // index into Pipeline::lets
  bool evaluated = false;   // false: always missing
  Register value;           // of a text: a boolean, true where it has a value
  std::vector<bool> readable;  // by event type; empty: at all. Elsewhere its column may hold something that nobody reads
  bool is_text = false;     // only if it is evaluated
  Operand text;
  std::size_t bytes = 0;    // of the longest text
};

// `mode live PERCENT by key`: see share.hpp.
struct SharePlan {
  unsigned percent = 100;   // of keys that the rule is live for
  std::uint16_t field = 0;  // index into Program::fields
  std::uint64_t seed = 0;
  std::uint16_t of_pattern = 0;  // as KeyPlan::Part's
};

// A value that an explanation shows: a field, let or aggregate of a condition, or what stands in a reason's braces.
struct ShownValue {
  std::string text;  // as the language writes it
  Type type;
  std::vector<std::string> labels;  // of an enumeration
  bool known = false;               // false: this release does not compute it; it shows as missing
  Operand value;
  std::size_t bytes = 0;            // of a text; else 0
};

struct RulePlan {
  std::size_t rule = 0;  // index into Pipeline::rules
  bool evaluated = false;  // false, or mode off: never fires
  bool has_pattern = false;  // then a run that is completed fires it, and not `when`
  Register when;
  std::vector<ScorePlan> scores;
  bool shadow = false;
  bool fire_if_missing = false;
  Duration cooldown = 0;   // 0: none
  KeyPlan cooldown_key;    // starts with 8 bytes for the rule's index
  std::vector<EditPlan> edits;
  SharePlan share;
  Rank rank = no_rank;     // of the best decision that it asks for
  std::vector<std::size_t> values;              // of the condition, in order of appearance; indices into Plan::shown
  std::vector<std::vector<std::size_t>> holes;  // of each reason
  std::vector<std::size_t> where_fired;         // of both, what is made only where the rule fired: reasons of models, and what a match computed

  // What it does when it fires is done in the second pass.
  [[nodiscard]] bool acts() const noexcept { return evaluated && (cooldown != 0 || !edits.empty()); }
};

// See list_key.hpp.
struct ListPlan {
  bool floating = false;
  std::size_t bytes = 8;  // of a value, as a key
};

struct Plan {
  const language::Pipeline* pipeline = nullptr;  // outlives the plan
  std::vector<window::FeatureSpec> features;     // distinct aggregates, in order of first use
  std::uint32_t feature_columns = 0;
  Program program;
  std::vector<LetPlan> lets;                     // one per let, in file order
  std::vector<RulePlan> rules;                   // one per rule, in file order
  std::vector<ListPlan> lists;                   // one per list, in file order
  PolicyPlan policy;
  std::vector<ShownValue> shown;                 // what explanations show, each distinct expression once
  pattern::PatternsPlan patterns;                // of rules that are evaluated and not off
  std::vector<Register> pattern_reads;           // columns of the program that patterns look at
  ConditionPlan conditions;                      // of rules without patterns that are free of state
  std::vector<std::string> not_evaluated;        // what the compiler had to leave out beyond Pipeline's own marks, one line each

  // Deciding remembers something from event to event, so there is a second pass.
  [[nodiscard]] bool stateful() const noexcept {
    return !program.dependent.empty() || !patterns.patterns.empty() || std::any_of(rules.begin(), rules.end(), [](const RulePlan& rule) { return rule.acts(); });
  }
  // Firings can be suppressed: records say which.
  [[nodiscard]] bool has_cooldowns() const noexcept {
    return std::any_of(rules.begin(), rules.end(), [](const RulePlan& rule) { return rule.evaluated && rule.cooldown != 0; });
  }
  // A rule can be live for one event and in shadow for another: records say which.
  [[nodiscard]] bool has_shares() const noexcept {
    return std::any_of(rules.begin(), rules.end(), [](const RulePlan& rule) { return rule.evaluated && rule.share.percent < 100; });
  }
};

// Pure; allocates. REQUIRES: a checked pipeline.
[[nodiscard]] Plan make_plan(const language::Pipeline& pipeline);

}  // namespace pawl::rules
