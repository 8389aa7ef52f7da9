// Conditions of rules, by the tile or by the event; and what an event by itself loads.
#include "pawl/core/rules/evaluator.hpp"

namespace pawl::rules {
namespace {

// Up to so many lanes, conditions are cheaper event by event than by the tile.
constexpr std::size_t by_event_max = 4;

}  // namespace

void Evaluator::run_conditions() noexcept {
  const Conditions::Inputs inputs{numbers_, booleans_, lanes_by_event_, span_};
  if (last_ - first_ < by_event_max) {
    conditions_.begin_lanes();
    bool done = true;
    each_lane(events_, [&](std::size_t lane) { done = done && conditions_.run_lane(inputs, event(lane), lane); });
    if (done) return;
  }
  if (!conditions_.begin(inputs)) {
    for (const Instruction& instruction : plan_.conditions.lazy) execute(instruction);
  }
  conditions_.run(inputs);
}

void Evaluator::make_event_loads() {
  event_loads_.resize(plan_.pipeline->events.size());
  for (const Instruction& instruction : plan_.program.instructions) {
    const bool is_field = instruction.code == Code::load_number || instruction.code == Code::load_boolean;
    if (!is_field && instruction.code != Code::load_number_feature) {
      behind_loads_.push_back(instruction);
      continue;
    }
    using Kind = EventLoad::Kind;
    const Kind kind = !is_field ? Kind::feature : instruction.code == Code::load_number ? Kind::number : Kind::boolean;
    for (std::size_t event = 0; event < event_loads_.size(); ++event) {
      event_loads_[event].push_back({kind, instruction.out, is_field ? plan_.program.fields[instruction.a].in[event] : SlotPlace{}, instruction.a});
    }
  }
}

// REQUIRES: the span is one event.
void Evaluator::load_event() noexcept {
  const std::byte* const slot = slot_[first_];
  const Lanes bit = lane_bit(first_);
  for (const EventLoad& load : event_loads_[event(first_)]) {
    bool valid;
    std::int64_t value = 0;
    if (load.kind == EventLoad::Kind::feature) {
      valid = tiles_->valid(load.column, sequence_)[first_] != 0;
      value = tiles_->numbers(load.column, sequence_)[first_];
    } else {
      valid = load.place.exists() && load.place.present(slot);
      if (valid) value = load.place.number(slot);
    }
    if (load.kind == EventLoad::Kind::boolean) {
      BoolColumn& out = booleans_[load.out];
      out = {(out.truth & ~bit) | (value != 0 ? bit : 0), (out.valid & ~bit) | (valid ? bit : 0)};
    } else {
      NumberColumn& out = numbers_[load.out];
      out.cells[first_] = value;
      out.valid = (out.valid & ~bit) | (valid ? bit : 0);
    }
  }
}

}  // namespace pawl::rules
