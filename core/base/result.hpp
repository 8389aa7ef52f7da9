// Result<T>: a value, or an operating error from a closed list. Bugs are assertions (assert.hpp); expected outcomes
// such as full or empty are plain values of their own types.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "pawl/core/base/assert.hpp"

namespace pawl {

enum class ErrorCode {
  usage,            // the caller's options contradict each other or name what does not exist
  bad_pipeline,     // a pipeline file has errors; the text lists all of them
  bad_data,         // malformed input rows or files
  not_found,        // a file or directory that must exist does not
  not_initialised,  // a directory that holds no journal
  in_use,           // another process owns the journal
  foreign,          // a directory that holds something else than a journal
  newer_format,     // written by a newer release
  corrupt,          // durable data is damaged
  missing,          // durable data is gone
  disk_full,
  io,               // any other error of the operating system
  unsupported,      // this machine or kernel cannot do what was asked
  failed,           // the engine has stopped after an earlier error
};

// The exit status of the `pawl` command for an error: 64 usage, 65 bad data or pipeline, 66 damaged journal, 74 I/O, 75 in use.
[[nodiscard]] int exit_status(ErrorCode code) noexcept;

struct Error {
  ErrorCode code;
  std::string text;  // what, where, the likely cause, and the command or setting that cures it
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }

  // REQUIRES: ok().
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  // REQUIRES: !ok().
  const Error& error() const& { PAWL_ASSERT(error_.has_value()); return *error_; }
  Error&& error() && { PAWL_ASSERT(error_.has_value()); return std::move(*error_); }

 private:
  T& checked() { PAWL_ASSERT(value_.has_value()); return *value_; }

  std::optional<T> value_;
  std::optional<Error> error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const& { PAWL_ASSERT(error_.has_value()); return *error_; }
  Error&& error() && { PAWL_ASSERT(error_.has_value()); return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace pawl
