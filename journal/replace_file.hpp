// Files that are written whole.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "pawl/io/disk.hpp"

namespace pawl::journal {

// A file with these bytes, whole, or as it was. Written as `draft` in the same directory first; one that is there is of a call that was cut off. A call that fails
// leaves none, unless the disk refuses that, too.
Result<void> replace_file(io::Disk& disk, const std::string& path, const std::string& draft, std::span<const std::byte> bytes);

}  // namespace pawl::journal
