// Operating errors as texts a person can act on: what was done, to what, what the system said, the likely cause and the cure.
#pragma once

#include <string>
#include <string_view>

#include "pawl/core/base/result.hpp"

namespace pawl::io {

// os_error("cannot open", "data/LOCK", EACCES): `cannot open data/LOCK: Permission denied (EACCES); <cause and cure>`.
// Thread: any.
[[nodiscard]] Error os_error(std::string_view operation, const std::string& path, int error_number);

// "EACCES", or "errno 4711" for a value without a name.
[[nodiscard]] std::string errno_name(int error_number);

}  // namespace pawl::io
