// Forms that all of `pawl journal` prints in the same way.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "pawl/core/base/types.hpp"

namespace pawl::tools {

[[nodiscard]] std::string hex(std::span<const std::byte> bytes);
// "never" for 0, as in fields of CONTROL that were not written yet.
[[nodiscard]] std::string time_text(Time time);
// The same to the second, for columns; "-" for 0.
[[nodiscard]] std::string second_text(Time time);
// "0 to 41", or "none" if the range is empty.
[[nodiscard]] std::string range_text(Sequence first, Sequence last);

}  // namespace pawl::tools
