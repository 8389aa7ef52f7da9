#include <numeric>

#include "pawl/core/window/layout.hpp"

namespace pawl::window {
namespace {

Rate rate_of(const Read& read) {
  const Duration common = std::gcd(read.reach, one_second);
  return {read.cell, one_second / common, read.reach / common};
}

}  // namespace

void Reads::take_apart() {
  for (const Read& read : all) {
    const Difference value{read.lead, read.trail, read.cell};
    const Difference count{read.lead_count, read.trail_count, read.cell + static_cast<std::uint32_t>(limits::tile_events)};
    switch (read.op) {
      case Read::Op::count32: differences32.push_back(value); break;
      case Read::Op::sum64: differences64.push_back(value); break;
      case Read::Op::avg32: differences64.push_back(value); break;
      case Read::Op::share32: differences32.push_back(value); break;
      case Read::Op::rate32: differences32.push_back(value), rates.push_back(rate_of(read)); break;
      case Read::Op::deviation32: case Read::Op::deviation64: deviations.push_back(read); break;
      case Read::Op::decayed: decayed.push_back(read); break;
      case Read::Op::last_always: lasts.push_back(value); break;
      case Read::Op::distinct: distincts.push_back(read); break;
      default: rare.push_back(read); break;
    }
    if (read.floating) floats.push_back(read.cell);
    if (read.op == Read::Op::count32 || read.op == Read::Op::sum64) always.push_back(read.cell);
    if (read.op == Read::Op::sum64 || read.op == Read::Op::avg32) sums.push_back(read);
    if (read.op != Read::Op::avg32 && read.op != Read::Op::share32) continue;
    differences32.push_back(count);
    ratios.push_back(read.cell);
  }
}

}  // namespace pawl::window
