#include "pawl/io/thread_usage.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace pawl::io {

ThreadUsage ThreadUsageReader::read() {
  ThreadUsage usage;
  rusage counted{};
  if (::getrusage(RUSAGE_THREAD, &counted) == 0) {
    usage.involuntary = counted.ru_nivcsw;
    usage.voluntary = counted.ru_nvcsw;
    usage.minor_faults = counted.ru_minflt;
    usage.major_faults = counted.ru_majflt;
  }
  if (!opened_) {
    schedstat_ = Descriptor(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
    opened_ = true;
  }
  // "<ns on a CPU> <ns waiting for one> <time slices>"
  std::array<char, 64> text;
  const ssize_t bytes = schedstat_.valid() ? ::pread(schedstat_.get(), text.data(), text.size(), 0) : -1;
  if (bytes <= 0) return usage;
  const char* const end = text.data() + bytes;
  std::int64_t on_cpu_ns = 0;
  const auto [space, error] = std::from_chars(text.data(), end, on_cpu_ns);
  if (error == std::errc() && space < end) std::from_chars(space + 1, end, usage.waited_for_cpu_ns);
  return usage;
}

}  // namespace pawl::io
