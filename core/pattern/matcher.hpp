// All patterns of a pipeline: which of them each event completes.
//
//   span by span: begin(evaluator, lanes), then step(lane) for each lane of wanted(), in order
//
// The events' own parts of conditions were evaluated by the program over columns; most events fit nothing and are never looked at here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/pattern/group.hpp"

namespace pawl::pattern {

// Deterministic. Thread: one. No allocation after construction.
class Matcher {
 public:
  // Carves its memory from `arena`, which outlives it as the plan does; when that only measures, the matcher must not be used.
  Matcher(const PatternsPlan& plan, const PatternLimits& limits, state::Arena& arena);

  // Lanes of the span that `evaluator` has just run. REQUIRES: they follow those before; the evaluator stays as it is until the last step().
  void begin(const rules::Evaluator& evaluator, rules::Lanes lanes) noexcept;
  // Lanes whose event can start or advance a run; of the others no pattern learns.
  [[nodiscard]] rules::Lanes wanted() const noexcept { return wanted_; }
  // What the event completed; valid until the next call. REQUIRES: a lane of wanted(); lanes in order.
  const Findings& step(std::size_t lane) noexcept;
  // An output of a match's pattern. REQUIRES: found by the last step().
  [[nodiscard]] Operand output(const Findings::Match& match, std::size_t index) noexcept;

  // The earliest deadline of a run that waits for its own; INT64_MAX: none does.
  [[nodiscard]] Time deadline() const noexcept;
  // See Group::none_due_before and Group::end_past.
  [[nodiscard]] Time none_due_before() const noexcept;
  void end_past(Time te) noexcept;
  // Ends the run that has the earliest deadline: see Group::end_first_due. REQUIRES: there is one.
  [[nodiscard]] Due end_first_due(std::size_t lane, Sequence sequence) noexcept;
  // REQUIRES: found by the last end_first_due().
  [[nodiscard]] Operand output(const Due& due, std::size_t index) noexcept { return output(Findings::Match{due.pattern, due.run}, index); }

  [[nodiscard]] std::size_t groups() const noexcept { return groups_.size(); }
  [[nodiscard]] Group& group(std::size_t index) noexcept { return *groups_[index]; }
  [[nodiscard]] const Group& group(std::size_t index) const noexcept { return *groups_[index]; }
  // Of all groups.
  [[nodiscard]] GroupCounters counters() const noexcept;

 private:
  [[nodiscard]] Group* first_due() const noexcept;

  const PatternsPlan& plan_;
  std::vector<std::unique_ptr<Group>> groups_;
  Findings findings_;
  const rules::Evaluator* evaluator_ = nullptr;
  rules::Lanes wanted_ = 0;
  std::size_t lane_ = 0;  // of the last step() or end_first_due()
};

}  // namespace pawl::pattern
