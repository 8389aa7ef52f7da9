// Who holds a file's lock: for messages, and for readers beside the holder.
#pragma once

#include <string>

namespace pawl::io {

// "process 4711 (pawl)", of the process that took flock on this open file; empty where the kernel does not tell: no /proc, or a holder
// outside of this container. Racy: the holder may be gone by now. Blocking, small.
[[nodiscard]] std::string lock_holder(int fd);

// Whether some process holds the lock of the file at `path`, asked without touching the lock. False also where the kernel does not
// tell: as above. Racy. Blocking, small.
[[nodiscard]] bool was_locked(const std::string& path);

}  // namespace pawl::io
