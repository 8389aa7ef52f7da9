// Who holds a file's lock: for messages.
#pragma once

#include <string>

namespace pawl::io {

// "process 4711 (pawl)", of the process that took flock on this open file; empty where the kernel does not tell: no /proc, or a holder
// outside of this container. Racy: the holder may be gone by now. Blocking, small.
[[nodiscard]] std::string lock_holder(int fd);

}  // namespace pawl::io
