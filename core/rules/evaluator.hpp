// Runs a Program over spans of events that lie in one tile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "pawl/core/event/slot_view.hpp"
#include "pawl/core/rules/conditions.hpp"
#include "pawl/core/rules/expiring_keys.hpp"
#include "pawl/core/rules/kernels.hpp"
#include "pawl/core/rules/plan.hpp"
#include "pawl/core/state/tiles.hpp"

namespace pawl::rules {

// Deterministic: no clock, no allocation after make. Thread: one. The plan outlives it.
class Evaluator {
 public:
  explicit Evaluator(const Plan& plan, const Kernels& kernels = best_kernels());

  // Set-up: where the values of the plan's lists are held, in file order. They outlive this.
  void ask(std::span<const ExpiringKeys> lists) noexcept { lists_ = lists; }
  [[nodiscard]] std::span<const ExpiringKeys> lists() const noexcept { return lists_; }

  // Evaluates sequences first..last, but what depends on lists. REQUIRES: they lie in one tile, follow the span before, and their features
  // stand in `tiles`.
  void run(const SlotView& slots, const state::Tiles& tiles, Sequence first, Sequence last) noexcept;

  // Evaluates the rest in lanes first..last of the span just run, with the lists as they are now. May be repeated.
  void run_dependent(std::size_t first, std::size_t last) noexcept;

  // Evaluates what reasons alone need, in the span just run. What it counts is nobody's: not every run explains.
  void run_explaining() noexcept;

  // Lanes of the span just run that are events of the pipeline, and those of one event type.
  [[nodiscard]] Lanes events() const noexcept { return events_; }
  [[nodiscard]] Lanes events_of(std::size_t event) const noexcept { return lanes_by_event_[event]; }
  // The event types among them, by index, in the order of their first event.
  [[nodiscard]] std::span<const std::uint16_t> types() const noexcept { return types_; }
  // All lanes of the span just run.
  [[nodiscard]] Lanes span() const noexcept { return span_; }
  [[nodiscard]] std::size_t first_lane() const noexcept { return first_; }
  [[nodiscard]] std::size_t last_lane() const noexcept { return last_; }

  // Conditions of rules that plan.conditions takes.
  [[nodiscard]] const Conditions& conditions() const noexcept { return conditions_; }
  // A register that the program still computes: plan.conditions takes instructions away that only conditions of rules need.
  [[nodiscard]] const NumberColumn& number(Register r) const noexcept { return numbers_[r.index]; }
  [[nodiscard]] const RatioColumn& ratio(Register r) const noexcept { return ratios_[r.index]; }
  [[nodiscard]] const BoolColumn& boolean(Register r) const noexcept { return booleans_[r.index]; }
  // Of Program::fields, a text: at a lane of the span just run. Nothing: it is missing. Valid as long as the slot, or until the lane is run anew.
  [[nodiscard]] std::optional<std::string_view> text(std::size_t field, std::size_t lane) const noexcept;

  // Results that did not fit 64 bits (numbers) or 128 bits (fractions), and divisions by zero; each became a missing value.
  [[nodiscard]] std::uint64_t overflows() const noexcept { return overflows_; }
  [[nodiscard]] std::uint64_t divisions_by_zero() const noexcept { return divisions_by_zero_; }
  void set_counters(std::uint64_t overflows, std::uint64_t divisions_by_zero) noexcept {
    overflows_ = overflows;
    divisions_by_zero_ = divisions_by_zero;
  }
  // Effective time of the last event: max of all event times so far.
  [[nodiscard]] Time effective_time() const noexcept { return effective_time_; }

  // Of an event of the span just run; its effective time only if the plan is stateful.
  [[nodiscard]] Time effective_time(std::size_t lane) const noexcept { return times_[lane]; }
  [[nodiscard]] const std::byte* slot(std::size_t lane) const noexcept { return slot_[lane]; }
  [[nodiscard]] std::uint16_t event(std::size_t lane) const noexcept {
    return static_cast<std::uint16_t>(reinterpret_cast<const EventHeader*>(slot_[lane])->type - first_event_type);
  }

