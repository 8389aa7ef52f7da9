#include "pawl/journal/errors.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "pawl/io/os_error.hpp"

namespace pawl::journal {

Error os_error(std::string_view what, std::string_view where, std::int64_t error) {
  return io::os_error(fmt::format("cannot {}", what), std::string(where), static_cast<int>(positive(error)));
}

Error short_transfer(std::string_view what, std::string_view where, std::int64_t moved, std::size_t wanted) {
  return {ErrorCode::io, fmt::format("cannot {} {}: the device moved {} of {} bytes, repeatedly. Check the file system with fsck and "
                                     "look at dmesg.", what, where, moved, wanted)};
}

bool is_transient(std::int64_t error) noexcept {
  const auto number = positive(error);
  return number == EAGAIN || number == EINTR || number == ECANCELED;
}

bool is_no_descriptor(const Error& error) {
  const auto names = [&](int number) { return error.text.find(fmt::format("({})", io::errno_name(number))) != std::string::npos; };
  return names(EMFILE) || names(ENFILE);
}

bool is_no_space(std::int64_t error) noexcept { return positive(error) == ENOSPC || positive(error) == EDQUOT; }

}  // namespace pawl::journal
