#include "pawl/io/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>

#include "pawl/io/os_error.hpp"

namespace pawl::io {
namespace {

constexpr int cpus_max = 8192;

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

// A control group that this process belongs to: where its files are, and the names they have.
struct ControlGroup {
  std::string mount;
  std::string path;  // below the mount; "/" at the end of the walk up
  bool v2 = false;
};

bool lists(const std::string& controllers, std::string_view name) {
  for (std::size_t at = 0; at <= controllers.size();) {
    const std::size_t end = std::min(controllers.find(',', at), controllers.size());
    if (std::string_view(controllers).substr(at, end - at) == name) return true;
    at = end + 1;
  }
  return false;
}

// Lines of /proc/self/cgroup: `number:controllers:path`, v2 with number 0 and no controllers.
std::vector<ControlGroup> control_groups(const std::string& root) {
  std::vector<ControlGroup> groups;
  std::ifstream file(root + "/proc/self/cgroup");
  const std::string mount = root + "/sys/fs/cgroup";
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      groups.push_back({mount, path, true});
      groups.push_back({mount + "/unified", path, true});
      continue;
    }
    for (const std::string name : {"cpu", "cpuset"}) {
      if (!lists(controllers, name)) continue;
      groups.push_back({mount + "/" + name, path, false});
      if (controllers != name) groups.push_back({mount + "/" + controllers, path, false});
    }
  }
  return groups;
}

std::optional<double> quota_v2(const std::string& directory) {
  std::ifstream file(directory + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::nullopt;
  std::int64_t microseconds = 0;
  const auto parsed = std::from_chars(quota.data(), quota.data() + quota.size(), microseconds);
  if (parsed.ec != std::errc() || microseconds <= 0) return std::nullopt;
  return static_cast<double>(microseconds) / period;
}

std::optional<double> quota_v1(const std::string& directory) {
  double quota = 0;
  double period = 0;
  std::ifstream(directory + "/cpu.cfs_quota_us") >> quota;
  std::ifstream(directory + "/cpu.cfs_period_us") >> period;
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

void narrow(CpuSet& set, const std::string& directory, bool v2) {
  if (const auto quota = v2 ? quota_v2(directory) : quota_v1(directory)) set.quota = std::min(set.quota, *quota);
  for (const char* name : {"/cpuset.cpus.effective", "/cpuset.effective_cpus", "/cpuset.cpus"}) {
    const std::vector<int> allowed = parse_cpu_list(first_line(directory + name).value_or(""));
    if (allowed.empty()) continue;
    std::vector<int> both;
    std::set_intersection(set.cpus.begin(), set.cpus.end(), allowed.begin(), allowed.end(), std::back_inserter(both));
    // A cpuset that shares nothing with the mask is of another view of the machine; the mask is what the kernel enforces.
    if (!both.empty()) set.cpus = std::move(both);
    return;
  }
}

// The limits of every group above hold too. In a container the path may be the host's, of which only the root is to be seen here:
// what does not exist is passed over.
void narrow_up_to_mount(CpuSet& set, ControlGroup group) {
  while (true) {
    narrow(set, group.mount + group.path, group.v2);
    const std::size_t slash = group.path.rfind('/');
    if (slash == std::string::npos || group.path.empty()) return;
    group.path.erase(slash);
  }
}

}  // namespace

int CpuSet::usable() const {
  const auto count = static_cast<int>(cpus.size());
  return limited_by_quota() ? std::max(1, static_cast<int>(quota)) : count;
}

std::vector<int> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int first = 0;
    auto parsed = std::from_chars(at, end, first);
    int last = first;
    if (parsed.ec == std::errc() && parsed.ptr < end && *parsed.ptr == '-') parsed = std::from_chars(parsed.ptr + 1, end, last);
    if (parsed.ec != std::errc() || first < 0 || last < first || last >= cpus_max) return {};
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (parsed.ptr < end && *parsed.ptr != ',') return {};
    at = parsed.ptr + 1;
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

CpuSet discover_cpus(const std::vector<int>& affinity, const std::string& root) {
  CpuSet set{.cpus = affinity};
  for (const ControlGroup& group : control_groups(root)) narrow_up_to_mount(set, group);
  return set;
}

Result<CpuSet> discover_cpus() {
  // The fixed cpu_set_t ends at 1,024 CPUs.
  const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(CPU_ALLOC(cpus_max), [](cpu_set_t* set) { CPU_FREE(set); });
  const std::size_t bytes = CPU_ALLOC_SIZE(cpus_max);
  if (!mask || ::sched_getaffinity(0, bytes, mask.get()) != 0) return os_error("cannot ask for", "the CPUs of this process", errno);
  std::vector<int> affinity;
  for (int cpu = 0; cpu < cpus_max; ++cpu) {
    if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, mask.get())) affinity.push_back(cpu);
  }
  if (affinity.empty()) return Error{ErrorCode::io, "the kernel allows this process no CPU: check its affinity ('taskset -p')"};
  return discover_cpus(affinity, "");
}

}  // namespace pawl::io
