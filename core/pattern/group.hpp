// All patterns with one key: their open runs, by key.
//
// A span of events goes through phases, so that cache misses overlap: begin() finds the events that can start or advance a run at all,
// gathers their keys and fetches their records and runs; then step() takes them one by one, in order.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pawl/core/pattern/deadlines.hpp"
#include "pawl/core/pattern/plan.hpp"
#include "pawl/core/pattern/runs.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/state/key_table.hpp"

namespace pawl::pattern {

struct PatternLimits {
  std::uint64_t keys_max = 1 << 20;  // per group: keys with open runs
  std::uint64_t runs_max = 1 << 22;  // per group
};

struct GroupCounters {
  std::uint64_t keys = 0, runs = 0;        // now
  std::uint64_t runs_dropped = 0;          // the oldest of a key that reached its pattern's `limit`
  std::uint64_t runs_refused = 0;          // not started: their partition was full of keys or runs
  FormulaCounters missing;                 // values that became missing
};

// What one event completed or could not decide. Patterns by their index in the plan.
struct Findings {
  struct Match {
    std::size_t pattern;
    const RunHead* run;  // with the event that completed it; valid until the next event
  };
  std::vector<Match> matches;
  std::vector<std::size_t> missing;  // `where` was missing

  void clear() noexcept {
    matches.clear();
    missing.clear();
  }
};

// A run whose deadline has passed.
struct Due {
  std::size_t pattern;          // its index in the plan
  const RunHead* run;           // a copy; valid until the next one
  std::span<const std::byte> key;  // likewise
  bool fired, missing;          // `where` is true, or was missing
};

// Thread: one. No allocation after construction. Plans outlive it.
class Group {
 public:
  // Carves its memory from `arena`; when that only measures, the group must not be used.
  Group(const std::vector<PatternPlan>& patterns, const GroupPlan& plan, const PatternLimits& limits, state::Arena& arena);

  // Lanes of the span that the evaluator has just run.
  void begin(const rules::Evaluator& evaluator, rules::Lanes lanes) noexcept;
  // Those of them that can start or advance a run.
  [[nodiscard]] rules::Lanes wanted() const noexcept { return wanted_; }
  // REQUIRES: a lane of wanted(); lanes in order. Adds to `findings`, which has room for a match and a note per pattern.
  void step(const rules::Evaluator& evaluator, std::size_t lane, Findings& findings) noexcept;

  // Of the runs that wait for their deadline the one that is due first; null: none waits.
  [[nodiscard]] const Deadline* first_due() const noexcept { return waiting_.empty() ? nullptr : &waiting_.first(); }
  // Not before this time is a run due, if none begins; INT64_MAX: never.
  [[nodiscard]] Time none_due_before() const noexcept {
    return std::min(waiting_.empty() ? INT64_MAX : waiting_.first().at, others_.empty() ? INT64_MAX : others_.first().at);
  }
  // Ends runs that can no longer come to wait, at effective time `te`.
  void end_past(Time te) noexcept;
  // Ends that run, and with it, unless matches may overlap, the key's others of its pattern that began before input `sequence`, which has
  // been taken by step(). REQUIRES: first_due(); `lane` is that input's.
  [[nodiscard]] Due end_first_due(const rules::Evaluator& evaluator, std::size_t lane, Sequence sequence) noexcept;

  [[nodiscard]] GroupCounters counters() const noexcept { return {table_.size(), pool_.size(), runs_dropped_, runs_refused_, formula_counters_}; }
  [[nodiscard]] FormulaCounters& formula_counters() noexcept { return formula_counters_; }

 private:
  friend class GroupSaver;
  friend class GroupLoader;
  using Index = state::KeyTable::Index;
  enum class Fate : std::uint8_t { stays, ends, is_due };

  // One event in its turn.
  struct Turn {
    const rules::Evaluator& evaluator;
    std::size_t lane;
    Findings& findings;
    Time te;
    const std::byte* slot;
    std::uint64_t hash;
    const std::byte* key;
    Index record = state::KeyTable::none;
  };

  void find_wanted(const rules::Evaluator& evaluator, rules::Lanes lanes) noexcept;
  void gather_keys(const rules::Evaluator& evaluator) noexcept;
  [[nodiscard]] bool gather_key(std::size_t event, const std::byte* slot, std::byte* key) const noexcept;
  void fetch() const noexcept;

