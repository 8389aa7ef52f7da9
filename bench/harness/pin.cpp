#include "harness/pin.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "harness/clock.hpp"
#include "harness/fail.hpp"
#include "pawl/io/cpus.hpp"
#include "pawl/io/thread.hpp"

namespace pawl::bench {

const std::vector<int>& measuring_cpus() {
  static const std::vector<int> cpus = [] {
    std::vector<int> found = or_fail(io::discover_cpus()).cpus;
    std::reverse(found.begin(), found.end());
    return found;
  }();
  return cpus;
}

void use_only(const std::string& cpus) {
  const std::vector<int> wanted = io::parse_cpu_list(cpus);
  if (wanted.empty()) fail("--cpus takes a list as 0,2-3, not " + cpus);
  const std::vector<int> may = or_fail(io::discover_cpus()).cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : wanted) {
    if (cpu >= CPU_SETSIZE || std::find(may.begin(), may.end(), cpu) == may.end()) fail("--cpus " + cpus + ": this process may not use CPU " + std::to_string(cpu));
    CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  if (::sched_setaffinity(0, sizeof set, &set) != 0) fail("--cpus " + cpus + ": the kernel refused");
}

namespace {

// A refusal leaves the thread where it is: the run goes on, and its spread shows it.
void pin(std::size_t index) {
  const auto& cpus = measuring_cpus();
  if (cpus.size() > 1) static_cast<void>(io::pin_this_thread(cpus[index % cpus.size()]));
}

}  // namespace

double run_together(const std::vector<std::function<void()>>& bodies) {
  std::atomic<std::size_t> ready{0};
  std::vector<std::int64_t> starts(bodies.size()), ends(bodies.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    threads.emplace_back([&, i] {
      pin(i);
      ready.fetch_add(1);
      while (ready.load() < bodies.size()) std::this_thread::yield();
      const std::int64_t start = now_ns();
      bodies[i]();
      ends[i] = now_ns();
      starts[i] = start;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(std::max<std::int64_t>(*std::max_element(ends.begin(), ends.end()) - *std::min_element(starts.begin(), starts.end()), 1));
}

void run_pinned(std::size_t index, const std::function<void()>& body) {
  std::thread thread([&] {
    pin(index);
    body();
  });
  thread.join();
}

}  // namespace pawl::bench