  // What moved the score of Program::models[model] most, at a lane of the span just run whose score is there; returns the text's bytes.
  // REQUIRES: room for its reasons_bytes.
  std::size_t write_model_reasons(std::size_t model, std::size_t lane, char* out) noexcept;

  // Of a column that no instruction writes, at a lane of the span just run; nothing: missing. Of a number or a boolean, the numerator.
  void put(Register r, std::size_t lane, const std::optional<Fraction>& value) noexcept;
  // The same of a text, which is copied. REQUIRES: it has at most the register's bytes.
  void put_text(Register r, std::size_t lane, const std::optional<std::string_view>& value) noexcept;

  // Goes on where another evaluator of the same plan stood. REQUIRES: nothing was run yet.
  void restore(Time effective_time, std::uint64_t overflows, std::uint64_t divisions_by_zero) noexcept {
    effective_time_ = effective_time;
    overflows_ = overflows;
    divisions_by_zero_ = divisions_by_zero;
  }

 private:
  void read_headers() noexcept;
  void add_run(std::uint16_t type, std::size_t first, std::size_t last) noexcept;
  void note_times(std::size_t lane, Time at) noexcept;

  void run_conditions() noexcept;
  void make_event_loads();
  void load_event() noexcept;

  void execute(const Instruction& instruction) noexcept;
  void execute_load(const Instruction& instruction) noexcept;
  void load_numbers(std::uint16_t field, NumberColumn& out) const noexcept;
  void load_booleans(std::uint16_t field, BoolColumn& out) const noexcept;
  void load_number_feature(std::size_t column, NumberColumn& out) const noexcept;
  void load_ratio_feature(std::size_t column, RatioColumn& out) const noexcept;
  void load_lateness(NumberColumn& out) noexcept;
  [[nodiscard]] Lanes feature_lanes(std::size_t column) const noexcept;
  void copy_span(Cells from, std::int64_t* to) const noexcept;
  void execute_text(const Instruction& instruction) noexcept;
  void match_texts(const Instruction& instruction) noexcept;
  void execute_number(const Instruction& instruction) noexcept;
  template <class Operation>
  void float_operation(const Instruction& instruction, Operation operation) noexcept;
  void execute_float(const Instruction& instruction) noexcept;
  void divide_floats(const Instruction& instruction) noexcept;
  template <class Relation>
  void float_comparison(const Instruction& instruction, Relation relation) noexcept;
  void execute_ratio(const Instruction& instruction) noexcept;
  void execute_boolean(const Instruction& instruction) noexcept;
  void execute_merge(const Instruction& instruction) noexcept;
  void execute_list(const Instruction& instruction) noexcept;
  void search_set(const Instruction& instruction) noexcept;
  void execute_model(const Instruction& instruction) noexcept;
  void execute_lookup(const Instruction& instruction) noexcept;
  void execute_call(const Instruction& instruction) noexcept;
  void lower_texts(const Instruction& instruction) noexcept;
  void entry_texts(const Instruction& instruction) noexcept;
  void text_lengths(const Instruction& instruction) noexcept;
  template <class ToWhole> void whole_numbers(const Instruction& instruction, ToWhole to_whole) noexcept;
  void to_floats(const Instruction& instruction) noexcept;
  void great_circles(const Instruction& instruction) noexcept;
  void fill_input(const ModelInput& input, Lanes lanes, double* out) const noexcept;

