// Decide: from features to decisions, in sequence order. The last stage that touches an input's slot.
//
// Two passes: what is free of state is computed columnwise; then, only for pipelines that remember something, effects.hpp goes through the
// span in the order of the log.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "pawl/core/rules/decision.hpp"
#include "pawl/core/rules/digest.hpp"
#include "pawl/core/rules/effects.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/rules/text_lets.hpp"

namespace pawl::rules {

// Thread: one. No allocation after construction. The plan and the layout outlive it.
class Decide {
 public:
  // REQUIRES: the plan is not stateful.
  Decide(const Plan& plan, const DecisionLayout& layout, const Kernels& kernels = best_kernels());

  // What a stateful plan needs; 0 of any other.
  [[nodiscard]] static std::size_t memory_bytes(const Plan& plan, const window::StateLimits& limits);
  // REQUIRES: `memory` is zeroed, starts at a cache line, has memory_bytes() and outlives this.
  Decide(const Plan& plan, const DecisionLayout& layout, const window::StateLimits& limits, std::span<std::byte> memory, const Kernels& kernels = best_kernels());

  // Set-up, of tests: digest intervals of another length, whole tiles.
  void set_digest_interval(std::int64_t inputs) noexcept { interval_inputs_ = inputs; }

  // Patterns of the plan end with `no`: behind each run() come timed outputs, and spans end where some may be due.
  [[nodiscard]] bool timed() const noexcept { return timed_; }
  // The last input of a span from `first` on, at most `last`: behind no other one before it is a deadline due. REQUIRES: as run().
  [[nodiscard]] Sequence span_end(const SlotView& slots, Sequence first, Sequence last) const noexcept;
  // Writes the next timed output of the last input that was run, as run() does; false: there is none left, and nothing was written. To be asked
  // until then, before the next span; the record's room may come from anywhere. REQUIRES: timed(); slots as in run().
  [[nodiscard]] bool next_timed(const SlotView& slots, std::byte* record) noexcept;
  // Some may be left.
  [[nodiscard]] bool owes_timed() const noexcept { return owes_timed_; }
  // The earliest deadline that is open; INT64_MAX: none.
  [[nodiscard]] Time deadline() const noexcept { return timed_ ? effects_->deadline() : INT64_MAX; }

  // Evaluates first..last and writes one record for each event among them to out(i), i = 0, 1, ...; returns how many.
  // REQUIRES: first..last lie in one tile and follow the span before; out(i) is room for layout.record_bytes(), aligned to 64, for as many
  // as there are sequences; first..last is a span as span_end() has it, and no timed outputs are owed.
  template <class Out>
  std::size_t run(const SlotView& slots, const state::Tiles& tiles, Sequence first, Sequence last, Out&& out) noexcept {
    evaluate(slots, tiles, first, last);
    std::size_t records = 0;
    each_lane(evaluator_.events(), [&](std::size_t lane) { records_[lane] = out(records++); });
    decide(slots);
    if (!timed_) close_tile();
    else owe_timed();
    return records;
  }

  // Of everything up to and including the last sequence that was run.
  [[nodiscard]] Digest128 digest() noexcept;
  // The last sequence that was run.
  [[nodiscard]] Sequence sequence() const noexcept { return sequence_; }

  struct Interval {
    Sequence last = no_sequence;  // its last sequence; no_sequence: no interval has ended yet
    Digest128 digest{};
  };
  // The digest interval that ended last.
  [[nodiscard]] const Interval& last_interval() const noexcept { return interval_; }

  // Firings by rule, in file order, shadow ones included, suppressed ones not.
  [[nodiscard]] std::span<const std::uint64_t> firings() const noexcept { return firings_; }
  [[nodiscard]] const Evaluator& evaluator() const noexcept { return evaluator_; }

  // What deciding carries from event to event beside rows(), at the end of a digest interval: there the digest's 16 bytes are all of its state.
  struct Standing {
    Sequence sequence = no_sequence;
    Digest128 digest{};
    Time effective_time = first_effective_time;
    std::uint64_t overflows = 0, divisions_by_zero = 0;
    std::vector<std::uint64_t> firings;  // as many as there are rules
  };
  // REQUIRES: sequence() is the last of a digest interval.
  [[nodiscard]] Standing standing() const;
  // Goes on behind standing.sequence. REQUIRES: nothing was run yet.
  void restore(const Standing& standing);
  // What a stateful plan remembers, in an order that the plan alone decides: for snapshots. To be loaded before anything is run.
  [[nodiscard]] std::vector<StateRows> rows();
  // The same for reports.
  struct Remembered {
    std::string name;  // "list hot_terminals"
    ExpiringKeys::Counters counters;
  };
  [[nodiscard]] std::vector<Remembered> remembered() const;
  // Open runs of all patterns, and what became of others.
  [[nodiscard]] pattern::GroupCounters runs() const noexcept;

