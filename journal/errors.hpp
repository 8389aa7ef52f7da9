// Errors of the journal in one voice: what, where, the likely cause, and what cures it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pawl/core/base/result.hpp"

namespace pawl::journal {

// "cannot <what> <where>: <cause>. <cure>", with the ErrorCode that the errno stands for.
[[nodiscard]] Error os_error(std::string_view what, std::string_view where, std::int64_t error);

// A transfer that moved fewer bytes than asked for, again and again.
[[nodiscard]] Error short_transfer(std::string_view what, std::string_view where, std::int64_t moved, std::size_t wanted);

[[nodiscard]] constexpr std::int64_t positive(std::int64_t error) noexcept { return error < 0 ? -error : error; }
// The signals after which the same write may be tried again: the block was not accepted, and nothing of it is acked.
[[nodiscard]] bool is_transient(std::int64_t error) noexcept;
[[nodiscard]] bool is_no_space(std::int64_t error) noexcept;
// EMFILE or ENFILE. An error carries its errno in its text alone.
[[nodiscard]] bool is_no_descriptor(const Error& error);

}  // namespace pawl::journal