  void add_numbers(const Instruction& instruction, Kernels::Add kernel) noexcept;
  [[nodiscard]] bool multiply_numbers(const Instruction& instruction) noexcept;
  [[nodiscard]] bool multiply_ratios(const Instruction& instruction) noexcept;
  void divide_numbers(const Instruction& instruction) noexcept;
  [[nodiscard]] std::optional<Fraction> quotient(const Fraction& a, const Fraction& b) noexcept;
  template <class Operation> void number_operation(const Instruction& instruction, Operation operation) noexcept;
  template <class Operation> void ratio_operation(const Instruction& instruction, Operation operation) noexcept;
  template <class Test> void ratio_comparison(const Instruction& instruction, Kernels::CompareRatios kernel, Test test) noexcept;
  void number_comparison(const Instruction& instruction, Kernels::Compare kernel) noexcept;

  // read(event, place, lanes) for each event type of the span that has the field; lanes are those of its events where it has a value.
  template <class Read>
  void each_place(std::uint16_t field, Read read) const noexcept {
    for (const std::uint16_t event : types_) {
      const SlotPlace& place = plan_.program.fields[field].in[event];
      if (place.exists()) read(event, place, present(place, lanes_by_event_[event]));
    }
  }
  // read(lane, text) in each lane of the span where the text is there; returns these.
  template <class Read>
  Lanes each_text(std::uint16_t field, Read read) const noexcept {
    Lanes valid = 0;
    if (const auto column = plan_.program.fields[field].column) {
      const TextColumn& texts = texts_[*column];
      valid = texts.valid & span_;
      each_lane(valid, [&](std::size_t lane) { read(lane, texts.cells[lane]); });
      return valid;
    }
    each_place(field, [&](std::size_t, const SlotPlace& place, Lanes lanes) {
      valid |= lanes & span_;
      each_lane(lanes & span_, [&](std::size_t lane) { read(lane, place.text(slot_[lane])); });
    });
    return valid;
  }
  void compare_texts(const Instruction& instruction) noexcept;
  [[nodiscard]] Lanes present(const SlotPlace& place, Lanes lanes) const noexcept;
  void keep(Lanes& mask, Lanes of_span) const noexcept { mask = (mask & ~span_) | (of_span & span_); }
  void store(BoolColumn& out, Lanes truth, Lanes valid) const noexcept;

  // What one event by itself loads, resolved for its type.
  struct EventLoad {
    enum class Kind : std::uint8_t { number, boolean, feature } kind = Kind::number;
    std::uint16_t out = 0;
    SlotPlace place;         // of a field
    std::size_t column = 0;  // of a feature
  };

  const Plan& plan_;
  const Kernels& kernels_;
  Conditions conditions_;
  std::vector<NumberColumn> numbers_;
  std::vector<RatioColumn> ratios_;
  std::vector<BoolColumn> booleans_;
  std::vector<TextColumn> texts_;
  std::vector<Lanes> lanes_by_event_;
  std::vector<std::vector<EventLoad>> event_loads_;  // by event type
  std::vector<Instruction> behind_loads_;            // the program without what these do
  std::span<const ExpiringKeys> lists_;
  bool uses_times_ = false;  // the program uses lateness, or the plan is stateful
  std::vector<model::Workspace> models_;  // by Program::models
  std::vector<double> reasons_;           // inputs of one, and then what they contributed

  // Of the span at hand.
  const state::Tiles* tiles_ = nullptr;
  std::array<const std::byte*, limits::tile_events> slot_{};  // by lane
  std::vector<std::uint16_t> types_;                          // the event types in it, by index
  std::uint32_t missing_any_ = 0;                             // all its events' missing words of the header, or-ed
  std::array<std::int64_t, limits::tile_events> lateness_{};  // kept only if uses_times_
  std::array<Time, limits::tile_events> times_{};             // effective; likewise
  std::size_t first_ = 0, last_ = 0;  // lanes
  Sequence sequence_ = 0;             // of the first
  Lanes span_ = 0, events_ = 0;
  Lanes lateness_valid_ = 0;          // lanes of events whose lateness fits 64 bits

  Time effective_time_ = first_effective_time;
  std::uint64_t overflows_ = 0;
  std::uint64_t divisions_by_zero_ = 0;
};

}  // namespace pawl::rules
