// Rows through a model in batches of any size, at any lanes.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "pawl/core/model/model.hpp"

namespace pawl::model_test {

using Values = std::vector<std::optional<double>>;

// `rows`: of numbers, NaN missing. Up to `batch` of them at a time, at the lanes that follow each other.
template <class Row>
Values predict(const model::Model& model, const std::vector<Row>& rows, std::size_t batch, bool margins) {
  Values values;
  model::Workspace workspace = model.workspace();
  for (std::size_t first = 0; first < rows.size();) {
    const std::size_t lane = first % 64;
    const std::size_t count = std::min<std::size_t>({batch, rows.size() - first, 64 - lane});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t input = 0; input < model.inputs(); ++input) workspace.inputs[input * 64 + lane + i] = static_cast<double>(rows[first + i][input]);
    }
    double out[64] = {};
    const rules::Lanes lanes = rules::lanes_between(lane, lane + count - 1);
    const rules::Lanes known = margins ? model.margins(workspace, lanes, out) : model.values(workspace, lanes, out);
    for (std::size_t i = lane; i < lane + count; ++i) values.push_back(rules::has_lane(known, i) ? std::optional(out[i]) : std::nullopt);
    first += count;
  }
  return values;
}

}  // namespace pawl::model_test