 private:
  void evaluate(const SlotView& slots, const state::Tiles& tiles, Sequence first, Sequence last) noexcept;
  template <class Operation>
  void each_touched(Operation operation) const noexcept;
  void start_tile() noexcept;
  void decide(const SlotView& slots) noexcept;
  void clear_marks() const noexcept;
  void fire(std::size_t rule) noexcept;
  void fire_simple(std::size_t rule) noexcept;
  [[nodiscard]] Lanes live_lanes(const RulePlan& rule, Lanes fired) const noexcept;
  void add_score(std::size_t lane, std::int64_t score) noexcept;
  void add_scores(const RulePlan& rule, Lanes fired) noexcept;
  void apply_policy() noexcept;
  [[nodiscard]] std::uint8_t decision_of(std::int64_t score, Rank rank) const noexcept;
  [[nodiscard]] Time time_of(const SlotView& slots, Sequence sequence, Time& effective) const noexcept;
  void write_timed(const SlotView& slots, const Effects::Timed& timed, std::byte* record) noexcept;
  void write_timed_id(const Effects::Timed& timed, std::byte* record) const noexcept;
  void write_timed_shown(const Effects::Timed& timed, std::byte* record) noexcept;
  void absorb_timed(const Effects::Timed& timed, const DecisionRecord& head) noexcept;
  void write_heads(const SlotView& slots, std::uint16_t event) noexcept;
  void write_id_text(std::string_view text, std::byte* record) const noexcept;
  void mark(Lanes lanes, std::size_t rule, std::size_t words_offset) const noexcept;
  void write_lets(std::size_t lane, std::byte* record) const noexcept;
  [[nodiscard]] bool write_text_let(std::size_t let, std::size_t lane, std::byte* cell) const noexcept;
  [[nodiscard]] bool write_cell(Register value, std::size_t lane, std::byte* cell) const noexcept;
  void write_shown() noexcept;
  [[nodiscard]] bool write_shown_value(const ShownValue& shown, std::size_t lane, std::byte* cell) noexcept;
  void close_tile() noexcept;
  void owe_timed() noexcept;
  void absorb_tile(ChainedHash& hash, std::size_t lanes) noexcept;
  void absorb_masks(ChainedHash& hash, Lanes present) noexcept;

  const Plan& plan_;
  const DecisionLayout& layout_;
  Evaluator evaluator_;
  TextLets texts_{plan_};
  std::optional<Effects> effects_;                              // of a stateful plan
  struct Marks { Lanes fired = 0, missing = 0; };
  std::vector<Marks> marks_;                                    // by rule; the lanes of the tile so far
  // Of a rule that adds a constant to the score, asks for a decision, or neither, and has nothing else to it.
  struct Simple { bool is = false, fire_if_missing = false; Rank rank = no_rank; std::int64_t score = 0; };
  std::vector<Simple> simple_;                                  // by rule
  std::vector<std::uint64_t> always_;                           // rules that plan.conditions does not take: bit r % 64 of word r / 64
  std::vector<std::uint64_t> touched_;                          // rules that fired or were missing in the span at hand, likewise
  std::vector<Lanes> shadowed_;                                 // by rule that is live for a share: where it fired in shadow
  std::array<std::int64_t, limits::tile_events> scores_{};
  std::array<Rank, limits::tile_events> ranks_{};               // of the best decision that was asked for; only with a policy
  std::array<std::uint8_t, limits::tile_events> decisions_{};   // index into decision_names
  std::array<std::byte*, limits::tile_events> records_{};      // of the span at hand, by lane
  Lanes events_ = 0;                                            // event lanes of the tile so far
  std::vector<std::uint64_t> firings_;
  ChainedHash hash_, partial_;
  std::vector<std::size_t> where_fired_;                        // of Plan::shown, by the rules that show them
  std::vector<Lanes> shown_at_;                                 // of Plan::shown: where it has to be written, if the record explains at all
  std::vector<Lanes> masks_;                                    // room for those that a tile's digest begins with
  std::int64_t interval_inputs_ = limits::digest_interval;
  bool timed_, owes_timed_ = false;
  Duration shortest_wait_ = INT64_MAX;                          // from a pattern's first event to its deadline
  std::uint32_t outputs_ = 0;                                   // timed ones of the last input so far
  Interval interval_;
  Sequence sequence_ = no_sequence;
};

}  // namespace pawl::rules
