// The naive twin of windows and decide: every aggregate of every event is recomputed over the whole stored history of its key, from
// the definition in the language's manual, with exact numbers of any size. Slow, and short enough to be seen right.
//
// What the definition leaves open and the twin decides (the product must agree):
//  - `last N` takes the latest N events that match by type, key and `where`; of those, missing values are then skipped.
//  - a sum that does not fit 64 bits is missing, and so is the average over it, whatever its fraction would reduce to.
//  - a rule whose condition is missing is listed as not evaluated, also if `if missing fire` made it fire.
//  - a score that is missing adds nothing.
//  - of floats an aggregate sees the finite ones, and one zero.
//  - an ewma is sum / weight, two doubles that begin with 0, are multiplied by the decay since the value before, and grow by the value and by 1.
//  - a list holds a value for `for`, else for `expires after`, from the effective time on at which it was added, that moment less than the
//    duration ago; added again, for the longer of both. A missing value is not added; a text that is longer than the list's is in no list.
//  - a cooldown counts from the last firing that it did not suppress, and is over when it has lasted. A key with a missing part never
//    cools down. A shadow rule has a cooldown too, but edits no list.
//  - a rule that is live for a share of keys is live where XXH3-64 of the key's bytes (8 of a number, of a text as many as it has), seeded with
//    XXH3-64 of the rule's name, is below the percentage modulo 100; elsewhere, and without a key, it is in shadow.
//  - policy: the score is at most `cap`; of what live rules ask for and `at score` gives, the first in `order` is the decision; decisions that are not
//    in it come behind, as decline, reject, challenge, review, allow, approve; nothing asked for: `default`.
//  - effects take place when all rules of the event have been asked, in file order; behind that come the input's timed outputs, one after the other,
//    each with its effects. These count from the effective time, which ticks do not advance; cooldowns and shares are by the first event's fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "tests/twin/evaluate.hpp"
#include "tests/twin/model.hpp"
#include "tests/twin/pattern.hpp"
#include "tests/twin/value.hpp"

namespace pawl::twin {

// What a deadline came to: a pattern that ends with `no`.
struct Timed {
  std::size_t rule = 0;
  Sequence first_sequence = no_sequence;  // of the first event that the pattern took
  std::vector<Datum> key;
  Datum id;                               // of the first step: the first value that there is
  bool fired = false, shadow = false, suppressed = false, missing = false;  // the first three exclude each other
  std::string decision;
  Integer score = 0;
  friend bool operator==(const Timed&, const Timed&) = default;
};

struct Outcome {
  Sequence sequence = no_sequence;
  std::vector<Timed> timed;           // in order; a tick has them too
  bool is_event = false;              // false for ticks and control: then nothing below is set
  std::uint16_t event = 0;            // index into Pipeline::events
  Time effective_time = 0;
  Datum id;                           // the event's field of that name
  Type id_type;
  std::vector<Datum> aggregates;      // by Engine::aggregate_index; missing where the event has not all key fields
  std::vector<Datum> lets;            // in file order
  std::vector<std::size_t> fired;     // live rules, in file order
  std::vector<std::size_t> shadow;    // shadow rules that would have fired
  std::vector<std::size_t> suppressed;  // rules, live or shadow, that fired within their cooldown; not among the above
  std::vector<std::size_t> missing;   // rules, live or shadow, whose condition was missing
  std::string decision;
  Integer score = 0;                  // sum of what the fired live rules score, at most the policy's cap
};

class Engine {
 public:
  // The pipeline outlives the engine.
  explicit Engine(const language::Pipeline& pipeline);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // One input, as it stands in a slot. REQUIRES: sequences ascend.
  Outcome step(Sequence sequence, const std::byte* slot);

  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const language::Pipeline& pipeline() const { return pipeline_; }

  // Distinct aggregates of all lets, rules and scores. Two nodes of the tree with one meaning have one index.
  [[nodiscard]] std::size_t aggregate_count() const { return aggregates_.size(); }
  [[nodiscard]] const language::Expr& aggregate(std::size_t index) const { return *aggregates_[index].expr; }  // its Expr::aggregate is set
  [[nodiscard]] std::size_t aggregate_index(const language::Aggregate& aggregate) const;  // REQUIRES: of this pipeline, or equal to one

