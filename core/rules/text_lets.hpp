// Lets that are texts: of a tile, so that its digest and its records can read them when the slots have gone.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/rules/text_at.hpp"

namespace pawl::rules {

// Thread: one. No allocation after construction. The plan outlives it. Whether a let has a value is said by its boolean column.
class TextLets {
 public:
  explicit TextLets(const Plan& plan) : plan_(plan) {
    for (const LetPlan& let : plan.lets) {
      offsets_.push_back(bytes_of_lane_);
      if (let.is_text) bytes_of_lane_ += let.bytes;
    }
    bytes_.resize(bytes_of_lane_ * limits::tile_events);
  }

  // Of the span just run.
  void keep(const Evaluator& evaluator) noexcept {
    if (bytes_.empty()) return;
    for (std::size_t i = 0; i < plan_.lets.size(); ++i) {
      const LetPlan& let = plan_.lets[i];
      if (!let.is_text) continue;
      each_lane(evaluator.span() & evaluator.boolean(let.value).truth, [&](std::size_t lane) {
        std::byte* const to = bytes_.data() + lane * bytes_of_lane_ + offsets_[i];
        const auto text = text_at(let.text, plan_.program, evaluator, lane);
        const std::size_t used = text ? text->size() : 0;
        PAWL_ASSERT(used <= let.bytes);
        std::memset(to, 0, let.bytes);
        if (used > 0) std::memcpy(to, text->data(), used);
      });
    }
  }

  // Padded with zeros; of a lane without a value, anything.
  [[nodiscard]] std::span<const std::byte> at(std::size_t let, std::size_t lane) const noexcept {
    return {bytes_.data() + lane * bytes_of_lane_ + offsets_[let], plan_.lets[let].bytes};
  }

 private:
  const Plan& plan_;
  std::vector<std::size_t> offsets_;  // by let
  std::size_t bytes_of_lane_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace pawl::rules
