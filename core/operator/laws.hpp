// The laws that windows rely on, tried on an operator: for the tests of whoever writes one.
#pragma once

#include <cstdint>
#include <span>

#include "pawl/core/base/result.hpp"
#include "pawl/core/operator/operator.hpp"

namespace pawl {

// Combines windows of the values in every way in which the engine may: no values at all leave a state as it is, how a window is cut into parts does not
// matter, not a bit of it, and `inverse` takes away exactly what a window begins with. Time grows with the cube of the number of values.
// Errors (usage): the law that does not hold, and values that show it.
[[nodiscard]] Result<void> check_laws(const Operator& one, std::span<const std::int64_t> values);

template <OwnOperator T>
[[nodiscard]] Result<void> check_laws(std::span<const std::int64_t> values) {
  return check_laws(*own::Erased<T>::make(), values);
}

}  // namespace pawl
