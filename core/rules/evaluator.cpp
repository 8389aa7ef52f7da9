#include "pawl/core/rules/evaluator.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "pawl/core/base/assert.hpp"

namespace pawl::rules {
namespace {

constexpr Time hour_ns = 3600 * one_second;
constexpr Time day_ns = 24 * hour_ns;

// Floor division, for times before 1970 too.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - static_cast<std::int64_t>(a % b < 0); }

// 0 .. 23, UTC.
constexpr std::int64_t hour_of(Time at) noexcept { return (at - floor_div(at, day_ns) * day_ns) / hour_ns; }

// 1 Monday .. 7 Sunday, UTC (ISO 8601); 1970-01-01 was a Thursday.
constexpr std::int64_t weekday_of(Time at) noexcept {
  const std::int64_t days = floor_div(at, day_ns) + 3;
  return days - floor_div(days, 7) * 7 + 1;
}

constexpr bool small(Int128 value) noexcept { return static_cast<std::int64_t>(value) == value; }
constexpr bool small(const Fraction& value) noexcept { return small(value.numerator) && small(value.denominator); }

// The common case, 64-bit parts, needs no reduction: the product fits 128 bits.
std::optional<Fraction> product(const Fraction& a, const Fraction& b) noexcept {
  if (small(a) && small(b)) return Fraction{a.numerator * b.numerator, a.denominator * b.denominator};
  return multiply(a, b);
}

constexpr Lanes lanes_between(std::size_t first, std::size_t last) noexcept {
  return (~Lanes{0} >> (63 - last)) & (~Lanes{0} << first);
}

std::int64_t load_integer(const std::byte* at, Kind kind) noexcept {
  if (kind == Kind::enumeration) {
    std::uint16_t label;
    std::memcpy(&label, at, sizeof label);
    return label;
  }
  std::int64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

bool present(const std::byte* slot, const FieldAccess::In& in) noexcept {
  std::uint32_t word;
  std::memcpy(&word, slot + in.missing_offset, sizeof word);
  return (word & in.missing_mask) == 0;
}

}  // namespace

Evaluator::Evaluator(const Plan& plan, const Kernels& kernels)
    : plan_(plan), kernels_(kernels), numbers_(plan.program.numbers), ratios_(plan.program.ratios), booleans_(plan.program.booleans),
      lanes_by_event_(plan.pipeline->events.size()) {
  for (const Constant& constant : plan.program.constants) {
    const std::uint16_t i = constant.target.index;
    if (constant.target.kind == ColumnKind::number) {
      numbers_[i].cells.fill(constant.number);
      numbers_[i].valid = ~Lanes{0};
    } else if (constant.target.kind == ColumnKind::ratio) {
      ratios_[i].cells.fill({constant.number, constant.denominator});
      ratios_[i].valid = ~Lanes{0};
    } else {
      booleans_[i] = {constant.number != 0 ? ~Lanes{0} : 0, ~Lanes{0}};
    }
  }
}

void Evaluator::run(const SlotView& slots, const state::Tiles& tiles, Sequence first, Sequence last) noexcept {
  PAWL_ASSERT(first / 64 == last / 64);
  tiles_ = &tiles;
  sequence_ = first;
  first_ = static_cast<std::size_t>(first) % limits::tile_events;
  last_ = static_cast<std::size_t>(last) % limits::tile_events;
  span_ = lanes_between(first_, last_);
  for (std::size_t lane = first_; lane <= last_; ++lane) slot_[lane] = slots[first + static_cast<Sequence>(lane - first_)];
  sort_by_type();
  for (const Instruction& instruction : plan_.program.instructions) execute(instruction);
}

// Which lanes are events, of which type, and how late each one is.
void Evaluator::sort_by_type() noexcept {
  std::fill(lanes_by_event_.begin(), lanes_by_event_.end(), Lanes{0});
  events_ = 0;
  lateness_valid_ = 0;
  for (std::size_t lane = first_; lane <= last_; ++lane) {
    const auto& header = *reinterpret_cast<const EventHeader*>(slot_[lane]);
    if (!is_event(header.type)) continue;
    const std::size_t event = static_cast<std::size_t>(header.type - first_event_type);
    PAWL_ASSERT(event < lanes_by_event_.size());
    lanes_by_event_[event] |= Lanes{1} << lane;
    events_ |= Lanes{1} << lane;
    effective_time_ = std::max(effective_time_, header.at);
    const bool fits = !__builtin_sub_overflow(effective_time_, header.at, &lateness_[lane]);
    lateness_valid_ |= static_cast<Lanes>(fits) << lane;
  }
}

void Evaluator::execute(const Instruction& instruction) noexcept {
  if (instruction.code <= Code::load_lateness) return execute_load(instruction);
  if (instruction.code <= Code::text_present) return execute_text(instruction);
  if (instruction.code <= Code::day_of_week) return execute_number(instruction);
  if (instruction.code <= Code::ratio_maximum) return execute_ratio(instruction);
  if (instruction.code <= Code::boolean_present) return execute_boolean(instruction);
  execute_merge(instruction);
}

template <class Operation>
void Evaluator::each_lane(Lanes lanes, Operation operation) const noexcept {
  if (lanes == span_) {
    for (std::size_t lane = first_; lane <= last_; ++lane) operation(lane);
    return;
  }
  for (; lanes != 0; lanes &= lanes - 1) operation(static_cast<std::size_t>(std::countr_zero(lanes)));
}

void Evaluator::store(BoolColumn& out, Lanes truth, Lanes valid) const noexcept {
  out.truth = (out.truth & ~span_) | (truth & valid & span_);
  out.valid = (out.valid & ~span_) | (valid & span_);
}

// --- loads ---

// Where the field stands in the event of this lane; null: that event has no such field, or the lane is no event.
const FieldAccess::In* Evaluator::access(std::uint16_t field, std::size_t lane) const noexcept {
  if (((events_ >> lane) & 1U) == 0) return nullptr;
  const auto& header = *reinterpret_cast<const EventHeader*>(slot_[lane]);
  const FieldAccess::In& in = plan_.program.fields[field].in[static_cast<std::size_t>(header.type - first_event_type)];
  return in.offset >= 0 ? &in : nullptr;
}

void Evaluator::execute_load(const Instruction& instruction) noexcept {
  const std::uint16_t a = instruction.a;
  if (instruction.code == Code::load_boolean) {
    Lanes truth = 0, valid = 0;
    for (std::size_t lane = first_; lane <= last_; ++lane) {
      const FieldAccess::In* in = access(a, lane);
      if (in == nullptr || !present(slot_[lane], *in)) continue;
      valid |= Lanes{1} << lane;
      truth |= static_cast<Lanes>(slot_[lane][in->offset] != std::byte{0}) << lane;
    }
    return store(booleans_[instruction.out], truth, valid);
  }
  if (instruction.code == Code::load_ratio_feature) {
    RatioColumn& out = ratios_[instruction.out];
    const Lanes valid = lanes_of_bytes(tiles_->valid(a, sequence_)) & span_;
    const std::int64_t* numerators = tiles_->numbers(a, sequence_);
    const std::int64_t* denominators = tiles_->numbers(a + 1U, sequence_);
    for (std::size_t lane = first_; lane <= last_; ++lane) {
      const bool has = ((valid >> lane) & 1U) != 0;
      out.cells[lane] = {numerators[lane], has ? denominators[lane] : 1};
    }
    out.valid = (out.valid & ~span_) | valid;
    return;
  }
  NumberColumn& out = numbers_[instruction.out];
  Lanes valid = 0;
  if (instruction.code == Code::load_number_feature) {
    valid = lanes_of_bytes(tiles_->valid(a, sequence_)) & span_;
    std::memcpy(&out.cells[first_], tiles_->numbers(a, sequence_) + first_, (last_ - first_ + 1) * sizeof(std::int64_t));
  } else if (instruction.code == Code::load_lateness) {
    valid = lateness_valid_;
    overflows_ += static_cast<std::uint64_t>(std::popcount(events_ & ~valid));
    each_lane(span_, [&](std::size_t lane) { out.cells[lane] = ((valid >> lane) & 1U) != 0 ? lateness_[lane] : 0; });
  } else {
    const Kind kind = plan_.program.fields[a].kind;
    for (std::size_t lane = first_; lane <= last_; ++lane) {
      const FieldAccess::In* in = access(a, lane);
      const bool has = in != nullptr && present(slot_[lane], *in);
      out.cells[lane] = has ? load_integer(slot_[lane] + in->offset, kind) : 0;
      valid |= static_cast<Lanes>(has) << lane;
    }
  }
  out.valid = (out.valid & ~span_) | valid;
}

// --- texts ---

std::string_view Evaluator::text_at(const FieldAccess::In& in, std::size_t lane) const noexcept {
  const char* text = reinterpret_cast<const char*>(slot_[lane] + in.offset);
  return {text, ::strnlen(text, in.bytes)};
}

void Evaluator::execute_text(const Instruction& instruction) noexcept {
  Lanes truth = 0, valid = 0;
  const auto* constants = plan_.program.texts.data() + instruction.aux;
  for (std::size_t lane = first_; lane <= last_; ++lane) {
    const FieldAccess::In* in = access(instruction.a, lane);
    const bool has = in != nullptr && present(slot_[lane], *in);
    bool holds = has;
    bool known = has;
    if (instruction.code == Code::text_present) {
      known = true;
    } else if (has && instruction.code == Code::text_equals_field) {
      const FieldAccess::In* other = access(instruction.b, lane);
      known = other != nullptr && present(slot_[lane], *other);
      holds = known && text_at(*in, lane) == text_at(*other, lane);
    } else if (has && instruction.code == Code::text_in) {
      holds = std::find(constants, constants + instruction.c, text_at(*in, lane)) != constants + instruction.c;
    } else if (has) {
      holds = text_at(*in, lane).starts_with(constants[0]);
    }
    truth |= static_cast<Lanes>(holds) << lane;
    valid |= static_cast<Lanes>(known) << lane;
  }
  store(booleans_[instruction.out], truth, valid);
}

// --- numbers ---

// operation(a, b, out) -> false: no result (overflow or division by zero, counted by the operation itself).
template <class Operation>
void Evaluator::number_operation(const Instruction& instruction, Operation operation) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  NumberColumn& out = numbers_[instruction.out];
  const Lanes both = a.valid & b.valid & span_;
  Lanes valid = both;
  each_lane(span_ & ~both, [&](std::size_t lane) { out.cells[lane] = 0; });
  each_lane(both, [&](std::size_t lane) {
    std::int64_t result = 0;
    if (!operation(a.cells[lane], b.cells[lane], result)) {
      result = 0;
      valid &= ~(Lanes{1} << lane);
    }
    out.cells[lane] = result;
  });
  out.valid = (out.valid & ~span_) | valid;
}

void Evaluator::execute_number(const Instruction& instruction) noexcept {
  const auto overflow = [this](bool overflowed) { overflows_ += overflowed; return !overflowed; };
  using Number = std::int64_t;
  Instruction unary = instruction;  // for operations of one operand
  unary.b = unary.a;
  switch (instruction.code) {
    case Code::add:
      return number_operation(instruction, [&](Number a, Number b, Number& out) { return overflow(__builtin_add_overflow(a, b, &out)); });
    case Code::subtract:
      return number_operation(instruction, [&](Number a, Number b, Number& out) { return overflow(__builtin_sub_overflow(a, b, &out)); });
    case Code::multiply:
      return number_operation(instruction, [&](Number a, Number b, Number& out) { return overflow(__builtin_mul_overflow(a, b, &out)); });
    case Code::modulo:
      return number_operation(instruction, [&](Number a, Number b, Number& out) {
        if (b == 0) return ++divisions_by_zero_, false;
        out = b == -1 ? 0 : a % b;  // INT64_MIN % -1 traps
        return true;
      });
    case Code::negate:
      return number_operation(unary, [&](Number a, Number, Number& out) { return overflow(__builtin_sub_overflow(Number{0}, a, &out)); });
    case Code::absolute:
      return number_operation(unary, [&](Number a, Number, Number& out) {
        out = a;
        return a >= 0 || overflow(__builtin_sub_overflow(Number{0}, a, &out));
      });
    case Code::minimum: return number_operation(instruction, [](Number a, Number b, Number& out) { return out = std::min(a, b), true; });
    case Code::maximum: return number_operation(instruction, [](Number a, Number b, Number& out) { return out = std::max(a, b), true; });
    case Code::hour_of_day: return number_operation(unary, [](Number a, Number, Number& out) { return out = hour_of(a), true; });
    default:
      PAWL_ASSERT(instruction.code == Code::day_of_week);
      return number_operation(unary, [](Number a, Number, Number& out) { return out = weekday_of(a), true; });
  }
}

// --- fractions ---

// operation(a, b) -> optional<Fraction>; nothing: overflow or division by zero.
template <class Operation>
void Evaluator::ratio_operation(const Instruction& instruction, Operation operation) noexcept {
  const RatioColumn& a = ratios_[instruction.a];
  const RatioColumn& b = ratios_[instruction.b];
  RatioColumn& out = ratios_[instruction.out];
  const Lanes both = a.valid & b.valid & span_;
  Lanes valid = both;
  each_lane(span_ & ~both, [&](std::size_t lane) { out.cells[lane] = {0, 1}; });
  each_lane(both, [&](std::size_t lane) {
    const std::optional<Fraction> result = operation(a.cells[lane], b.cells[lane]);
    if (!result) valid &= ~(Lanes{1} << lane);
    out.cells[lane] = result.value_or(Fraction{0, 1});
  });
  out.valid = (out.valid & ~span_) | valid;
}

void Evaluator::execute_ratio(const Instruction& instruction) noexcept {
  Instruction unary = instruction;
  unary.b = unary.a;
  const auto counted = [this](std::optional<Fraction> result) { overflows_ += !result.has_value(); return result; };
  const auto divided = [&](const Fraction& a, const Fraction& b) -> std::optional<Fraction> {
    if (b.numerator == 0) return ++divisions_by_zero_, std::nullopt;
    return counted(divide(a, b));
  };
  switch (instruction.code) {
    case Code::to_ratio:
    case Code::divide_numbers: {
      const NumberColumn& a = numbers_[instruction.a];
      const NumberColumn* b = instruction.code == Code::to_ratio ? nullptr : &numbers_[instruction.b];
      RatioColumn& out = ratios_[instruction.out];
      Lanes valid = a.valid & (b != nullptr ? b->valid : ~Lanes{0}) & span_;
      each_lane(span_, [&](std::size_t lane) {
        const Fraction by{b != nullptr ? b->cells[lane] : 1, 1};
        const bool has = ((valid >> lane) & 1U) != 0;
        const std::optional<Fraction> result = !has ? std::nullopt : b == nullptr ? Fraction{a.cells[lane], 1} : divided({a.cells[lane], 1}, by);
        if (!result) valid &= ~(Lanes{1} << lane);
        out.cells[lane] = result.value_or(Fraction{0, 1});
      });
      out.valid = (out.valid & ~span_) | valid;
      return;
    }
    case Code::ratio_add: return ratio_operation(instruction, [&](const Fraction& a, const Fraction& b) { return counted(add(a, b)); });
    case Code::ratio_subtract: return ratio_operation(instruction, [&](const Fraction& a, const Fraction& b) { return counted(subtract(a, b)); });
    case Code::ratio_multiply: return ratio_operation(instruction, [&](const Fraction& a, const Fraction& b) { return counted(product(a, b)); });
    case Code::ratio_divide: return ratio_operation(instruction, divided);
    case Code::ratio_negate:
      return ratio_operation(unary, [&](const Fraction& a, const Fraction&) { return counted(subtract(Fraction{0, 1}, a)); });
    case Code::ratio_absolute:
      return ratio_operation(unary, [&](const Fraction& a, const Fraction&) { return a.numerator < 0 ? counted(subtract(Fraction{0, 1}, a)) : a; });
    case Code::ratio_minimum:
      return ratio_operation(instruction, [](const Fraction& a, const Fraction& b) { return std::optional(compare(a, b) <= 0 ? a : b); });
    case Code::ratio_maximum:
      return ratio_operation(instruction, [](const Fraction& a, const Fraction& b) { return std::optional(compare(a, b) >= 0 ? a : b); });
    default:
      PAWL_ASSERT(instruction.code == Code::ratio_scale);
      return ratio_operation(unary, [&](const Fraction& a, const Fraction&) { return counted(divide(a, Fraction{instruction.aux, 1})); });
  }
}

// --- booleans ---

void Evaluator::number_comparison(const Instruction& instruction, CompareKernel kernel) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  store(booleans_[instruction.out], kernel(a.cells.data(), b.cells.data(), first_, last_), a.valid & b.valid);
}

