#include "harness/facts.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>

#include "harness/clock.hpp"
#include "harness/steal.hpp"
#include "pawl/io/cpus.hpp"
#include "pawl/io/machine.hpp"

namespace pawl::bench {
namespace {

std::string value_in(const char* file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const std::size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "unknown";
}

std::string first_line_of(const std::string& command) {
  std::FILE* const pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return "";
  char line[256] = "";
  if (std::fgets(line, sizeof line, pipe) == nullptr) line[0] = '\0';
  ::pclose(pipe);
  std::string text = line;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string commit() {
  const std::string git = "git -C '" PAWL_SOURCE_DIR "' ";
  const std::string hash = first_line_of(git + "rev-parse --short HEAD");
  if (hash.empty()) return "unknown";
  return hash + (first_line_of(git + "status --porcelain --untracked-files=no").empty() ? "" : ", with changes");
}

std::string caches() {
  std::string text;
  for (int i = 0; i < 5; ++i) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", i);
    std::string level, type, size, shared;
    std::getline(std::ifstream(folder + "level"), level);
    std::getline(std::ifstream(folder + "type"), type);
    std::getline(std::ifstream(folder + "size"), size);
    std::getline(std::ifstream(folder + "shared_cpu_list"), shared);
    if (size.empty() || type == "Instruction") continue;
    text += fmt::format("{}L{} {} (CPUs {})", text.empty() ? "" : ", ", level, size, shared);
  }
  return text.empty() ? "unknown" : text;
}

std::string cpus_text() {
  const auto set = io::discover_cpus();
  if (!set.ok()) return "unknown";
  return fmt::format("{} usable of {}{}", set->cpus.size(), ::sysconf(_SC_NPROCESSORS_ONLN),
                     set->limited_by_quota() ? fmt::format(", quota {:.1f}", set->quota) : "");
}

}  // namespace

Facts gather_facts(const std::string& directory) {
  utsname system{};
  ::uname(&system);
  std::string source;
  std::getline(std::ifstream("/sys/devices/system/clocksource/clocksource0/current_clocksource"), source);
  return {{"commit", commit()},
          {"time", utc_now()},
          {"CPU", value_in("/proc/cpuinfo", "model name")},
          {"CPUs", cpus_text()},
          {"caches", caches()},
          {"memory", value_in("/proc/meminfo", "MemTotal")},
          {"huge pages", io::examine_huge_pages().found},
          {"clock source", source},
          {"kernel", system.release},
          {"compiler", PAWL_COMPILER},
          {"build", PAWL_BUILD_TYPE},
          {"file system", io::examine_file_system(directory).found},
          {"direct I/O", io::examine_direct_io(directory).found},
          {"write cache", io::examine_write_cache(directory).found}};
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// --- disturbance ---

// /proc/stat: "cpu user nice system idle iowait irq softirq ...", in ticks, over all CPUs.
Disturbance::Counters Disturbance::read() {
  Counters counters;
  std::ifstream file("/proc/stat");
  std::string word;
  double field[7] = {};
  file >> word;
  for (double& value : field) file >> value;
  const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
  counters.busy_seconds = (field[0] + field[1] + field[2] + field[5] + field[6]) / tick;
  counters.steal_seconds = static_cast<double>(stolen_ns()) * 1e-9;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  rusage children{};  // those that have ended: the peers that are programs of their own
  ::getrusage(RUSAGE_CHILDREN, &children);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  counters.own_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime) + seconds(children.ru_utime) + seconds(children.ru_stime);
  counters.preemptions = usage.ru_nivcsw;
  counters.major_faults = usage.ru_majflt;
  counters.minor_faults = usage.ru_minflt;
  counters.at_seconds = static_cast<double>(now_ns()) * 1e-9;
  counters.cpus = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
  return counters;
}

Disturbance::Disturbance() : start_(read()) {}

Disturbance::Report Disturbance::so_far() const {
  const Counters end = read();
  const double elapsed = std::max(end.at_seconds - start_.at_seconds, 1e-3);
  Report report;
  report.others_cpus = std::max(0.0, (end.busy_seconds - start_.busy_seconds - (end.own_seconds - start_.own_seconds)) / elapsed);
  report.steal_percent = (end.steal_seconds - start_.steal_seconds) * 100 / (elapsed * static_cast<double>(end.cpus));
  report.preemptions = end.preemptions - start_.preemptions;
  report.major_faults = end.major_faults - start_.major_faults;
  report.minor_faults = end.minor_faults - start_.minor_faults;
  return report;
}

std::string Disturbance::why() const {
  const Report report = so_far();
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (report.others_cpus > 0.02) add(fmt::format("other processes used {:.2f} CPUs", report.others_cpus));
  if (report.steal_percent > 0.1) add(fmt::format("{:.1f} % of the time was stolen by the hypervisor", report.steal_percent));
  if (report.preemptions > 0) add(fmt::format("this process was preempted {} times", report.preemptions));
  if (report.major_faults > 0) add(fmt::format("{} pages came from the disk", report.major_faults));
  return text.empty() ? "nothing else ran; the hypervisor may have moved or slowed the CPUs unseen" : text;
}

}  // namespace pawl::bench
