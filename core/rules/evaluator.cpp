#include "pawl/core/rules/evaluator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "pawl/core/base/assert.hpp"

namespace pawl::rules {
namespace {

// Up to this many more than one, lanes are cheaper one by one than by the tile.
constexpr std::size_t few_lanes = 4;

constexpr Time hour_ns = 3600 * one_second;
constexpr Time day_ns = 24 * hour_ns;

// Floor division, for times before 1970 too.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - static_cast<std::int64_t>(a % b < 0); }

// 0 .. 23, UTC. By the remainder: the start of the day of INT64_MIN is no 64-bit time.
constexpr std::int64_t hour_of(Time at) noexcept { return (at % day_ns + (at % day_ns < 0 ? day_ns : 0)) / hour_ns; }
static_assert(hour_of(INT64_MIN) == 0 && hour_of(INT64_MAX) == 23 && hour_of(-1) == 23 && hour_of(-day_ns) == 0);

// 1 Monday .. 7 Sunday, UTC (ISO 8601); 1970-01-01 was a Thursday.
constexpr std::int64_t weekday_of(Time at) noexcept {
  const std::int64_t days = floor_div(at, day_ns) + 3;
  return days - floor_div(days, 7) * 7 + 1;
}
static_assert(weekday_of(INT64_MIN) == 2 && weekday_of(INT64_MAX) == 5 && weekday_of(-1) == 3);  // 1677-09-21, 2262-04-11, 1969-12-31

constexpr bool small(Int128 value) noexcept { return static_cast<std::int64_t>(value) == value; }
constexpr bool small(const Fraction& value) noexcept { return small(value.numerator) && small(value.denominator); }

// The common case, 64-bit parts, needs no reduction: the product fits 128 bits.
std::optional<Fraction> product(const Fraction& a, const Fraction& b) noexcept {
  if (small(a) && small(b)) return Fraction{a.numerator * b.numerator, a.denominator * b.denominator};
  return multiply(a, b);
}

}  // namespace

Evaluator::Evaluator(const Plan& plan, const Kernels& kernels)
    : plan_(plan), kernels_(kernels), conditions_(plan, kernels), numbers_(plan.program.numbers), ratios_(plan.program.ratios), booleans_(plan.program.booleans), texts_(plan.program.texts_bytes.size()),
      lanes_by_event_(plan.pipeline->events.size()) {
  types_.reserve(lanes_by_event_.size());
  make_event_loads();
  const auto reads_lateness = [](const std::vector<Instruction>& code) { return std::any_of(code.begin(), code.end(), [](const Instruction& i) { return i.code == Code::load_lateness; }); };
  uses_times_ = plan.stateful() || reads_lateness(plan.program.instructions) || reads_lateness(plan.program.explaining);
  for (const ModelCall& call : plan.program.models) {
    models_.push_back(call.model->workspace());
    reasons_.resize(std::max(reasons_.size(), 2 * call.inputs.size()));
  }
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    texts_[i].bytes = plan.program.texts_bytes[i];
    texts_[i].own.resize(texts_[i].bytes * limits::tile_events);
  }
  for (const Constant& constant : plan.program.constants) {
    const std::uint16_t i = constant.target.index;
    if (constant.target.kind == ColumnKind::number) {
      numbers_[i].cells.fill(constant.number);
      numbers_[i].valid = all_lanes;
    } else if (constant.target.kind == ColumnKind::ratio) {
      ratios_[i].numerators.fill(constant.number);
      ratios_[i].denominators.fill(constant.denominator);
      ratios_[i].valid = all_lanes;
    } else {
      booleans_[i] = {constant.number != 0 ? all_lanes : 0, all_lanes};
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
  read_headers();
  const bool alone = first_ == last_ && events_ != 0;
  if (alone) load_event();
  for (const Instruction& instruction : alone ? behind_loads_ : plan_.program.instructions) execute(instruction);
  run_conditions();
}

// Which lanes are events, and of which type. Neighbours are mostly of one type, so they are taken in runs.
void Evaluator::read_headers() noexcept {
  for (const std::uint16_t type : types_) lanes_by_event_[type] = 0;
  types_.clear();
  events_ = 0;
  missing_any_ = 0;
  lateness_valid_ = 0;
  const auto type_of = [&](std::size_t lane) { return reinterpret_cast<const EventHeader*>(slot_[lane])->type; };
  for (std::size_t first = first_; first <= last_;) {
    std::size_t last = first;
    while (last < last_ && type_of(last + 1) == type_of(first)) ++last;
    if (is_event(type_of(first))) add_run(type_of(first), first, last);
    else if (uses_times_) std::fill(times_.begin() + static_cast<std::ptrdiff_t>(first), times_.begin() + static_cast<std::ptrdiff_t>(last) + 1, effective_time_);  // of ticks, at which deadlines fire
    first = last + 1;
  }
}

void Evaluator::add_run(std::uint16_t type, std::size_t first, std::size_t last) noexcept {
  const auto event = static_cast<std::uint16_t>(type - first_event_type);
  PAWL_ASSERT(event < lanes_by_event_.size());
  if (lanes_by_event_[event] == 0) types_.push_back(event);
  lanes_by_event_[event] |= lanes_between(first, last);
  events_ |= lanes_between(first, last);
  for (std::size_t lane = first; lane <= last; ++lane) {
    const auto& header = *reinterpret_cast<const EventHeader*>(slot_[lane]);
    missing_any_ |= header.missing;
    effective_time_ = std::max(effective_time_, header.at);
    if (uses_times_) note_times(lane, header.at);
  }
}

void Evaluator::note_times(std::size_t lane, Time at) noexcept {
  times_[lane] = effective_time_;
  const bool fits = !__builtin_sub_overflow(effective_time_, at, &lateness_[lane]);
  lateness_valid_ |= static_cast<Lanes>(fits) << lane;
}

void Evaluator::execute(const Instruction& instruction) noexcept {
  if (instruction.code <= Code::load_lateness) return execute_load(instruction);
  if (instruction.code <= Code::text_present) return execute_text(instruction);
  if (instruction.code <= Code::day_of_week) return execute_number(instruction);
  if (instruction.code <= Code::float_maximum) return execute_float(instruction);
  if (instruction.code <= Code::ratio_maximum) return execute_ratio(instruction);
  if (instruction.code <= Code::boolean_present) return execute_boolean(instruction);
  if (instruction.code == Code::evaluate_model) return execute_model(instruction);
  if (instruction.code > Code::evaluate_model) return instruction.code > Code::lookup_text ? execute_call(instruction) : execute_lookup(instruction);
  if (instruction.code <= Code::boolean_choose) return execute_merge(instruction);
  execute_list(instruction);
}

void Evaluator::store(BoolColumn& out, Lanes truth, Lanes valid) const noexcept {
  keep(out.truth, truth & valid);
  keep(out.valid, valid);
}

// --- loads ---

// Those of `lanes` whose events have a value there.
Lanes Evaluator::present(const SlotPlace& place, Lanes lanes) const noexcept {
  const bool in_header = place.missing_offset == offsetof(EventHeader, missing);
  if (place.missing_mask == 0 || (in_header && (missing_any_ & place.missing_mask) == 0)) return lanes;
  Lanes result = 0;
  each_lane(lanes, [&](std::size_t lane) { result |= static_cast<Lanes>(place.present(slot_[lane])) << lane; });
  return result;
}

void Evaluator::execute_load(const Instruction& instruction) noexcept {
  const std::uint16_t a = instruction.a;
  switch (instruction.code) {
    case Code::load_number: return load_numbers(a, numbers_[instruction.out]);
    case Code::load_boolean: return load_booleans(a, booleans_[instruction.out]);
    case Code::load_number_feature: return load_number_feature(a, numbers_[instruction.out]);
    case Code::load_ratio_feature: return load_ratio_feature(a, ratios_[instruction.out]);
    default:
      PAWL_ASSERT(instruction.code == Code::load_lateness);
      return load_lateness(numbers_[instruction.out]);
  }
}

void Evaluator::load_numbers(std::uint16_t field, NumberColumn& out) const noexcept {
  Lanes valid = 0;
  each_place(field, [&](std::size_t, const SlotPlace& place, Lanes lanes) {
    valid |= lanes;
    if (place.kind == Kind::enumeration) {
      each_lane(lanes, [&](std::size_t lane) { out.cells[lane] = place.at<std::uint16_t>(slot_[lane]); });
    } else {
      each_lane(lanes, [&, offset = place.offset](std::size_t lane) { std::memcpy(&out.cells[lane], slot_[lane] + offset, sizeof(std::int64_t)); });
    }
  });
  each_lane(span_ & ~valid, [&](std::size_t lane) { out.cells[lane] = 0; });
  keep(out.valid, valid);
}

void Evaluator::load_booleans(std::uint16_t field, BoolColumn& out) const noexcept {
  Lanes truth = 0, valid = 0;
  each_place(field, [&](std::size_t, const SlotPlace& place, Lanes lanes) {
    valid |= lanes;
    each_lane(lanes, [&](std::size_t lane) { truth |= static_cast<Lanes>(slot_[lane][place.offset] != std::byte{0}) << lane; });
  });
  store(out, truth, valid);
}

void Evaluator::load_number_feature(std::size_t column, NumberColumn& out) const noexcept {
  copy_span(tiles_->numbers(column, sequence_), out.cells.data());
  keep(out.valid, feature_lanes(column));
}

void Evaluator::load_ratio_feature(std::size_t column, RatioColumn& out) const noexcept {
  const Lanes valid = feature_lanes(column);
  copy_span(tiles_->numbers(column, sequence_), out.numerators.data());
  copy_span(tiles_->numbers(column + 1, sequence_), out.denominators.data());
  each_lane(span_ & ~valid, [&](std::size_t lane) { out.denominators[lane] = 1; });
  keep(out.valid, valid);
}

// The span's lanes where the feature has a value.
Lanes Evaluator::feature_lanes(std::size_t column) const noexcept {
  const std::uint8_t* const valid = tiles_->valid(column, sequence_);
  const std::size_t count = last_ - first_ + 1;
  if (count == limits::tile_events) return lanes_of_bytes(valid);
  if (count > few_lanes) {
    std::array<std::uint8_t, limits::tile_events> own{};  // the windows stage may be writing lanes behind the span
    std::memcpy(own.data() + first_, valid + first_, count);
    return lanes_of_bytes(own.data());
  }
  Lanes lanes = 0;
  for (std::size_t lane = first_; lane <= last_; ++lane) lanes |= static_cast<Lanes>(valid[lane] != 0) << lane;
  return lanes;
}

void Evaluator::copy_span(Cells from, std::int64_t* to) const noexcept {
  if (first_ == last_) {
    to[first_] = from[first_];  // an event by itself, where a call would be most of the cost
  } else {
    std::memcpy(to + first_, from + first_, (last_ - first_ + 1) * sizeof *to);
  }
}

void Evaluator::load_lateness(NumberColumn& out) noexcept {
  overflows_ += static_cast<std::uint64_t>(std::popcount(events_ & ~lateness_valid_));
  each_lane(span_, [&](std::size_t lane) { out.cells[lane] = has_lane(lateness_valid_, lane) ? lateness_[lane] : 0; });
  keep(out.valid, lateness_valid_);
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
      valid &= ~lane_bit(lane);
    }
    out.cells[lane] = result;
  });
  keep(out.valid, valid);
}

