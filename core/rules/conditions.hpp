// Runs a ConditionPlan over spans of events: condition_plan.hpp says how.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pawl/core/rules/condition_plan.hpp"
#include "pawl/core/rules/kernels.hpp"
#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// Deterministic; both ways give the same. Thread: one. No allocation after construction. The plan outlives it.
class Conditions {
 public:
  Conditions(const Plan& plan, const Kernels& kernels);
  Conditions(const Conditions&) = delete;
  Conditions& operator=(const Conditions&) = delete;

  // What it reads of an evaluator.
  struct Inputs {
    std::span<const NumberColumn> numbers;
    std::span<const BoolColumn> booleans;
    std::span<const Lanes> lanes_by_event;
    Lanes span = 0;
  };

  // --- by the tile: begin(), then, if it is false, the plan's `lazy` instructions, then run() ---

  // False: sums have to be computed by `lazy`, because a term is large.
  [[nodiscard]] bool begin(const Inputs& inputs) noexcept;
  void run(const Inputs& inputs) noexcept;

  // --- by the event ---

  // Forgets what the spans before gave. REQUIRED before the first lane of a span.
  void begin_lanes() noexcept;
  // Of a lane that is an event. False: the way by the event will not do, because there are no bitmaps or a sum might overflow; the whole span has to
  // go by the tile.
  [[nodiscard]] bool run_lane(const Inputs& inputs, std::uint16_t event, std::size_t lane) noexcept;

  // --- results, of the span just run ---

  // Lanes of events of the rule where its condition is true, and where it is missing. Nothing of a rule that the plan does not take.
  [[nodiscard]] Lanes truth(std::size_t rule) const noexcept { return truth_[rule]; }
  [[nodiscard]] Lanes missing(std::size_t rule) const noexcept { return missing_[rule]; }
  // Bit r % 64 of word r / 64: truth(r) or missing(r) is not empty.
  [[nodiscard]] std::span<const std::uint64_t> active() const noexcept { return active_; }

 private:
  void compare_columns(const Inputs& inputs) noexcept;
  void compare_sums(const Inputs& inputs) noexcept;
  [[nodiscard]] Lanes sum_valid(const ConditionPlan::Sum& sum, const Inputs& inputs) const noexcept;
  [[nodiscard]] bool anything_missing(const Inputs& inputs) const noexcept;
  void weigh_missing(const Inputs& inputs) noexcept;
  void weigh(ConditionPlan::Index word, std::size_t count, Lanes valid) noexcept;
  void conclude(const std::vector<Lanes>& words, std::vector<Lanes>& out) const noexcept;

  [[nodiscard]] bool read_columns(const Inputs& inputs, std::uint16_t event, std::size_t lane) noexcept;
  void read_bitmaps(std::uint16_t event) noexcept;
  void intersect(const std::vector<std::uint64_t>& first, std::size_t rows, std::vector<std::uint64_t>& out) const noexcept;
  [[nodiscard]] std::size_t range_of(const ConditionPlan::Family& family, std::int64_t value) const noexcept;
  struct Truth { bool is_true, is_not_false; };
  [[nodiscard]] Truth residual(const ConditionPlan::Residual& part, const Inputs& inputs, std::size_t lane) const noexcept;
  [[nodiscard]] bool sum_holds(const ConditionPlan::Residual& part, bool& valid) const noexcept;
  void look_at_candidates(const Inputs& inputs, std::size_t lane) noexcept;

  const ConditionPlan& plan_;
  const Kernels& kernels_;
  std::vector<NarrowCells> narrow_;             // by column
  struct alignas(64) TermCells { Cells32 cells; };
  std::vector<TermCells> terms_;                // by term
  std::vector<PairTask> pairs_;
  std::vector<SumTask> sums_;
  std::vector<Lanes> words_;                    // by word: where the part is true
  std::vector<Lanes> not_false_;                // by word: where it is not false; only if something is missing
  std::vector<Lanes> valid_;                    // by source: columns, then sums
  std::vector<Lanes> truth_, missing_;          // by rule
  std::vector<std::uint64_t> active_;
  // Of the event at hand.
  std::vector<std::uint64_t> true_, may_;       // bitmaps: what is true, and what is not false, as far as columns tell
  std::vector<const std::uint64_t*> rows_;      // room: rows to be and-ed
  std::vector<std::int64_t> values_;            // by column
  std::vector<std::uint8_t> present_;           // by column
  bool all_present_ = false;                    // of the event's columns
  struct Hit { std::uint32_t rule; bool is_true; };
  std::vector<Hit> hits_;                       // room
  bool sums_are_narrow_ = false;
};

}  // namespace pawl::rules