  // Sequences of the past events in the event's group for this aggregate (same key, right types, `where` not yet asked), with their
  // places: the history that a report shows.
  struct Member { Sequence sequence; Time place; Datum value; bool where; };
  [[nodiscard]] std::vector<Member> history(std::size_t aggregate, const std::byte* slot) const;

 private:
  // What an aggregate needs of a windowed event, computed when that event comes. Small: there are many.
  struct Input {
    bool missing = true;
    std::int64_t number = 0, denominator = 1;
    double floating = 0;
    std::uint32_t text = 0;  // index into texts_
  };
  struct Past {
    Sequence sequence;
    Time place;  // in windows: the effective time, or that of an event which may be late
    std::vector<Input> inputs;  // by Unique::value and Unique::where
  };
  using Keys = std::unordered_map<std::string, std::vector<std::size_t>>;  // indices into past_, in the order of places, of equal ones in that of the log
  struct Group {
    std::vector<std::string> key;
    std::vector<std::uint16_t> on;
    Keys events;
  };
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct Unique {
    const language::Expr* expr;
    std::size_t group;
    std::size_t value = none, where = none;  // index into inputs_
  };

  void collect(const language::Expr& expr);
  void collect(const language::Aggregate& aggregate, const language::Expr& expr);
  std::size_t group_of(const language::Aggregate& aggregate);
  std::size_t input_of(const language::Expr* expr);

  // False: a part of the key is missing or the event does not have it.
  static bool key_of(const std::vector<std::string>& names, const EventSchema& schema, const std::byte* slot, std::string& key);
  void remember(std::uint16_t event, Sequence sequence, const std::byte* slot);
  Input to_input(const Type& type, const Datum& datum);
  Datum to_datum(const Type& type, const Input& input) const;

  Datum compute(const Unique& unique, Sequence sequence, const EventSchema& schema, const std::byte* slot);
  std::vector<const Past*> select(const Unique& unique, Sequence sequence, const std::vector<std::size_t>& history) const;
  Datum fold(const Unique& unique, const std::vector<const Past*>& window);
  [[nodiscard]] static Datum rate(const language::Aggregate& aggregate, std::size_t count);
  [[nodiscard]] Datum ranked(const Unique& unique, const std::vector<const Past*>& window) const;
  [[nodiscard]] static Datum of_operator(const Unique& unique, const std::vector<const Past*>& window);
  Datum decayed(const Unique& unique, const std::vector<const Past*>& window);
  Datum extreme(const Unique& unique, const std::vector<const Past*>& window, bool greatest) const;
  Datum score(std::size_t model, std::uint16_t event, const Scope& scope) const;
  void decide(const Scope& scope, Outcome& outcome);
  bool cools_down(std::size_t rule, const Scope& scope);
  [[nodiscard]] static bool in_shadow(const language::Rule& rule, const Scope& scope);
  void apply_policy(Outcome& outcome) const;
  void fire_due(Sequence sequence, Time now, Outcome& outcome);
  Timed fire_one(std::size_t rule, const PatternTwin::Due& due, Sequence sequence);
  bool holds(std::size_t list, const Datum& value) const;
  void edit(const language::Action& action, const Datum& value);
  void decide_pattern(std::size_t rule, const Scope& scope, Outcome& outcome, std::map<std::size_t, PatternRun>& matched);
  void fire(std::size_t rule, const Scope& scope, Outcome& outcome);

  const language::Pipeline& pipeline_;
  std::vector<std::unique_ptr<NaiveModel>> models_;  // null: its file was not read
  std::vector<Unique> aggregates_;
  std::unordered_map<std::string, std::size_t> index_by_text_;
  std::unordered_map<const language::Aggregate*, std::size_t> index_by_node_;
  std::vector<Group> groups_;
  std::vector<const language::Expr*> inputs_;
  std::unordered_map<std::string, std::size_t> input_by_text_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::uint32_t> text_index_;
  std::vector<Past> past_;
  std::map<std::pair<Int128, Duration>, double> factors_;  // known ones: each takes its time
  std::unordered_map<std::size_t, PatternTwin> patterns_;  // by rule
  Time effective_time_ = first_effective_time;
  Time place_ = 0;  // of the event at hand
  std::vector<std::map<std::string, Integer>> lists_;                          // by list: value, and the time from which on it is held no more
  std::map<std::pair<std::size_t, std::string>, Integer> cooldowns_;           // rule and key, and the time at which it is over
  Counters counters_;
};

}  // namespace pawl::twin