void Evaluator::add_numbers(const Instruction& instruction, Kernels::Add kernel) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  NumberColumn& out = numbers_[instruction.out];
  const Lanes both = a.valid & b.valid;
  const Lanes overflowed = kernel(a.cells.data(), b.cells.data(), out.cells.data(), span_, both);
  overflows_ += static_cast<std::uint64_t>(std::popcount(overflowed));
  keep(out.valid, both & ~overflowed);
}

// False: nothing was done, because a product could overflow.
bool Evaluator::multiply_numbers(const Instruction& instruction) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  NumberColumn& out = numbers_[instruction.out];
  if (!kernels_.multiply(a.cells.data(), b.cells.data(), out.cells.data(), span_, a.valid & b.valid, 0)) return false;
  keep(out.valid, a.valid & b.valid);
  return true;
}

void Evaluator::execute_number(const Instruction& instruction) noexcept {
  const auto overflow = [this](bool overflowed) { overflows_ += overflowed; return !overflowed; };
  using Number = std::int64_t;
  Instruction unary = instruction;  // for operations of one operand
  unary.b = unary.a;
  switch (instruction.code) {
    case Code::add: return add_numbers(instruction, kernels_.add);
    case Code::subtract: return add_numbers(instruction, kernels_.subtract);
    case Code::multiply:
      if (multiply_numbers(instruction)) return;
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

// --- floats ---

namespace {

double float_of(std::int64_t bits) noexcept { return std::bit_cast<double>(bits); }

}  // namespace

// operation(a, b) -> double.
template <class Operation>
void Evaluator::float_operation(const Instruction& instruction, Operation operation) noexcept {
  number_operation(instruction, [&](std::int64_t a, std::int64_t b, std::int64_t& out) {
    const double result = operation(float_of(a), float_of(b));
    out = std::bit_cast<std::int64_t>(result);
    overflows_ += !std::isfinite(result);
    return std::isfinite(result);
  });
}

void Evaluator::execute_float(const Instruction& instruction) noexcept {
  Instruction unary = instruction;
  unary.b = unary.a;
  switch (instruction.code) {
    case Code::float_add: return float_operation(instruction, [](double a, double b) { return a + b; });
    case Code::float_subtract: return float_operation(instruction, [](double a, double b) { return a - b; });
    case Code::float_multiply: return float_operation(instruction, [](double a, double b) { return a * b; });
    case Code::float_divide: return divide_floats(instruction);
    case Code::float_negate: return float_operation(unary, [](double a, double) { return -a; });
    case Code::float_absolute: return float_operation(unary, [](double a, double) { return a < 0 ? -a : a; });
    case Code::float_minimum: return float_operation(instruction, [](double a, double b) { return b < a ? b : a; });
    default:
      PAWL_ASSERT(instruction.code == Code::float_maximum);
      return float_operation(instruction, [](double a, double b) { return b > a ? b : a; });
  }
}

void Evaluator::divide_floats(const Instruction& instruction) noexcept {
  number_operation(instruction, [this](std::int64_t a, std::int64_t b, std::int64_t& out) {
    if (float_of(b) == 0) return ++divisions_by_zero_, false;
    const double result = float_of(a) / float_of(b);
    out = std::bit_cast<std::int64_t>(result);
    overflows_ += !std::isfinite(result);
    return std::isfinite(result);
  });
}

template <class Relation>
void Evaluator::float_comparison(const Instruction& instruction, Relation relation) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  const Lanes both = a.valid & b.valid & span_;
  Lanes truth = 0;
  each_lane(both, [&](std::size_t lane) { truth |= static_cast<Lanes>(relation(float_of(a.cells[lane]), float_of(b.cells[lane]))) << lane; });
  store(booleans_[instruction.out], truth, both);
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
  each_lane(span_ & ~both, [&](std::size_t lane) { out.set(lane, {0, 1}); });
  each_lane(both, [&](std::size_t lane) {
    const std::optional<Fraction> result = operation(a.at(lane), b.at(lane));
    if (!result) valid &= ~lane_bit(lane);
    out.set(lane, result.value_or(Fraction{0, 1}));
  });
  keep(out.valid, valid);
}

// False: nothing was decided, because a part of a product might need more than 64 bits.
bool Evaluator::multiply_ratios(const Instruction& instruction) noexcept {
  const RatioColumn& a = ratios_[instruction.a];
  const RatioColumn& b = ratios_[instruction.b];
  RatioColumn& out = ratios_[instruction.out];
  const Lanes both = a.valid & b.valid;
  if (((a.wide | b.wide) & span_) != 0) return false;
  if (!kernels_.multiply(a.numerators.data(), b.numerators.data(), out.numerators.data(), span_, both, 0)) return false;
  if (!kernels_.multiply(a.denominators.data(), b.denominators.data(), out.denominators.data(), span_, both, 1)) return false;
  keep(out.valid, both);
  keep(out.wide, 0);
  return true;
}

std::optional<Fraction> Evaluator::quotient(const Fraction& a, const Fraction& b) noexcept {
  if (b.numerator == 0) return ++divisions_by_zero_, std::nullopt;
  const std::optional<Fraction> result = divide(a, b);
  overflows_ += !result.has_value();
  return result;
}

void Evaluator::divide_numbers(const Instruction& instruction) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  RatioColumn& out = ratios_[instruction.out];
  const Lanes both = a.valid & b.valid & span_;
  Lanes valid = both;
  each_lane(span_ & ~both, [&](std::size_t lane) { out.set(lane, {0, 1}); });
  each_lane(both, [&](std::size_t lane) {
    const std::optional<Fraction> result = quotient({a.cells[lane], 1}, {b.cells[lane], 1});
    if (!result) valid &= ~lane_bit(lane);
    out.set(lane, result.value_or(Fraction{0, 1}));
  });
  keep(out.valid, valid);
}

