// What the evaluator runs behind its first pass: what asks lists, with what is computed of that, and what reasons alone need. And what is searched: large sets, maps.
#include <algorithm>
#include <bit>
#include <utility>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/rules/list_key.hpp"

namespace pawl::rules {

void Evaluator::run_dependent(std::size_t first, std::size_t last) noexcept {
  const std::size_t first_before = std::exchange(first_, first), last_before = std::exchange(last_, last);
  const Lanes span_before = std::exchange(span_, lanes_between(first, last));
  for (const Instruction& instruction : plan_.program.dependent) execute(instruction);
  first_ = first_before;
  last_ = last_before;
  span_ = span_before;
}

void Evaluator::put(Register r, std::size_t lane, const std::optional<Fraction>& value) noexcept {
  const Lanes bit = lane_bit(lane), valid = value ? bit : 0;
  const auto number = value ? static_cast<std::int64_t>(value->numerator) : 0;
  if (r.kind == ColumnKind::number) {
    numbers_[r.index].cells[lane] = number;
    numbers_[r.index].valid = (numbers_[r.index].valid & ~bit) | valid;
  } else if (r.kind == ColumnKind::ratio) {
    ratios_[r.index].set(lane, value.value_or(Fraction{0, 1}));
    ratios_[r.index].valid = (ratios_[r.index].valid & ~bit) | valid;
  } else {
    booleans_[r.index].truth = (booleans_[r.index].truth & ~bit) | (number != 0 ? bit : 0);
    booleans_[r.index].valid = (booleans_[r.index].valid & ~bit) | valid;
  }
}

void Evaluator::put_text(Register r, std::size_t lane, const std::optional<std::string_view>& value) noexcept {
  TextColumn& texts = texts_[r.index];
  PAWL_ASSERT(!value || value->size() <= texts.bytes);
  if (value) {
    std::copy(value->begin(), value->end(), texts.room(lane));
    texts.cells[lane] = {texts.room(lane), value->size()};
  }
  texts.valid = (texts.valid & ~lane_bit(lane)) | (value ? lane_bit(lane) : 0);
}

void Evaluator::run_explaining() noexcept {
  const std::uint64_t overflows = overflows_, divisions_by_zero = divisions_by_zero_;
  for (const Instruction& instruction : plan_.program.explaining) execute(instruction);
  set_counters(overflows, divisions_by_zero);
}

// A value that is missing gives missing.
void Evaluator::execute_list(const Instruction& instruction) noexcept {
  const ListPlan& plan = plan_.lists[instruction.c];
  const ExpiringKeys& list = lists_[instruction.c];
  ListKey room;
  Lanes valid = 0, truth = 0;
  const auto ask = [&](std::size_t lane, const std::byte* key) {
    if (key != nullptr && list.holds(key, times_[lane])) truth |= lane_bit(lane);
  };
  switch (instruction.code) {
    case Code::list_holds_number:
      valid = numbers_[instruction.a].valid & events_ & span_;
      each_lane(valid, [&](std::size_t lane) { ask(lane, number_key(numbers_[instruction.a].cells[lane], plan.floating, room)); });
      break;
    case Code::list_holds_boolean:
      valid = booleans_[instruction.a].valid & events_ & span_;
      each_lane(valid, [&](std::size_t lane) { ask(lane, number_key(has_lane(booleans_[instruction.a].truth, lane), false, room)); });
      break;
    case Code::list_holds_text_field:
      valid = each_text(instruction.a, [&](std::size_t lane, std::string_view text) { ask(lane, text_key(text, plan.bytes, room)); });
      break;
    default:
      PAWL_ASSERT(instruction.code == Code::list_holds_text);
      valid = events_ & span_;
      each_lane(valid, [&](std::size_t lane) { ask(lane, text_key(plan_.program.texts[static_cast<std::size_t>(instruction.aux)], plan.bytes, room)); });
  }
  store(booleans_[instruction.out], truth, valid);
}

// A key that is missing is none of the map's: it gives missing, not what is otherwise.
void Evaluator::execute_lookup(const Instruction& instruction) noexcept {
  const LookupCall& call = plan_.program.lookups[static_cast<std::size_t>(instruction.aux)];
  NumberColumn& out = numbers_[instruction.out];
  Lanes valid = 0;
  each_lane(span_, [&](std::size_t lane) { out.cells[lane] = 0; });
  const auto look_up = [&](std::size_t lane, auto key) {
    if (const auto found = call.find(key)) out.cells[lane] = *found, valid |= lane_bit(lane);
  };
  if (instruction.code == Code::lookup_number) {
    const NumberColumn& keys = numbers_[instruction.a];
    each_lane(keys.valid & span_, [&](std::size_t lane) { look_up(lane, keys.cells[lane]); });
  } else if (instruction.code == Code::lookup_boolean) {
    const BoolColumn& keys = booleans_[instruction.a];
    each_lane(keys.valid & span_, [&](std::size_t lane) { look_up(lane, static_cast<std::int64_t>(has_lane(keys.truth, lane))); });
  } else {
    (void)each_text(instruction.a, [&](std::size_t lane, std::string_view text) { look_up(lane, text); });
  }
  keep(out.valid, valid);
}

void Evaluator::search_set(const Instruction& instruction) noexcept {
  const NumberColumn& number = numbers_[instruction.a];
  const ValueSet& set = plan_.program.sets[static_cast<std::size_t>(instruction.aux)];
  Lanes truth = 0;
  each_lane(number.valid & span_, [&](std::size_t lane) { truth |= static_cast<Lanes>(set.contains(number.cells[lane])) << lane; });
  store(booleans_[instruction.out], truth, number.valid);
}

}  // namespace pawl::rules
