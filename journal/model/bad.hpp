// What the parsers of model files say of what they cannot read.
#pragma once

#include <string>
#include <utility>

#include "pawl/core/base/result.hpp"

namespace pawl::journal {

[[nodiscard]] inline Error bad(std::string text) { return {ErrorCode::bad_data, std::move(text)}; }

}  // namespace pawl::journal