  [[nodiscard]] KeyHead* head_of(Index record) const noexcept { return reinterpret_cast<KeyHead*>(table_.record(record)); }
  [[nodiscard]] Index find(std::uint64_t hash, const std::byte* key) const noexcept;
  [[nodiscard]] const PatternPlan& plan_of(std::size_t pattern) const noexcept { return patterns_[plan_.patterns[pattern]]; }
  [[nodiscard]] Moment moment(const Turn& turn, const RunHead& run) noexcept;
  // A run outside of the pool: those that were completed, by pattern, then the two below.
  [[nodiscard]] RunHead* aside(std::size_t index) noexcept { return reinterpret_cast<RunHead*>(aside_.data() + index * pool_.run_bytes()); }
  [[nodiscard]] RunHead* tried() noexcept { return aside(plan_.patterns.size()); }
  [[nodiscard]] RunHead* fresh() noexcept { return aside(plan_.patterns.size() + 1); }

  void advance_runs(Turn& turn) noexcept;
  [[nodiscard]] Fate advance(Turn& turn, RunHead& run) noexcept;
  [[nodiscard]] bool is_waiting(const PatternPlan& plan, RunHead& run) const noexcept { return plan.end != 0 && waiting_.holds(run); }
  void set_deadline(const PatternPlan& plan, RunHead& run, Time te) noexcept;
  void wait_or_not(RunIndex index) noexcept;
  [[nodiscard]] bool may_take(const Turn& turn, const RunHead& run, std::size_t step) noexcept;
  enum class Taken : std::uint8_t { completes, goes_on, passes };
  [[nodiscard]] Taken take(Turn& turn, RunHead& run, std::size_t step) noexcept;
  [[nodiscard]] bool where_holds(Turn& turn, std::size_t pattern, const RunHead& run) noexcept;
  void pass_by(Turn& turn, RunHead& run) noexcept;
  void ask_negations(Turn& turn, RunHead& run, bool of_next) noexcept;
  void start_runs(Turn& turn) noexcept;
  void start(Turn& turn, std::size_t pattern) noexcept;
  void complete(Turn& turn, const RunHead& run) noexcept;
  void add(Turn& turn, const RunHead& run) noexcept;
  [[nodiscard]] bool make_room(Turn& turn) noexcept;
  // A run in its key's list, behind `before` or first.
  struct Link { RunIndex index = no_run, before = no_run; };
  void drop(Turn& turn, Link run) noexcept;
  // Removes the runs of a key for which gone(run, link) is true. True: the key is left without any, and is gone too.
  template <class Gone>
  bool remove_runs(Index record, Gone gone) noexcept;
  void give_back(RunIndex run, std::size_t partition) noexcept;
  void link(Index record, RunIndex run) noexcept;

  const std::vector<PatternPlan>& patterns_;
  const GroupPlan& plan_;
  state::KeyTable table_;
  bool timed_;                                // patterns that end with `no` are among them
  RunPool pool_;
  Deadlines waiting_, others_;
  std::array<std::uint32_t, limits::partitions> hands_{};  // of the clock that looks for runs past their time
  std::uint64_t runs_dropped_ = 0, runs_refused_ = 0;
  FormulaCounters formula_counters_;

  // Of the span at hand.
  std::vector<std::size_t> first_step_;       // by pattern: where its steps begin in fits_
  std::vector<rules::Lanes> fits_;            // by step: lanes whose event fits all that reads no step
  std::vector<rules::Lanes> named_;           // by pattern: lanes of events that it names
  rules::Lanes wanted_ = 0;
  std::vector<std::uint16_t> starts_;         // by lane: patterns that it can start, as many as there are patterns
  std::array<std::uint16_t, limits::tile_events> start_counts_{};
  std::array<std::uint64_t, limits::tile_events> concerned_{};  // by lane: bits of the patterns whose runs it may advance or start
  std::vector<std::byte> keys_;               // by lane
  std::array<std::uint64_t, limits::tile_events> hashes_{};

  // Of the event at hand.
  std::vector<std::byte> aside_;
  std::uint64_t turn_ = 0;
  struct OfPattern {
    std::uint64_t counted = 0, completed = 0, noted = 0;  // the last turn in which ..
    std::uint32_t open = 0;                               // runs of the key that stay, in turn `counted`
    Link oldest;                                          // of those
  };
  std::vector<OfPattern> of_pattern_;
  std::vector<std::byte> due_key_;
  bool clears_ = false;                       // a completed pattern takes the key's other runs with it
};

}  // namespace pawl::pattern