void Evaluator::execute_ratio(const Instruction& instruction) noexcept {
  Instruction unary = instruction;
  unary.b = unary.a;
  const auto counted = [this](std::optional<Fraction> result) { overflows_ += !result.has_value(); return result; };
  switch (instruction.code) {
    case Code::to_ratio: {  // its denominators are 1 for ever
      const NumberColumn& a = numbers_[instruction.a];
      RatioColumn& out = ratios_[instruction.out];
      copy_span(a.cells.data(), out.numerators.data());
      return keep(out.valid, a.valid);
    }
    case Code::divide_numbers: return divide_numbers(instruction);
    case Code::ratio_add: return ratio_operation(instruction, [&](const Fraction& a, const Fraction& b) { return counted(add(a, b)); });
    case Code::ratio_subtract: return ratio_operation(instruction, [&](const Fraction& a, const Fraction& b) { return counted(subtract(a, b)); });
    case Code::ratio_multiply:
      if (multiply_ratios(instruction)) return;
      return ratio_operation(instruction, [&](const Fraction& a, const Fraction& b) { return counted(product(a, b)); });
    case Code::ratio_divide: return ratio_operation(instruction, [this](const Fraction& a, const Fraction& b) { return quotient(a, b); });
    case Code::ratio_negate:
      return ratio_operation(unary, [&](const Fraction& a, const Fraction&) { return counted(subtract(Fraction{0, 1}, a)); });
    case Code::ratio_absolute:
      return ratio_operation(unary, [&](const Fraction& a, const Fraction&) { return a.numerator < 0 ? counted(subtract(Fraction{0, 1}, a)) : a; });
    case Code::ratio_minimum:
      return ratio_operation(instruction, [](const Fraction& a, const Fraction& b) { return std::optional(compare(a, b) <= 0 ? a : b); });
    default:
      PAWL_ASSERT(instruction.code == Code::ratio_maximum);
      return ratio_operation(instruction, [](const Fraction& a, const Fraction& b) { return std::optional(compare(a, b) >= 0 ? a : b); });
  }
}

