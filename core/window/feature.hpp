// A feature: one distinct aggregate of a pipeline, and the columns its values go to.
#pragma once

#include <cstdint>

#include "pawl/core/event/type.hpp"
#include "pawl/core/language/pipeline.hpp"

namespace pawl::window {

// A ratio takes two columns: its numerator in `column`, its denominator in `column + 1`; validity stands in `column`.
// A cell without a value holds 0.
struct FeatureSpec {
  const language::Aggregate* aggregate = nullptr;  // of a Pipeline that outlives the feature
  Type type;
  std::uint32_t column = 0;

  [[nodiscard]] std::uint32_t columns() const noexcept { return type.ratio ? 2 : 1; }
};

}  // namespace pawl::window
