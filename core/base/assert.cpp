#include "pawl/core/base/assert.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace pawl {
namespace {

void print_to_stderr(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "pawl: assertion failed: %s (%s:%d). This is a bug: please report it with this line.\n", condition, file, line);
}

// Written by set_assert_handler alone; the process ends after the one read, so no order is needed beside it.
std::atomic<AssertHandler> handler{&print_to_stderr};

}  // namespace

AssertHandler set_assert_handler(AssertHandler replacement) noexcept {
  return handler.exchange(replacement != nullptr ? replacement : &print_to_stderr);
}

void assert_failed(const char* condition, const char* file, int line) noexcept {
  handler.load()(condition, file, line);
  std::abort();
}

}  // namespace pawl
