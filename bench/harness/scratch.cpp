#include "harness/scratch.hpp"

#include <stdlib.h>

#include <filesystem>

#include "harness/fail.hpp"

namespace pawl::bench {

Scratch::Scratch(const std::string& parent) : path_(parent + "/pawl-bench-XXXXXX") {
  std::error_code ignored;
  std::filesystem::create_directories(parent, ignored);
  if (::mkdtemp(path_.data()) == nullptr) fail("cannot make a directory in " + parent);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace pawl::bench
