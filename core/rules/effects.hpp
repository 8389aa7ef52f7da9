// Decide's second pass: what firing does beyond its own decision, in the order of the log. An effect of input S is visible from S + 1 on,
// inside a batch too.
//
// The pass takes the span columnwise as if nothing in it had an effect, and acts in the lanes where rules fire that have one, upwards. Only
// when a list has changed, what was computed of the lanes behind is computed again. So a batch without effects costs its columns once, and
// one event by itself is the same code.
//
// Everything that deciding remembers hangs here: lists and cooldowns, each with rows of its own (state_rows.hpp). What else comes to
// remember something (patterns) is advanced in act_at(), lane by lane, before cooldowns are asked, and adds its rows to rows().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pawl/core/pattern/matcher.hpp"
#include "pawl/core/pattern/state_rows.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/rules/expiring_keys.hpp"
#include "pawl/core/rules/firing.hpp"
#include "pawl/core/rules/list_key.hpp"
#include "pawl/core/window/windows.hpp"

namespace pawl::rules {

// Thread: one. No allocation after construction. The plan outlives it.
class Effects {
 public:
  [[nodiscard]] static std::size_t memory_bytes(const Plan& plan, const window::StateLimits& limits);
  // Each list holds limits.keys_max values, all cooldowns together as many keys. REQUIRES: `memory` is zeroed, starts at a cache line, has
  // memory_bytes() and outlives this.
  Effects(const Plan& plan, const window::StateLimits& limits, std::span<std::byte> memory);

  [[nodiscard]] std::span<const ExpiringKeys> lists() const noexcept { return lists_; }

  // REQUIRES: the evaluator has just run the span, and asks lists().
  void run(Evaluator& evaluator) noexcept;

  // Of a rule with a pattern, among `lanes`: where an event completed a run, and where `where` was missing.
  [[nodiscard]] Firing matched(std::size_t rule, Lanes lanes) const noexcept { return {matched_[rule].fired & lanes, matched_[rule].missing & lanes}; }
  [[nodiscard]] const pattern::Matcher* matcher() const noexcept { return matcher_ ? &*matcher_ : nullptr; }

  // --- Of patterns that end with `no` ---

  // The earliest deadline of an open run; INT64_MAX: there is none.
  [[nodiscard]] Time deadline() const noexcept { return matcher_ ? matcher_->deadline() : INT64_MAX; }
  // See pattern::Group.
  [[nodiscard]] Time none_due_before() const noexcept { return matcher_ ? matcher_->none_due_before() : INT64_MAX; }
  // What a deadline has come to.
  struct Timed {
    std::size_t rule;
    const pattern::PatternPlan* pattern;
    const pattern::RunHead* run;
    std::span<const std::byte> key;
    bool fired, missing, suppressed, live;
  };
  // The next of the deadlines before `now`, in order, that fires its rule, or whose `where` is missing; nothing: there is none. It belongs to
  // input `sequence`, the last of the span just run: what it changes is seen by the next one and by the inputs behind. Valid until the
  // next call. REQUIRES: run() of that span.
  [[nodiscard]] std::optional<Timed> next_timed(Evaluator& evaluator, Sequence sequence, Time now) noexcept;

  // Lanes of the tile so far where the rule fired but was suppressed by its cooldown.
  [[nodiscard]] Lanes suppressed(std::size_t rule) const noexcept { return suppressed_[rule]; }

  // In an order that the plan alone decides.
  [[nodiscard]] std::vector<StateRows> rows();
  [[nodiscard]] std::vector<const ExpiringKeys*> remembered() const;

 private:
  [[nodiscard]] std::size_t act(Evaluator& evaluator, std::size_t first, std::size_t last) noexcept;
  [[nodiscard]] bool will_change(const Evaluator& evaluator, std::size_t lane) noexcept;
  void act_at(const Evaluator& evaluator, std::size_t lane) noexcept;
  static void put(Register to, const pattern::Operand& value, Evaluator& evaluator, std::size_t lane) noexcept;
  void step_patterns(Evaluator& evaluator, std::size_t lane) noexcept;
  [[nodiscard]] bool live(const RulePlan& rule, const Evaluator& evaluator, std::size_t lane) const noexcept;
  [[nodiscard]] const std::byte* cooldown_key(const RulePlan& rule, const Evaluator& evaluator, std::size_t lane) noexcept;
  [[nodiscard]] std::byte* begin_cooldown_key(const RulePlan& rule) noexcept;
  [[nodiscard]] bool cools_down(const std::byte* key, Time now) const noexcept;
  [[nodiscard]] bool start_cooldown(const std::byte* key, Time now, Duration cooldown) noexcept;
  void edit(const EditPlan& edit, const Evaluator& evaluator, std::size_t lane, Time now) noexcept;
  void act_on(Timed& timed, const std::vector<pattern::KeyPart>& parts, const Evaluator& evaluator, std::size_t lane) noexcept;
  [[nodiscard]] const std::byte* cooldown_key(const RulePlan& rule, const std::vector<pattern::KeyPart>& parts, const std::byte* key) noexcept;
  [[nodiscard]] const std::byte* value_key(const EditPlan& edit, const Evaluator& evaluator, std::size_t lane, bool& present) noexcept;

  const Plan& plan_;
  std::vector<ExpiringKeys> lists_;
  std::vector<ExpiringKeys> cooldowns_;  // one, or none
  std::vector<std::size_t> acting_;      // rules that act
  std::vector<Lanes> fired_;             // of those, in the same order
  std::vector<Lanes> suppressed_;        // by rule
  std::optional<pattern::Matcher> matcher_;  // of a pipeline with patterns
  std::vector<pattern::GroupRows> runs_;     // rows of its groups
  std::vector<Firing> matched_;          // by rule
  std::vector<const std::vector<pattern::KeyPart>*> timed_keys_;  // by pattern; null: it ends with an event
  ListKey room_;
  std::vector<std::byte> cooldown_key_;  // room for one
};

}  // namespace pawl::rules
