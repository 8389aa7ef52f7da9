#include "pawl/io/standard_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace pawl::io {

void hold_standard_files() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest number that is free: this one, as those below it are taken. Stays open; if it cannot be opened, nothing else can either.
    static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

}  // namespace pawl::io
