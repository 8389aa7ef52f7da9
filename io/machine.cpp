#include "pawl/io/machine.hpp"

#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "pawl/core/base/limits.hpp"
#include "pawl/io/device.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/io/os_error.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/thread.hpp"
#include "pawl/io/thread_plan.hpp"

namespace pawl::io {
namespace {

using Status = Finding::Status;

std::string line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What the journal pins: a few blocks, and as much again for whoever embeds it.
constexpr std::size_t pinned_bytes = 8 * limits::block_bytes_max;

struct FileSystem {
  std::int64_t magic;
  const char* name;
  Status status;
  const char* lost;
};

constexpr std::int64_t xfs = 0x58465342;
constexpr std::int64_t zfs = 0x2fc12fc1;
constexpr std::int64_t cifs = 0xff534d42;
constexpr std::int64_t smb2 = 0xfe534d42;
constexpr std::int64_t fuse = 0x65735546;

constexpr std::array<FileSystem, 12> file_systems{{
    {EXT4_SUPER_MAGIC, "ext4", Status::ok, ""},
    {xfs, "xfs", Status::ok, ""},
    {F2FS_SUPER_MAGIC, "f2fs", Status::warn, "a log-structured file system moves blocks when they are overwritten: slower, not tested much"},
    {BTRFS_SUPER_MAGIC, "btrfs", Status::warn, "copy on write: every synced block allocates and writes metadata, so acks are slower and files fragment"},
    {zfs, "zfs", Status::warn, "copy on write, and direct I/O may pass through its own cache: acks are slower"},
    {OVERLAYFS_SUPER_MAGIC, "overlay", Status::warn, "the writable layer of a container: slower, and gone with the container"},
    {TMPFS_MAGIC, "tmpfs", Status::bad, "it is memory: nothing survives a power cut, whatever the durability asked for"},
    {RAMFS_MAGIC, "ramfs", Status::bad, "it is memory: nothing survives a power cut, whatever the durability asked for"},
    {NFS_SUPER_MAGIC, "nfs", Status::bad, "locks and syncs depend on the server and its mount options: two engines may write one journal"},
    {cifs, "cifs", Status::bad, "locks and syncs depend on the server and its mount options: two engines may write one journal"},
    {smb2, "smb2", Status::bad, "locks and syncs depend on the server and its mount options: two engines may write one journal"},
    {fuse, "fuse", Status::warn, "what a sync means depends on the program behind it"},
}};

std::string text_of(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

// Empty if a direct, synced write works in that directory; else why not.
std::string try_direct_write(const std::string& directory) {
  const auto disk = make_real_disk(Backend::pwritev2);
  const std::string path = directory + "/.pawl-doctor-" + std::to_string(::getpid());
  auto file = (*disk)->open(path, {.access = Access::create_new, .direct = true, .durable = true});
  if (!file) return file.error().text;
  std::string obstacle = (*file)->direct() ? std::string() : (*file)->notice();
  const std::size_t alignment = (*file)->alignment_bytes();
  if (obstacle.empty()) {
    auto block = Region::map({.bytes = alignment, .best_pages = Pages::small});
    const std::int64_t written = block ? (*file)->write(block->bytes(), 0) : -ENOMEM;
    if (written < 0) obstacle = os_error("cannot write", path, static_cast<int>(-written)).text;
  }
  if (const auto removed = (*disk)->remove(path); !removed && obstacle.empty()) obstacle = removed.error().text;
  return obstacle;
}

}  // namespace

Finding examine_cpus(const CpuSet& set) {
  Finding finding{.name = "CPUs", .found = std::to_string(set.cpus.size()) + " in the cpuset"};
  finding.found += set.quota == CpuSet::no_quota ? ", no quota" : ", quota " + text_of(set.quota);
  finding.found += ", busy threads planned for " + std::to_string(set.usable());
  if (set.limited_by_quota()) {
    finding.status = Status::warn;
    finding.lost = "threads are not pinned, and are stopped for the rest of a period when the quota is used up: pauses of up to 100 ms";
    finding.cure = "give whole CPUs instead of a quota ('docker run --cpuset-cpus', static CPU manager policy in Kubernetes)";
  } else if (set.usable() < 2) {
    finding.status = Status::warn;
    finding.lost = "all stages share one thread: less throughput, and the journal's work adds to every latency";
    finding.cure = "give it two CPUs or more ('docker run --cpuset-cpus', 'taskset')";
  }
  return finding;
}

Finding examine_huge_pages(const std::string& root) {
  Finding finding{.name = "huge pages"};
  const std::string reserved = line_of(root + "/proc/sys/vm/nr_hugepages");
  if (!reserved.empty() && reserved != "0") {
    finding.found = reserved + " reserved";
  } else if (transparent_huge_pages_enabled(root)) {
    finding.found = "transparent, on request";
  } else {
    finding.status = Status::warn;
    finding.found = "none";
    finding.lost = "TLB misses: slower with large state";
    finding.cure = "'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled', or reserve some: 'sysctl -w vm.nr_hugepages=512'";
  }
  return finding;
}

Finding examine_locked_memory(std::size_t needed_bytes) {
  Finding finding{.name = "locked memory"};
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool unlimited = limit.rlim_cur == RLIM_INFINITY || ::geteuid() == 0;
  finding.found = unlimited ? "unlimited" : std::to_string(limit.rlim_cur >> 10) + " KiB";
  if (unlimited || limit.rlim_cur >= needed_bytes) return finding;
  finding.status = Status::warn;
  finding.lost = "write buffers cannot be pinned: the kernel maps them anew for each write, some 15 us more CPU for 1 MiB";
  finding.cure = "'ulimit -l " + std::to_string(needed_bytes >> 10) + "', or LimitMEMLOCK= in the systemd unit";
  return finding;
}

Finding examine_io_uring(const std::string& obstacle) {
  Finding finding{.name = "io_uring", .found = "allowed"};
  if (obstacle.empty()) return finding;
  finding.status = Status::warn;
  const std::size_t colon = std::min(obstacle.find(": "), obstacle.size());
  finding.found = obstacle.substr(0, colon);
  finding.lost = "writes block their thread (pwritev2): the journal needs a thread of its own, and no block fills while another is written";
  finding.cure = colon < obstacle.size() ? obstacle.substr(colon + 2) : "";
  return finding;
}

Finding examine_priority(const CpuSet& set, bool allowed) {
  Finding finding{.name = "priority", .found = allowed ? "the journal's thread may go first" : "the journal's thread may not go first"};
  const ThreadPlan plan = plan_threads(set, window_shards_for(set.usable()));
  const bool needed = std::any_of(plan.begin(), plan.end(), [](const PlannedThread& thread) { return thread.waits_in_kernel; });
  if (allowed || !needed) return finding;
  finding.status = Status::warn;
  finding.lost = "it shares CPUs with threads that never leave theirs: woken by the device it may wait for the next tick, so events are durable milliseconds later, and fewer a second";
  finding.cure = "'setcap cap_sys_nice+ep' on the program, LimitNICE=-10 in the systemd unit, or 'docker run --cap-add SYS_NICE'; or more CPUs";
  return finding;
}

Finding examine_direct_io(const std::string& directory) {
  Finding finding{.name = "direct I/O", .found = "works in " + directory};
  const std::string obstacle = try_direct_write(directory);
  if (obstacle.empty()) return finding;
  finding.status = Status::warn;
  finding.found = "refused: " + obstacle;
  finding.lost = "writes go through the page cache: slower, and recovery cannot see what the device really holds";
  finding.cure = "put the directory on ext4 or xfs on a local disk, and make it writable for this user";
  return finding;
}

Finding judge_file_system(std::int64_t magic) {
  Finding finding{.name = "file system"};
  for (const FileSystem& known : file_systems) {
    if (known.magic != magic) continue;
    finding.found = known.name;
    finding.status = known.status;
    finding.lost = known.lost;
  }
  if (finding.found.empty()) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "unknown (0x%llx)", static_cast<unsigned long long>(magic));
    finding.found = text.data();
    finding.status = Status::warn;
    finding.lost = "nobody has tested Pawl on it";
  }
  if (finding.status != Status::ok) finding.cure = "put the directory on ext4 or xfs on a local disk";
  return finding;
}

