// Loops over the lanes of a column, in the widest form that the processor at hand has. Chosen once, at start.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pawl/core/rules/program.hpp"

namespace pawl::rules {

// Bit i of the result: the comparison of cells a[i] and b[i]; bits outside [first, last] are unspecified.
using CompareKernel = Lanes (*)(const std::int64_t* a, const std::int64_t* b, std::size_t first, std::size_t last) noexcept;

struct Kernels {
  CompareKernel equal, less, less_equal;
  const char* name;  // "avx512", "avx2", "portable": for reports
};

// What this processor runs best. Pure but for asking the processor.
[[nodiscard]] const Kernels& best_kernels() noexcept;

// Every set that this processor can run, the portable one first: for tests that hold them against each other.
[[nodiscard]] std::size_t available_kernels(const Kernels* (&sets)[3]) noexcept;

// Bit i: valid[i] != 0, for the 64 bytes of a tile's validity column.
[[nodiscard]] Lanes lanes_of_bytes(const std::uint8_t* valid) noexcept;

}  // namespace pawl::rules
