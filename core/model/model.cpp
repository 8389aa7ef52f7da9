#include "pawl/core/model/model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "pawl/core/model/exponential.hpp"

namespace pawl::model {

Workspace Model::workspace() const {
  Workspace made;
  made.inputs.resize(parts_.inputs * limits::tile_events);
  if (const auto* floats = std::get_if<Forest<float>>(&parts_.body)) {
    made.floats = floats->cells();
  } else if (const auto* doubles = std::get_if<Forest<double>>(&parts_.body)) {
    made.doubles = doubles->cells();
  }
  return made;
}

template <class Value>
void Model::sum(const Forest<Value>& forest, typename Forest<Value>::Cells& cells, const Workspace& workspace, Lanes lanes, double* out) const noexcept {
  alignas(64) std::array<Value, limits::tile_events> sums;
  sums.fill(static_cast<Value>(parts_.base));
  forest.add(workspace.inputs.data(), lanes, cells, sums.data());
  rules::each_lane(lanes, [&](std::size_t lane) { out[lane] = static_cast<double>(sums[lane]); });
}

Lanes Model::sum(const Linear& linear, const Workspace& workspace, Lanes lanes, double* out) const noexcept {
  Lanes valid = lanes;
  rules::each_lane(lanes, [&](std::size_t lane) {
    out[lane] = linear.intercept;
    for (std::size_t i = 0; i < linear.terms.size(); ++i) {
      const double input = workspace.inputs[i * limits::tile_events + lane];
      const Linear::Term& term = linear.terms[i];
      if (std::isnan(input) && !term.has_default) valid &= ~rules::lane_bit(lane);
      out[lane] += term.weight * (std::isnan(input) ? term.missing : input);
    }
  });
  return valid;
}

void Model::contributions(const double* inputs, double* out) const noexcept {
  std::fill_n(out, parts_.inputs, 0.0);
  const auto* linear = std::get_if<Linear>(&parts_.body);
  if (linear == nullptr) return parts_.contributions->add(inputs, out);
  for (std::size_t i = 0; i < linear->terms.size(); ++i) out[i] = linear->terms[i].weight * (std::isnan(inputs[i]) ? linear->terms[i].missing : inputs[i]);
}

Lanes Model::margins(Workspace& workspace, Lanes lanes, double* out) const noexcept {
  if (lanes == 0) return 0;
  if (const auto* linear = std::get_if<Linear>(&parts_.body)) return sum(*linear, workspace, lanes, out);
  if (const auto* floats = std::get_if<Forest<float>>(&parts_.body)) {
    sum(*floats, workspace.floats, workspace, lanes, out);
  } else {
    sum(*std::get_if<Forest<double>>(&parts_.body), workspace.doubles, workspace, lanes, out);
  }
  return lanes;
}

Lanes Model::values(Workspace& workspace, Lanes lanes, double* out) const noexcept {
  const Lanes valid = margins(workspace, lanes, out);
  if (parts_.output == Output::margin) return valid;
  rules::each_lane(valid, [&](std::size_t lane) {
    if (std::isfinite(out[lane])) out[lane] = logistic(parts_.slope * out[lane]);  // else there is no sum that it could be of
  });
  return valid;
}

}  // namespace pawl::model
