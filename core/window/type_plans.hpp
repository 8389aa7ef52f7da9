// What a group does with each event type: its key, conditions and values, compiled against the type's fields.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "pawl/core/window/layout.hpp"

namespace pawl::window {

struct GroupInputs {
  const language::Pipeline& pipeline;
  const language::Aggregate& model;  // any of the group: they share key and events
  std::span<const language::Expr* const> wheres, values, texts;
  std::span<const std::size_t> key_offsets;
  bool key_is_text;
  const Layout& layout;  // bits are placed
};

// By event type. Called once, at set-up.
[[nodiscard]] std::vector<TypePlan> plan_types(const GroupInputs& inputs);

}  // namespace pawl::window
