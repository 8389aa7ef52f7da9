// Assertions that stay on in every build. A failed one is a bug of Pawl or a broken REQUIRES of the caller, never an
// operating error: it is reported through a settable handler, then the process stops.
#pragma once

namespace pawl {

// Called with the failed condition, or the reason given to fail(). Must not return: if it does, std::abort follows.
// Thread: any. A handler may log; it must not touch the engine.
using AssertHandler = void (*)(const char* condition, const char* file, int line);

// Returns the handler that was set before. nullptr restores the default, which prints to standard error.
AssertHandler set_assert_handler(AssertHandler handler) noexcept;

[[noreturn]] void assert_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace pawl

// The one function-like macro: a condition must be printed as it is written. One condition each.
#define PAWL_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::pawl::assert_failed(#condition, __FILE__, __LINE__))
