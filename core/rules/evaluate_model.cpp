// Models, from registers to a register.
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/rules/model_reasons.hpp"

namespace pawl::rules {
namespace {

constexpr std::array<double, 19> powers_of_ten{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
constexpr std::uint64_t exact_in_doubles = std::uint64_t{1} << 53;

constexpr bool is_exact(std::int64_t number) noexcept { return static_cast<std::uint64_t>(number) + exact_in_doubles <= 2 * exact_in_doubles; }

// number / (denominator * 10^scale), rounded once: by one division where both sides are exact, as nearly all are.
double nearest(std::int64_t number, std::int64_t denominator, unsigned scale) noexcept {
  if (scale == 0 && denominator == 1) return static_cast<double>(number);
  const double divisor = static_cast<double>(denominator) * powers_of_ten[scale];
  if (is_exact(number) && (denominator == 1 || divisor <= static_cast<double>(exact_in_doubles))) return static_cast<double>(number) / divisor;
  return nearest_double({number, denominator}, scale);
}

constexpr double not_there = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Evaluator::fill_input(const ModelInput& input, Lanes lanes, double* out) const noexcept {
  const std::uint16_t i = input.value.index;
  if (input.value.kind == ColumnKind::boolean) {
    const BoolColumn& column = booleans_[i];
    each_lane(lanes, [&](std::size_t lane) { out[lane] = !has_lane(column.valid, lane) ? not_there : has_lane(column.truth, lane) ? 1 : 0; });
  } else if (input.value.kind == ColumnKind::ratio) {
    const RatioColumn& column = ratios_[i];
    each_lane(lanes & ~column.wide, [&](std::size_t lane) {
      out[lane] = has_lane(column.valid, lane) ? nearest(column.numerators[lane], column.denominators[lane], input.scale) : not_there;
    });
    each_lane(lanes & column.wide, [&](std::size_t lane) { out[lane] = has_lane(column.valid, lane) ? nearest_double(column.at(lane), input.scale) : not_there; });
  } else if (input.is_float) {
    const NumberColumn& column = numbers_[i];
    each_lane(lanes, [&](std::size_t lane) { out[lane] = has_lane(column.valid, lane) ? std::bit_cast<double>(column.cells[lane]) : not_there; });
  } else {
    const NumberColumn& column = numbers_[i];
    each_lane(lanes, [&](std::size_t lane) { out[lane] = has_lane(column.valid, lane) ? nearest(column.cells[lane], 1, input.scale) : not_there; });
  }
}

std::size_t Evaluator::write_model_reasons(std::size_t model, std::size_t lane, char* out) noexcept {
  const ModelCall& call = plan_.program.models[model];
  double* const inputs = reasons_.data();
  double* const contributions = inputs + call.inputs.size();
  std::array<double, limits::tile_events> cells;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    fill_input(call.inputs[i], lane_bit(lane), cells.data());
    inputs[i] = cells[lane];
  }
  call.model->contributions(inputs, contributions);
  return write_reasons(call.names, {contributions, call.inputs.size()}, out);
}

void Evaluator::execute_model(const Instruction& instruction) noexcept {
  const ModelCall& call = plan_.program.models[instruction.a];
  model::Workspace& workspace = models_[instruction.a];
  NumberColumn& out = numbers_[instruction.out];
  Lanes lanes = 0;
  for (const std::uint16_t event : call.events) lanes |= lanes_by_event_[event] & span_;
  double* inputs = workspace.inputs.data();
  for (const ModelInput& input : call.inputs) {
    fill_input(input, lanes, inputs);
    inputs += limits::tile_events;
  }
  std::array<double, limits::tile_events> values;
  const Lanes known = call.model->values(workspace, lanes, values.data());
  Lanes valid = 0;
  each_lane(span_, [&](std::size_t lane) { out.cells[lane] = 0; });
  each_lane(known, [&](std::size_t lane) {
    if (!std::isfinite(values[lane])) {
      ++overflows_;
      return;
    }
    valid |= lane_bit(lane);
    out.cells[lane] = std::bit_cast<std::int64_t>(values[lane]);
  });
  keep(out.valid, valid);
}

}  // namespace pawl::rules
