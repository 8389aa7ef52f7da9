// How the command speaks: results on standard output, everything else on standard error, one format, one meaning per exit status.
#pragma once

#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>

#include "pawl/core/base/result.hpp"

namespace pawl::tools {

// Exit statuses beside those of exit_status(ErrorCode).
inline constexpr int exit_fine = 0;
inline constexpr int exit_no = 1;  // no error, but the answer to what was asked is no: `journal grep` found nothing, `journal diff` a difference, a receipt is too old, a test of `rules test` failed
inline constexpr int exit_usage = 64;
inline constexpr int exit_data = 65;
inline constexpr int exit_damaged = 66;
inline constexpr int exit_io = 74;

// To standard error, as it is. One that takes nothing (a full disk) is no reason to stop.
void tell(const std::string& text);

// Prints "pawl: error: <text>" to standard error. Returns the exit status of the error.
int fail(const Error& error);

// Prints "pawl: warning: <text>" to standard error.
void warn(std::string_view text);

// Writes to standard output, and flushes. Returns exit_fine, or exit_io with an error printed if it can't be written (a full disk,
// a closed pipe). A signal whose handler returns does not end it, unless stop_printing_on says so.
int print(std::string_view text);

// Once a signal handler has set the flag, print() does not wait any longer: what standard output does not take at once is left out, and
// it returns exit_fine. The flag outlives all printing.
void stop_printing_on(const volatile std::sig_atomic_t& flag) noexcept;

// The whole of a file; "-" is standard input. Errors: not_found, io, bad_data when it holds more than `bytes_max`.
[[nodiscard]] Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

// `text` as a JSON string, with its quotes. Each byte that is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);
// `text` without loss: a JSON string, or {"hex": "ff00"} if it is not UTF-8.
[[nodiscard]] std::string json_text(std::string_view text);
// `text` on one line, without loss: \n, \t, \r, \\, and \xff for other control characters and bytes that are no UTF-8.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace pawl::tools
