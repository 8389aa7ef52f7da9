// The naive twin of windows and decide: every aggregate of every event is recomputed over the whole stored history of its key, from
// the definition in the language's manual, with exact numbers of any size. Slow, and short enough to be seen right.
//
// What the definition leaves open and the twin decides (the product must agree):
//  - `last N` takes the latest N events that match by type, key and `where`; of those, missing values are then skipped.
//  - a sum that does not fit 64 bits is missing, and so is the average over it, whatever its fraction would reduce to.
//  - a rule whose condition is missing is listed as not evaluated, also if `if missing fire` made it fire.
//  - a score that is missing adds nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "tests/twin/evaluate.hpp"
#include "tests/twin/model.hpp"
#include "tests/twin/value.hpp"

namespace pawl::twin {

struct Outcome {
  Sequence sequence = no_sequence;
  bool is_event = false;              // false for ticks and control: then nothing below is set
  std::uint16_t event = 0;            // index into Pipeline::events
  Time effective_time = 0;
  Datum id;                           // the event's field of that name
  Type id_type;
  std::vector<Datum> aggregates;      // by Engine::aggregate_index; missing where the event has not all key fields
  std::vector<Datum> lets;            // in file order
  std::vector<std::size_t> fired;     // live rules, in file order
  std::vector<std::size_t> shadow;    // shadow rules that would have fired
  std::vector<std::size_t> missing;   // rules, live or shadow, whose condition was missing
  std::string decision;
  Integer score = 0;                  // sum of what the fired rules score
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
  // effective times: the history that a report shows.
  struct Member { Sequence sequence; Time effective_time; Datum value; bool where; };
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
    Time effective_time;
    std::vector<Input> inputs;  // by Unique::value and Unique::where
  };
  using Keys = std::unordered_map<std::string, std::vector<std::size_t>>;  // indices into past_, ascending
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
  bool key_of(const Group& group, const EventSchema& schema, const std::byte* slot, std::string& key) const;
  void remember(std::uint16_t event, Sequence sequence, const std::byte* slot);
  Input to_input(const Type& type, const Datum& datum);
  Datum to_datum(const Type& type, const Input& input) const;

  Datum compute(const Unique& unique, Sequence sequence, const EventSchema& schema, const std::byte* slot);
  std::vector<const Past*> select(const Unique& unique, Sequence sequence, const std::vector<std::size_t>& history) const;
  Datum fold(const Unique& unique, const std::vector<const Past*>& window);
  [[nodiscard]] static Datum rate(const language::Aggregate& aggregate, std::size_t count);
  Datum extreme(const Unique& unique, const std::vector<const Past*>& window, bool greatest) const;
  Datum score(std::size_t model, std::uint16_t event, const Scope& scope) const;
  void decide(const Scope& scope, Outcome& outcome);

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
  Time effective_time_ = first_effective_time;
  Counters counters_;
};

}  // namespace pawl::twin
