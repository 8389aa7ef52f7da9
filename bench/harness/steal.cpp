#include "harness/steal.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <string>

#include "harness/clock.hpp"

namespace pawl::bench {

// "cpu user nice system idle iowait irq softirq steal ...", in ticks
std::int64_t stolen_ns() {
  std::ifstream file("/proc/stat");
  std::string word;
  std::array<std::int64_t, 8> ticks{};
  file >> word;
  for (std::int64_t& value : ticks) file >> value;
  return ticks.back() * (1'000'000'000 / std::max(1L, ::sysconf(_SC_CLK_TCK)));
}

StealSampler::StealSampler()
    : thread_([this] {
        const std::int64_t cpus = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
        std::int64_t before_ns = now_ns(), before = stolen_ns();
        while (!done_.load(std::memory_order_relaxed)) {
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
          const std::int64_t at_ns = now_ns(), stolen = stolen_ns();
          if (stolen > before) seen_.push_back({before_ns, at_ns, (stolen - before) / cpus});
          before_ns = at_ns;
          before = stolen;
        }
      }) {}

const std::vector<StealSampler::Stolen>& StealSampler::stop() {
  done_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
  return seen_;
}

}  // namespace pawl::bench
