#include "pawl/io/system_clock.hpp"

#include <ctime>

namespace pawl::io {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * one_second + time.tv_nsec;
}

}  // namespace

Time SystemClock::now() { return read_clock(CLOCK_REALTIME); }

std::int64_t SystemClock::monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }

}  // namespace pawl::io