template <class Test>
void Evaluator::ratio_comparison(const Instruction& instruction, Test test) noexcept {
  const RatioColumn& a = ratios_[instruction.a];
  const RatioColumn& b = ratios_[instruction.b];
  const Lanes valid = a.valid & b.valid;
  Lanes truth = 0;
  each_lane(valid & span_, [&](std::size_t lane) { truth |= static_cast<Lanes>(test(compare(a.cells[lane], b.cells[lane]))) << lane; });
  store(booleans_[instruction.out], truth, valid);
}

void Evaluator::execute_boolean(const Instruction& instruction) noexcept {
  BoolColumn& out = booleans_[instruction.out];
  switch (instruction.code) {
    case Code::number_equal: return number_comparison(instruction, kernels_.equal);
    case Code::number_less: return number_comparison(instruction, kernels_.less);
    case Code::number_less_equal: return number_comparison(instruction, kernels_.less_equal);
    case Code::ratio_equal: return ratio_comparison(instruction, [](std::strong_ordering order) { return order == 0; });
    case Code::ratio_less: return ratio_comparison(instruction, [](std::strong_ordering order) { return order < 0; });
    case Code::ratio_less_equal: return ratio_comparison(instruction, [](std::strong_ordering order) { return order <= 0; });
    case Code::number_present: return store(out, numbers_[instruction.a].valid, ~Lanes{0});
    case Code::ratio_present: return store(out, ratios_[instruction.a].valid, ~Lanes{0});
    case Code::boolean_present: return store(out, booleans_[instruction.a].valid, ~Lanes{0});
    default: break;
  }
  const BoolColumn a = booleans_[instruction.a];
  const BoolColumn b = booleans_[instruction.b];
  switch (instruction.code) {
    case Code::boolean_equal: return store(out, ~(a.truth ^ b.truth), a.valid & b.valid);
    case Code::logical_not: return store(out, ~a.truth, a.valid);
    case Code::logical_and:  // known if both are, or one is false
      return store(out, a.truth & b.truth, (a.valid & b.valid) | (a.valid & ~a.truth) | (b.valid & ~b.truth));
    default:  // known if both are, or one is true
      PAWL_ASSERT(instruction.code == Code::logical_or);
      return store(out, a.truth | b.truth, (a.valid & b.valid) | a.truth | b.truth);
  }
}

