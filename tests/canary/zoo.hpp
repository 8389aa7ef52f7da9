// Which test kills which planted bug.
#pragma once

#include <span>
#include <string_view>

#include "pawl/core/base/planted.hpp"

namespace pawl::canary {

struct Kill {
  Bug bug;
  std::string_view name;  // the bug's
  std::string_view test;  // a doctest pattern that names one test case; no commas, which would part it
};

[[nodiscard]] std::span<const Kill> zoo() noexcept;

}  // namespace pawl::canary
