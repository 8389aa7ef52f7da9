// Functions of the language that are more than one operation: to whole numbers, to floats, and distances.
#include <bit>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/great_circle.hpp"
#include "pawl/core/rules/evaluator.hpp"

namespace pawl::rules {

void Evaluator::execute_call(const Instruction& instruction) noexcept {
  switch (instruction.code) {
    case Code::lower_text: return lower_texts(instruction);
    case Code::entry_text: return entry_texts(instruction);
    case Code::text_length: return text_lengths(instruction);
    case Code::ratio_floor: return whole_numbers(instruction, floor_of);
    case Code::ratio_round: return whole_numbers(instruction, round_of);
    case Code::float_of_number:
    case Code::float_of_ratio: return to_floats(instruction);
    default:
      PAWL_ASSERT(instruction.code == Code::great_circle);
      return great_circles(instruction);
  }
}

// to_whole(fraction, digits) -> a whole number, that may need more than 64 bits.
template <class ToWhole>
void Evaluator::whole_numbers(const Instruction& instruction, ToWhole to_whole) noexcept {
  const RatioColumn& of = ratios_[instruction.a];
  NumberColumn& out = numbers_[instruction.out];
  Lanes valid = of.valid & span_;
  each_lane(span_ & ~valid, [&](std::size_t lane) { out.cells[lane] = 0; });
  each_lane(valid, [&](std::size_t lane) {
    const Int128 whole = to_whole(of.at(lane), static_cast<unsigned>(instruction.aux));
    const bool fits = fits_64(whole);
    out.cells[lane] = fits ? static_cast<std::int64_t>(whole) : 0;
    overflows_ += !fits;
    if (!fits) valid &= ~lane_bit(lane);
  });
  keep(out.valid, valid);
}

void Evaluator::to_floats(const Instruction& instruction) noexcept {
  const bool of_ratio = instruction.code == Code::float_of_ratio;
  const auto digits = static_cast<unsigned>(instruction.aux);
  const Lanes valid = of_ratio ? ratios_[instruction.a].valid : numbers_[instruction.a].valid;
  NumberColumn& out = numbers_[instruction.out];
  each_lane(span_, [&](std::size_t lane) {
    const Fraction value = of_ratio ? ratios_[instruction.a].at(lane) : Fraction{numbers_[instruction.a].cells[lane], 1};
    out.cells[lane] = has_lane(valid, lane) ? std::bit_cast<std::int64_t>(nearest_double(value, digits)) : 0;
  });
  keep(out.valid, valid);
}

void Evaluator::great_circles(const Instruction& instruction) noexcept {
  const NumberColumn& a = numbers_[instruction.a];
  const NumberColumn& b = numbers_[instruction.b];
  const NumberColumn& c = numbers_[instruction.c];
  const NumberColumn& d = numbers_[static_cast<std::size_t>(instruction.aux)];
  const auto degrees = [](const NumberColumn& column, std::size_t lane) { return std::bit_cast<double>(column.cells[lane]); };
  NumberColumn& out = numbers_[instruction.out];
  Lanes valid = a.valid & b.valid & c.valid & d.valid & span_;
  each_lane(span_ & ~valid, [&](std::size_t lane) { out.cells[lane] = 0; });
  each_lane(valid, [&](std::size_t lane) {
    const auto km = great_circle_km({degrees(a, lane), degrees(b, lane)}, {degrees(c, lane), degrees(d, lane)});
    out.cells[lane] = std::bit_cast<std::int64_t>(km.value_or(0));
    overflows_ += !km;
    if (!km) valid &= ~lane_bit(lane);
  });
  keep(out.valid, valid);
}

}  // namespace pawl::rules
