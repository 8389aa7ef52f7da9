// The naive twin of patterns: for each key a plain list of runs, each with every event it took. Slow, and short enough to be seen right.
//
// What it means, where the language's page leaves it open (the product must agree):
//  - An event is of a run's key if it is of a type that the pattern names and has every part of the key. Only such events matter.
//  - A run is at one step at a time. It takes an event for the latest step that it can enter and whose condition is true: the step after
//    its own (once that has all it needs), one behind optional steps, or its own again while that may repeat. So it completes as early
//    as it can, nothing is tried again later, and one run stays one run.
//  - `then immediately b`: no event of the key between b and the event taken before; nor between the repetitions of b.
//  - `no x` is asked strictly between the events before and behind it: an event that a run takes does not count as x.
//  - `then immediately no x` looks at one event alone: the first of the key behind the last that the run took, whatever takes it. If that is x, the
//    run cannot enter what is behind the negation, not with that event either.
//  - `no x for d` with a step behind it looks d far from the last event taken, both ends included, and what is behind it can be entered later
//    than that alone.
//  - Every event that fits the first step starts a run of its own, whether or not it was taken by others; except when it completed a match
//    and matching goes on past the last event. That first clears the key's runs of the rule.
//  - One event fires a rule once: the oldest run that it completes gives the values. `skip to next` ends all runs it completes, no others.
//  - `where` is asked when a run would be complete. Not true: the run goes on if it can take more, else the event passes it by.
//    Missing: the rule counts as not evaluated at this event, and `if missing fire` completes the run.
//  - Runs whose first event is longer ago than `within` are gone; a run that starts beyond `limit` drops the oldest.
//  - A pattern that ends with `no x` is completed by its deadline: `within` behind its first event, or with `no x for d` d behind the last that
//    the run took, if then it has all it needs and no x came since that event. It fires at the first input whose time is greater: the effective
//    time of an event, of a tick the later of that and its own. What is due was so before that event, which neither breaks nor advances it;
//    but it comes behind the event's own decision. Those due at one input come by deadline, first sequence and place in the file. A match ends
//    the key's runs of the rule that began before the input, unless matches overlap. With `for`, a run may wait for longer than `within`, but
//    takes nothing then.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "tests/twin/evaluate.hpp"

namespace pawl::twin {

// An event that a run took.
struct Taken {
  Sequence sequence = no_sequence;
  Time effective_time = 0;
  std::vector<std::byte> slot;
};

struct PatternRun {
  std::size_t step = 0;                   // that took the last event
  std::vector<std::vector<Taken>> taken;  // by step
  std::set<std::size_t> closed;           // steps that cannot be entered until an event is taken
  bool passed = false;                    // an event of the key has come since, and was not taken

  [[nodiscard]] const Taken& first() const { return taken.front().front(); }
  [[nodiscard]] const Taken& last() const { return taken[step].back(); }
};

class PatternTwin {
 public:
  // REQUIRES: a rule with a pattern. Both outlive the twin.
  PatternTwin(const language::Pipeline& pipeline, const language::Rule& rule);

  struct Outcome {
    std::optional<PatternRun> fired;  // the run that the event completed
    bool missing = false;             // `where` was missing
  };
  // `scope`: of the event, with lets and aggregates.
  Outcome step(Sequence sequence, std::uint16_t event, const Scope& scope);

  // Of a pattern that ends with `no`: the run that is due first at an input of that time, with its deadline and the key's values in `run`.
  struct Due {
    Integer deadline;
    PatternRun run;
    std::string key;
    friend bool operator<(const Due& a, const Due& b) { return std::pair(a.deadline, a.run.first().sequence) < std::pair(b.deadline, b.run.first().sequence); }
  };
  [[nodiscard]] std::optional<Due> first_due(Time now) const;
  // What the run's end comes to: as step(), with `fired` its values. REQUIRES: first_due() gave it; input `sequence` has been taken by step().
  Outcome end(const Due& due, Sequence sequence, const Scope& scope);

  // The scope of an expression that reads the steps of a run. The run outlives the scope.
  [[nodiscard]] Scope scope_of(const PatternRun& run, const Scope& scope) const;

  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::size_t open_runs() const;  // those past `within` that no event of their key has cleared yet included

 private:
  struct Event {
    Sequence sequence;
    std::uint16_t type;
    const Scope& scope;
  };
  enum class Advance : std::uint8_t { stays, dies, completes };

  [[nodiscard]] const language::Pattern& pattern() const { return *rule_.pattern; }
  [[nodiscard]] bool key_of(const Event& event, std::string& key) const;
  [[nodiscard]] std::set<std::size_t> enterable(const PatternRun& run) const;
  [[nodiscard]] bool is_complete(const PatternRun& run) const;
  [[nodiscard]] bool is_timed() const { return pattern().steps.back().negated; }
  [[nodiscard]] Integer deadline(const PatternRun& run) const;
  [[nodiscard]] bool waits(const PatternRun& run) const;
  [[nodiscard]] bool is_past(const PatternRun& run, Time te) const { return static_cast<Int128>(te) - static_cast<Int128>(run.first().effective_time) > pattern().within; }
  [[nodiscard]] bool fits(std::size_t step, const PatternRun& run, const Event& event) const;
  [[nodiscard]] PatternRun with(PatternRun run, std::size_t step, const Event& event) const;
  Advance advance(PatternRun& run, const Event& event, Outcome& outcome) const;
  std::optional<Advance> take(PatternRun& run, std::size_t step, const Event& event, Outcome& outcome) const;
  void pass_by(PatternRun& run, const Event& event) const;
  void look_at_next(PatternRun& run, const Event& event) const;
  [[nodiscard]] bool has_own(const PatternRun& run) const { return static_cast<std::int64_t>(run.taken[run.step].size()) >= pattern().steps[run.step].at_least; }
  [[nodiscard]] std::vector<std::size_t> ahead(const PatternRun& run) const;
  [[nodiscard]] bool is_forbidden(std::size_t negation, const PatternRun& run, const Event& event) const;
  [[nodiscard]] bool is_too_early(std::size_t step, const PatternRun& run, const Event& event) const;
  void start(std::vector<PatternRun>& runs, const Event& event, Outcome& outcome);
  [[nodiscard]] std::size_t step_named(const std::string& name) const;
  [[nodiscard]] Datum value(const Taken& taken, std::size_t step, const std::string& member) const;
  [[nodiscard]] Datum over_repeated(const language::Expr& call, const PatternRun& run, Counters& counters) const;

  const language::Pipeline& pipeline_;
  const language::Rule& rule_;
  std::map<std::string, std::vector<PatternRun>> runs_;  // by key, oldest first
  std::uint64_t dropped_ = 0;
};

}  // namespace pawl::twin
