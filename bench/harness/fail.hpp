// How a benchmark ends when it can't go on: with a message, and exit status 1. No figure follows a failed check.
#pragma once

#include <string>
#include <utility>

#include "pawl/core/base/result.hpp"

namespace pawl::bench {

[[noreturn]] void fail(const std::string& text);

template <class T>
T or_fail(Result<T> result) {
  if (!result.ok()) fail(result.error().text);
  return std::move(*result);
}
inline void or_fail(const Result<void>& result) {
  if (!result.ok()) fail(result.error().text);
}

}  // namespace pawl::bench