// --- booleans ---

void Evaluator::number_comparison(const Instruction& instruction, Kernels::Compare kernel) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  store(booleans_[instruction.out], kernel(a.cells.data(), b.cells.data(), span_), a.valid & b.valid);
}

// `test` is what the kernel does, of an order.
template <class Test>
void Evaluator::ratio_comparison(const Instruction& instruction, Kernels::CompareRatios kernel, Test test) noexcept {
  const RatioColumn& a = ratios_[instruction.a];
  const RatioColumn& b = ratios_[instruction.b];
  const Lanes valid = a.valid & b.valid;
  const Lanes wide = (a.wide | b.wide) & valid & span_;
  Lanes truth = kernel(a.cells(), b.cells(), span_) & ~wide;
  each_lane(wide, [&](std::size_t lane) { truth |= static_cast<Lanes>(test(compare(a.at(lane), b.at(lane)))) << lane; });
  store(booleans_[instruction.out], truth, valid);
}

void Evaluator::execute_boolean(const Instruction& instruction) noexcept {
  BoolColumn& out = booleans_[instruction.out];
  switch (instruction.code) {
    case Code::number_equal: return number_comparison(instruction, kernels_.equal);
    case Code::number_less: return number_comparison(instruction, kernels_.less);
    case Code::number_less_equal: return number_comparison(instruction, kernels_.less_equal);
    case Code::number_in: return search_set(instruction);
    case Code::float_equal: return float_comparison(instruction, [](double x, double y) { return x == y; });
    case Code::float_less: return float_comparison(instruction, [](double x, double y) { return x < y; });
    case Code::float_less_equal: return float_comparison(instruction, [](double x, double y) { return x <= y; });
    case Code::ratio_equal: return ratio_comparison(instruction, kernels_.ratio_equal, [](std::strong_ordering order) { return order == 0; });
    case Code::ratio_less: return ratio_comparison(instruction, kernels_.ratio_less, [](std::strong_ordering order) { return order < 0; });
    case Code::ratio_less_equal: return ratio_comparison(instruction, kernels_.ratio_less_equal, [](std::strong_ordering order) { return order <= 0; });
    case Code::number_present: return store(out, numbers_[instruction.a].valid, all_lanes);
    case Code::ratio_present: return store(out, ratios_[instruction.a].valid, all_lanes);
    case Code::boolean_present: return store(out, booleans_[instruction.a].valid, all_lanes);
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

// What a merge takes from where, in which lanes it is known at all.
struct Merge {
  Lanes span, take_a, known;
  template <class Column>
  [[nodiscard]] Lanes valid(const Column& a, const Column& b) const noexcept { return known & ((take_a & a.valid) | (~take_a & b.valid)); }
};

void merge(const Kernels& kernels, const Merge& how, const NumberColumn& a, const NumberColumn& b, NumberColumn& out) noexcept {
  kernels.choose(a.cells.data(), b.cells.data(), out.cells.data(), how.span, how.take_a, how.valid(a, b), 0);
}

void merge(const Kernels& kernels, const Merge& how, const RatioColumn& a, const RatioColumn& b, RatioColumn& out) noexcept {
  const Lanes valid = how.valid(a, b);
  kernels.choose(a.numerators.data(), b.numerators.data(), out.numerators.data(), how.span, how.take_a, valid, 0);
  kernels.choose(a.denominators.data(), b.denominators.data(), out.denominators.data(), how.span, how.take_a, valid, 1);
  const Lanes wide = valid & how.span & ((how.take_a & a.wide) | (~how.take_a & b.wide));
  each_lane(wide, [&](std::size_t lane) { out.parts[lane] = has_lane(how.take_a, lane) ? a.parts[lane] : b.parts[lane]; });
  out.wide = (out.wide & ~how.span) | wide;
}

}  // namespace

void Evaluator::execute_merge(const Instruction& instruction) noexcept {
  const Code code = instruction.code;
  const bool choosing = code >= Code::number_choose;
  const std::uint16_t a = choosing ? instruction.b : instruction.a;
  const std::uint16_t b = choosing ? instruction.c : instruction.b;
  const BoolColumn condition = choosing ? booleans_[instruction.a] : BoolColumn{};
  Merge how{.span = span_, .take_a = condition.truth, .known = choosing ? condition.valid : all_lanes};
  if (code == Code::number_otherwise || code == Code::number_choose) {
    if (!choosing) how.take_a = numbers_[a].valid;
    merge(kernels_, how, numbers_[a], numbers_[b], numbers_[instruction.out]);
    return keep(numbers_[instruction.out].valid, how.valid(numbers_[a], numbers_[b]));
  }
  if (code == Code::ratio_otherwise || code == Code::ratio_choose) {
    if (!choosing) how.take_a = ratios_[a].valid;
    merge(kernels_, how, ratios_[a], ratios_[b], ratios_[instruction.out]);
    return keep(ratios_[instruction.out].valid, how.valid(ratios_[a], ratios_[b]));
  }
  if (!choosing) how.take_a = booleans_[a].valid;
  store(booleans_[instruction.out], (how.take_a & booleans_[a].truth) | (~how.take_a & booleans_[b].truth), how.valid(booleans_[a], booleans_[b]));
}

}  // namespace pawl::rules
