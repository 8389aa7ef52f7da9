// What each instruction yields and reads: for whoever takes a program apart. Set-up.
#pragma once

#include <vector>

#include "pawl/core/rules/program.hpp"

namespace pawl::rules {

[[nodiscard]] ColumnKind yields(Code code) noexcept;

// The registers that it reads; none of a load or of texts.
[[nodiscard]] std::vector<Register> reads(const Instruction& instruction, const Program& program);

}  // namespace pawl::rules
