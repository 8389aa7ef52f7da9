#include "pawl/machine.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <new>

#include "pawl/io/cpus.hpp"
#include "pawl/io/device.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/io/thread_plan.hpp"

namespace pawl::tools {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr double mebi = 1024.0 * 1024.0;

std::string first_line(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

Fact kernel() {
  utsname name{};
  if (uname(&name) != 0) return {"kernel", Grade::slower, "unknown", "", ""};
  return {"kernel", Grade::fine, fmt::format("{} {} {}", name.sysname, name.release, name.machine), "", ""};
}

Fact cpus() {
  const auto set = io::discover_cpus();
  if (!set) return {"CPUs", Grade::slower, set.error().text, "threads are not pinned", "allow sched_getaffinity"};
  std::string found = fmt::format("{} in the cpuset", set->cpus.size());
  if (set->limited_by_quota()) found += fmt::format(", a quota of {:.2f}", set->quota);
  const io::ThreadPlan plan = io::plan_threads(*set, 1);
  const auto busy = std::count_if(plan.begin(), plan.end(), [](const io::PlannedThread& thread) { return !thread.waits_in_kernel; });
  found += fmt::format("; busy threads: {}, waiting in the kernel: {}", busy, plan.size() - static_cast<std::size_t>(busy));
  if (set->usable() >= 2) return {"CPUs", Grade::fine, found, "", ""};
  return {"CPUs", Grade::slower, found, "all stages share one thread", "give the process 2 CPUs or more (cpuset, quota)"};
}

Fact huge_pages() {
  const std::string reserved = first_line("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
  const bool pool = !reserved.empty() && reserved != "0";
  const bool transparent = io::transparent_huge_pages_enabled();
  const std::string found = fmt::format("{} reserved and free, transparent ones {}", reserved.empty() ? "0" : reserved, transparent ? "on" : "off");
  if (pool || transparent) return {"huge pages", Grade::fine, found, "", ""};
  return {"huge pages", Grade::slower, found, "look-ups in large tables miss the TLB more often",
          "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
}

Fact memlock() {
  constexpr rlim_t wanted = rlim_t{8} << 20;  // what the journal pins for io_uring: its blocks in flight
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return {"memlock", Grade::slower, std::strerror(errno), "", ""};
  if (limit.rlim_cur == RLIM_INFINITY) return {"memlock", Grade::fine, "unlimited", "", ""};
  const std::string found = fmt::format("{:.1f} MiB", static_cast<double>(limit.rlim_cur) / mebi);
  if (limit.rlim_cur >= wanted || geteuid() == 0) return {"memlock", Grade::fine, found, "", ""};
  return {"memlock", Grade::slower, found, "buffers of the journal are pinned anew at every write", "ulimit -l 8192, or LimitMEMLOCK=8M in the service"};
}

Fact io_uring() {
  const std::string obstacle = io::io_uring_obstacle();
  if (obstacle.empty()) return {"io_uring", Grade::fine, "usable", "", ""};
  return {"io_uring", Grade::slower, obstacle, "the journal writes by pwritev2, one block at a time", "see what is named here; in a container, its seccomp profile"};
}

Fact clock() {
  const std::string source = first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  io::SystemClock system;
  constexpr int rounds = 1000;
  const std::int64_t start = system.monotonic_ns();
  for (int i = 0; i < rounds; ++i) (void)system.now();
  const std::int64_t cost_ns = (system.monotonic_ns() - start) / rounds;
  const std::string found = fmt::format("{}, {} ns a reading", source.empty() ? "unknown source" : source, cost_ns);
  if (cost_ns <= 200) return {"clock", Grade::fine, found, "", ""};
  return {"clock", Grade::slower, found, "every ingest time costs a system call", "choose the tsc clock source (kernel parameter clocksource=tsc), if the CPU's is stable"};
}

std::string file_system_name(std::uint64_t magic) {
  switch (magic) {
    case 0xEF53: return "ext4";
    case 0x58465342: return "xfs";
    case 0x9123683E: return "btrfs";
    case 0x01021994: return "tmpfs";
    case 0x794C7630: return "overlayfs";
    case 0x6969: return "nfs";
    case 0x2FC12FC1: return "zfs";
    case 0xF2F52010: return "f2fs";
    default: return fmt::format("type {:#x}", magic);
  }
}

Fact file_system(const std::string& directory) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) != 0) {
    return {"file system", Grade::unusable, fmt::format("{}: {}", directory, std::strerror(errno)), "", "name a directory that exists: --directory"};
  }
  const std::string type = file_system_name(static_cast<std::uint64_t>(status.f_type));
  const double free_gib = static_cast<double>(status.f_bavail) * static_cast<double>(status.f_bsize) / (1024 * mebi);
  const std::string found = fmt::format("{}, {:.1f} GiB free", type, free_gib);
  if (type == "tmpfs") return {"file system", Grade::slower, found, "nothing in memory survives a power cut: durability disk is a word only", "keep journals on a disk"};
  if (type == "nfs") return {"file system", Grade::slower, found, "locks and syncs depend on a server", "keep journals on a local disk"};
  return {"file system", Grade::fine, found, "", ""};
}

Fact device(const std::string& directory) {
  const auto counters = io::read_device_counters(directory);
  if (!counters) return {"device", Grade::slower, counters.error().text, "flushes cannot be counted from here", "none needed if the device is known to keep its promises"};
  return {"device", Grade::fine, counters->write_cache ? "has a volatile write cache, which the kernel flushes" : "has no write cache that loses data", "", ""};
}

struct AlignedPage {
  alignas(page_bytes) std::byte bytes[page_bytes] = {};
};

// Writes as the journal does: whole aligned pages, data-synced, the second time over blocks that hold zeros already.
Fact synced_write(io::Disk& disk, const std::string& path) {
  constexpr int rounds = 50;
  auto file = disk.open(path, {.access = io::Access::create_new, .direct = true, .durable = true});
  if (!file) return {"direct I/O", Grade::unusable, file.error().text, "", "make the directory writable for this user"};
  AlignedPage page;
  if ((*file)->write(page.bytes, 0) != page_bytes || (*file)->sync() != 0) {
    return {"direct I/O", Grade::unusable, "a write of 4096 bytes fails", "", "is the disk full, or read-only?"};
  }
  io::SystemClock clock;
  std::vector<std::int64_t> times_ns;
  for (int i = 0; i < rounds; ++i) {
    const std::int64_t start = clock.monotonic_ns();
    if ((*file)->write(page.bytes, 0) != page_bytes) return {"direct I/O", Grade::unusable, "a synced write fails", "", "see the kernel's log"};
    times_ns.push_back(clock.monotonic_ns() - start);
  }
  std::nth_element(times_ns.begin(), times_ns.begin() + rounds / 2, times_ns.end());
  const std::string found = fmt::format("{}, alignment {}, a synced write of 4 KiB takes {} us (median of {})", (*file)->direct() ? "granted" : "refused",
                                        (*file)->alignment_bytes(), times_ns[rounds / 2] / 1000, rounds);
  if ((*file)->direct()) return {"direct I/O", Grade::fine, found, "", ""};
  return {"direct I/O", Grade::slower, found, "blocks pass through the page cache", (*file)->notice()};
}

Fact direct_io(const std::string& directory) {
  auto disk = io::make_real_disk();
  if (!disk) return {"direct I/O", Grade::unusable, disk.error().text, "", ""};
  const std::string path = fmt::format("{}/.pawl-doctor-{}", directory, getpid());
  Fact fact = synced_write(**disk, path);
  (void)(*disk)->remove(path);  // it may not have been created
  return fact;
}

}  // namespace

Facts examine(const std::string& directory) {
  return {kernel(), cpus(), huge_pages(), memlock(), clock(), io_uring(), file_system(directory), device(directory), direct_io(directory)};
}

}  // namespace pawl::tools
