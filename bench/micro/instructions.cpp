// instructions: runs each operation 200 times (20 times those that handle much) for callgrind to count, in one process: starting 70 takes longer than all
// that they count. The counts of each are dumped under its name; of "nothing" those of asking callgrind alone. Prints each with the items of all its calls.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <string_view>

#include "micro/operations.hpp"

namespace {

void count(const std::string& name, const pawl::bench::Operation& operation, std::int64_t calls) {
  for (std::int64_t i = 0; i < calls; ++i) {
    if (operation.prepare) operation.prepare();
    CALLGRIND_TOGGLE_COLLECT;
    if (operation.run) operation.run();
    CALLGRIND_TOGGLE_COLLECT;
  }
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  std::printf("%s %lld %lld %s\n", name.c_str(), static_cast<long long>(calls), static_cast<long long>(operation.items), operation.item.c_str());
}

}  // namespace

int main() {
  constexpr std::int64_t calls = 200;
  count("nothing", {}, calls);
  for (const auto& maker : pawl::bench::operations()) count(maker.name, maker.make(maker.name), std::string_view(maker.name).ends_with("/262144") ? calls / 10 : calls);
}
