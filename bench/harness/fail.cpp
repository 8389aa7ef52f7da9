#include "harness/fail.hpp"

#include <cstdio>
#include <cstdlib>

namespace pawl::bench {

void fail(const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "pawl-bench: error: %s\n", text.c_str());
  std::exit(1);
}

}  // namespace pawl::bench
