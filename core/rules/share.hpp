// `mode live PERCENT by key`: which keys a rule is live for. A key is always on the same side, and stays live when the percentage grows.
#pragma once

#include <cstddef>

#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

// A number from 0 to 99 of the field's value and the rule's name: XXH3-64 of the value's bytes (a number's 8, a text without padding),
// seeded with XXH3-64 of the name, modulo 100. The rule is live below its percentage. An event without a value is on the other side, where the
// rule is in shadow. REQUIRES: rule.share.percent < 100, an event that the rule is evaluated on.
[[nodiscard]] bool in_share(const SharePlan& share, const Program& program, std::uint16_t event, const std::byte* slot) noexcept;

// The same of the value's bytes.
[[nodiscard]] bool in_share(const SharePlan& share, const void* bytes, std::size_t count) noexcept;

[[nodiscard]] std::uint64_t share_seed(std::string_view rule_name) noexcept;

}  // namespace pawl::rules