Finding examine_file_system(const std::string& directory) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) == 0) return judge_file_system(static_cast<std::int64_t>(status.f_type) & 0xffffffff);
  Finding finding{.name = "file system", .status = Status::bad, .found = os_error("cannot look at", directory, errno).text};
  finding.lost = "no journal can be there";
  finding.cure = "make the directory: 'mkdir -p " + directory + "'";
  return finding;
}

Finding examine_clock(const std::string& root) {
  Finding finding{.name = "clock"};
  finding.found = line_of(root + "/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (finding.found.empty()) finding.found = "unknown";
  // The ones that the kernel's vDSO reads without a system call.
  const std::array<const char*, 4> fast{"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"};
  if (std::find(fast.begin(), fast.end(), finding.found) != fast.end()) return finding;
  finding.status = Status::warn;
  finding.lost = "reading the time may be a system call instead of a few ns, once per batch";
  finding.cure = "'echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource', if the CPU's is stable";
  return finding;
}

Finding examine_write_cache(const std::string& directory) {
  Finding finding{.name = "write cache"};
  const auto counters = read_device_counters(directory);
  if (!counters) {
    finding.status = Status::warn;
    finding.found = "unknown: " + counters.error().text;
    finding.lost = "whether a synced write reaches the device cannot be checked from here";
    finding.cure = "use a directory on a local block device";
    return finding;
  }
  finding.found = counters->write_cache ? "volatile, flushed with every synced block" : "none, or protected: a synced write needs no flush";
  return finding;
}

std::vector<Finding> examine_machine(const std::string& directory) {
  std::vector<Finding> findings;
  if (const auto set = discover_cpus()) {
    findings.push_back(examine_cpus(*set));
    findings.push_back(examine_priority(*set, prompt_threads_go_first()));
  } else {
    findings.push_back({.name = "CPUs", .status = Status::bad, .found = set.error().text, .lost = "nothing can be planned", .cure = ""});
  }
  findings.push_back(examine_huge_pages());
  findings.push_back(examine_locked_memory(pinned_bytes));
  findings.push_back(examine_io_uring(io_uring_obstacle()));
  findings.push_back(examine_direct_io(directory));
  findings.push_back(examine_file_system(directory));
  findings.push_back(examine_clock());
  findings.push_back(examine_write_cache(directory));
  return findings;
}

}  // namespace pawl::io