// --- otherwise, if ---

namespace {

// In the lanes of `span`: a where `take_a`, else b; valid only where `known`.
template <class Column, class Cell>
void merge(Column& out, const Column& a, const Column& b, Lanes span, Lanes take_a, Lanes known, Cell empty) noexcept {
  const Lanes valid = known & ((take_a & a.valid) | (~take_a & b.valid));
  for (Lanes lanes = span; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(lanes));
    const bool has = ((valid >> lane) & 1U) != 0;
    out.cells[lane] = !has ? empty : ((take_a >> lane) & 1U) != 0 ? a.cells[lane] : b.cells[lane];
  }
  out.valid = (out.valid & ~span) | (valid & span);
}

}  // namespace

void Evaluator::execute_merge(const Instruction& instruction) noexcept {
  const Code code = instruction.code;
  const bool choosing = code >= Code::number_choose;
  const std::uint16_t a = choosing ? instruction.b : instruction.a;
  const std::uint16_t b = choosing ? instruction.c : instruction.b;
  const BoolColumn condition = choosing ? booleans_[instruction.a] : BoolColumn{};
  const Lanes known = choosing ? condition.valid : ~Lanes{0};
  if (code == Code::number_otherwise || code == Code::number_choose) {
    return merge(numbers_[instruction.out], numbers_[a], numbers_[b], span_, choosing ? condition.truth : numbers_[a].valid, known, std::int64_t{0});
  }
  if (code == Code::ratio_otherwise || code == Code::ratio_choose) {
    return merge(ratios_[instruction.out], ratios_[a], ratios_[b], span_, choosing ? condition.truth : ratios_[a].valid, known, Fraction{0, 1});
  }
  const Lanes take_a = choosing ? condition.truth : booleans_[a].valid;
  store(booleans_[instruction.out], (take_a & booleans_[a].truth) | (~take_a & booleans_[b].truth),
        known & ((take_a & booleans_[a].valid) | (~take_a & booleans_[b].valid)));
}

}  // namespace pawl::rules
