// Keys that are fields of an event, one behind the other.
#pragma once

#include <cstddef>

#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// Of a rule's `cooldown .. per key`. Set-up; the fields join those of the program.
[[nodiscard]] KeyPlan plan_cooldown_key(const language::Rule& rule, const language::Pipeline& pipeline, Program& program);

// Writes the parts to `to`, where there are zeros. False: a part is missing.
[[nodiscard]] bool read_key(const KeyPlan& key, const Program& program, std::uint16_t event, const std::byte* slot, std::byte* to) noexcept;

}  // namespace pawl::rules
