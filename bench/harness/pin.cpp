#include "harness/pin.hpp"

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

namespace {

// A refusal leaves the thread where it is: the run goes on, and its spread shows it.
void pin(std::size_t index) {
  const auto& cpus = measuring_cpus();
  if (cpus.size() > 1) static_cast<void>(io::pin_this_thread(cpus[index % cpus.size()]));
}

}  // namespace

double run_pair(const std::function<void()>& first, const std::function<void()>& second) {
  std::atomic<int> ready{0};
  std::int64_t starts[2], ends[2];
  const auto body = [&](std::size_t side, const std::function<void()>& work) {
    pin(side);
    ready.fetch_add(1);
    while (ready.load() < 2) std::this_thread::yield();
    starts[side] = now_ns();
    work();
    ends[side] = now_ns();
  };
  std::thread one([&] { body(0, first); });
  std::thread two([&] { body(1, second); });
  one.join();
  two.join();
  return static_cast<double>(std::max<std::int64_t>(std::max(ends[0], ends[1]) - std::min(starts[0], starts[1]), 1));
}

void run_pinned(std::size_t index, const std::function<void()>& body) {
  std::thread thread([&] {
    pin(index);
    body();
  });
  thread.join();
}

}  // namespace pawl::bench
