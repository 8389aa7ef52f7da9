#include "harness/scratch.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "harness/fail.hpp"

namespace pawl::bench {

Scratch::Scratch(const std::string& parent) : path_(parent + "/pawl-bench-XXXXXX") {
  std::error_code ignored;
  std::filesystem::create_directories(parent, ignored);
  if (::mkdtemp(path_.data()) == nullptr) fail("cannot make a directory in " + parent);
}

// What a file system does about removed files (commits, discards) it does later, in the time of whoever measures next: measured, 10 ms in
// which no block is written for each 64 MiB. So it is waited for here.
Scratch::~Scratch() {
  const int directory = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  if (directory < 0) return;
  ::syncfs(directory);
  ::close(directory);
}

}  // namespace pawl::bench
