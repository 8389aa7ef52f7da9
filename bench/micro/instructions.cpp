// instructions NAME COUNT [prepare]: runs one operation COUNT times, for callgrind to count; with `prepare`, everything but the operation
// itself. The difference is the operation's. `instructions` alone lists them, with the items of a call.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "micro/operations.hpp"

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  for (const auto& maker : pawl::bench::operations()) {
    if (argc == 1) std::printf("%s\n", maker.name.c_str());
    if (maker.name != name) continue;
    const pawl::bench::Operation operation = maker.make(maker.name);
    const bool only_prepare = argc > 3;
    for (long i = std::atol(argv[2]); i > 0; --i) {
      if (operation.prepare) operation.prepare();
      if (!only_prepare) operation.run();
    }
    std::printf("%lld %s\n", static_cast<long long>(operation.items), operation.item.c_str());
    return 0;
  }
  return argc == 1 ? 0 : 64;
}
