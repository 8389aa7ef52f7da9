// The disk of the machine, by one of three ways of writing behind one interface (disk.hpp):
//   io_uring   asynchronous O_DIRECT writes, then fdatasync when they have ended
//   pwritev2   O_DIRECT writes with data sync in the one operation (RWF_DSYNC), blocking in submit_write: where io_uring is forbidden
//              (containers often forbid it)
//   mixed      short writes by pwritev2, long ones by io_uring, so that the next block fills meanwhile; the default where it is allowed
//   buffered   through the page cache, then fdatasync: where neither works, or to compare
// O_DIRECT is asked for per file and may be refused by the file system: File::direct() and File::notice() say so.
#pragma once

#include <memory>
#include <string>

#include "pawl/io/disk.hpp"

namespace pawl::io {

enum class Backend { automatic, io_uring, pwritev2, buffered, mixed };

// Writes that are shorter end before much could be filled meanwhile, and take less CPU in one call.
inline constexpr std::size_t mixed_async_bytes_min = 128 * 1024;

// automatic: mixed if this process may use io_uring, else pwritev2 with a notice that says why and how to cure it.
// Errors: unsupported, if io_uring or mixed is demanded and not to be had. Files may outlive the disk.
[[nodiscard]] Result<std::unique_ptr<Disk>> make_real_disk(Backend backend = Backend::automatic);

// Empty if this process may use io_uring with all that Pawl needs of it; else why not, and the cure. Tries it: makes a ring and
// drops it.
[[nodiscard]] std::string io_uring_obstacle();

}  // namespace pawl::io
