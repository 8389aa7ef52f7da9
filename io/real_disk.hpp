// The disk of the machine, by one of three ways of writing behind one interface (disk.hpp):
//   io_uring   asynchronous O_DIRECT writes with data sync in the one operation (RWF_DSYNC); the default where it is allowed
//   pwritev2   the same writes, blocking in submit_write: where io_uring is forbidden (containers often forbid it)
//   buffered   through the page cache, then fdatasync: where neither works, or to compare
// O_DIRECT is asked for per file and may be refused by the file system: File::direct() and File::notice() say so.
#pragma once

#include <memory>
#include <string>

#include "pawl/io/disk.hpp"

namespace pawl::io {

enum class Backend { automatic, io_uring, pwritev2, buffered };

// automatic: io_uring if this process may use it, else pwritev2 with a notice that says why and how to cure it.
// Errors: unsupported, if io_uring is demanded and not to be had. Files may outlive the disk.
[[nodiscard]] Result<std::unique_ptr<Disk>> make_real_disk(Backend backend = Backend::automatic);

// Empty if this process may use io_uring with all that Pawl needs of it; else why not, and the cure. Tries it: makes a ring and
// drops it.
[[nodiscard]] std::string io_uring_obstacle();

}  // namespace pawl::io
