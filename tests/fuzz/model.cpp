// Any bytes as a model file: refused, or taken and then evaluated alike one by one and in a batch.
#include <array>
#include <bit>
#include <limits>

#include "input.hpp"
#include "pawl/journal/model/parse.hpp"

using namespace pawl;

namespace {

// Lane l of input i: small numbers of both signs, zeros, edges, and what is missing.
void fill(model::Workspace& workspace, std::size_t inputs) {
  constexpr std::array<double, 7> values{0, 1, -1, 0.5, 1e300, -1e-40, std::numeric_limits<double>::quiet_NaN()};
  for (std::size_t i = 0; i < inputs * limits::tile_events; ++i) workspace.inputs[i] = values[(i * 2'654'435'761U >> 8) % values.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = journal::parse_model({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) {
    fuzz::require(!parsed.error().text.empty());
    return 0;
  }
  model::Workspace workspace = parsed->workspace();
  fill(workspace, parsed->inputs());
  std::array<double, limits::tile_events> together{}, single{};
  const rules::Lanes known = parsed->values(workspace, rules::all_lanes, together.data());
  for (std::size_t lane = 0; lane < limits::tile_events; ++lane) {
    const rules::Lanes one = parsed->values(workspace, rules::lane_bit(lane), single.data());
    fuzz::require(one == (known & rules::lane_bit(lane)));
    fuzz::require(one == 0 || std::bit_cast<std::uint64_t>(single[lane]) == std::bit_cast<std::uint64_t>(together[lane]));
  }
  return 0;
}
