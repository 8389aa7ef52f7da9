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

bool Rounds::next() {
  show_progress(what_.c_str(), begun_, rounds_);
  if (begun_ == rounds_) return false;
  ++begun_;
  outcome_.conditions.push_back(read_condition());
  return true;
}

void run_interleaved(std::vector<Contender> contenders, int runs, Outcome& outcome, const std::function<void()>& beside) {
  for (int round = 0; round < outcome.warm_up_runs; ++round) {
    for (Contender& contender : contenders) static_cast<void>(contender.measure());
  }
  for (Rounds rounds(contenders.empty() ? "" : contenders.front().series.group, runs, outcome); rounds.next();) {
    for (Contender& contender : contenders) contender.series.values.push_back(contender.measure());
    beside();
  }
  for (Contender& contender : contenders) outcome.series.push_back(std::move(contender.series));
}

}  // namespace pawl::bench
