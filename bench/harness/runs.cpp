#include "harness/runs.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace pawl::bench {

void show_progress(const char* what, int done, int all) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r\033[K");
  if (done < all) std::fprintf(stderr, "%s: run %d of %d", what, done + 1, all);
  std::fflush(stderr);
}

void run_interleaved(std::vector<Contender> contenders, int runs, Outcome& outcome, const std::function<void()>& beside) {
  for (int run = 0; run < runs; ++run) {
    if (!contenders.empty()) show_progress(contenders.front().series.group.c_str(), run, runs);
    for (Contender& contender : contenders) contender.series.values.push_back(contender.measure());
    beside();
  }
  show_progress("", runs, runs);
  for (Contender& contender : contenders) outcome.series.push_back(std::move(contender.series));
}

}  // namespace pawl::bench
