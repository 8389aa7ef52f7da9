// CPUs, thread plans, threads, parking, memory, clocks, device counters.
#include <doctest/doctest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <set>
#include <thread>

#include "pawl/core/ring/park.hpp"
#include "pawl/core/ring/policy.hpp"
#include "pawl/io/cpus.hpp"
#include "pawl/io/device.hpp"
#include "pawl/io/memory.hpp"
#include "pawl/io/parker.hpp"
#include "pawl/io/system_clock.hpp"
#include "pawl/io/thread.hpp"
#include "pawl/io/thread_plan.hpp"
#include "worlds.hpp"

namespace pawl::io::test {
namespace {

using Spot = ring::ParkSpot<ring::StdAtomics>;
static_assert(ring::Parker<FutexParker, Spot>);

// A root directory with the files of a container in it.
struct FakeRoot {
  TemporaryDirectory directory;
  FakeRoot& file(const std::string& path, const std::string& text) {
    const std::filesystem::path full = directory.path() + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text << '\n';
    return *this;
  }
  [[nodiscard]] CpuSet discover(const std::vector<int>& affinity) const { return discover_cpus(affinity, directory.path()); }
};

CpuSet cpu_set(int cpus, double quota = CpuSet::no_quota) {
  CpuSet set;
  for (int i = 0; i < cpus; ++i) set.cpus.push_back(i);
  set.quota = quota;
  return set;
}

const std::vector<int> eight{0, 1, 2, 3, 4, 5, 6, 7};

}  // namespace

TEST_CASE("lists of CPUs are read as the kernel writes them, and nothing else is") {
  CHECK(parse_cpu_list("0") == std::vector<int>{0});
  CHECK(parse_cpu_list("0-2,5,9-9") == std::vector<int>{0, 1, 2, 5, 9});
  CHECK(parse_cpu_list("3,1,1-2") == std::vector<int>{1, 2, 3});
  for (const char* bad : {"", "a", "1-", "-1", "2-1", "1,,2", "0-99999", "1 2", "99999999999"}) CHECK(parse_cpu_list(bad).empty());
}

TEST_CASE("without control groups the affinity mask counts alone") {
  const FakeRoot root;
  const CpuSet set = root.discover({1, 3});
  CHECK(set.cpus == std::vector<int>{1, 3});
  CHECK(set.quota == CpuSet::no_quota);
  CHECK(set.usable() == 2);
}

TEST_CASE("control groups v2: quota and cpuset, the narrowest on the way up") {
  FakeRoot root;
  root.file("/proc/self/cgroup", "0::/pod/box");
  root.file("/sys/fs/cgroup/pod/box/cpu.max", "max 100000").file("/sys/fs/cgroup/pod/cpu.max", "250000 100000");
  root.file("/sys/fs/cgroup/pod/box/cpuset.cpus.effective", "2-5").file("/sys/fs/cgroup/cpuset.cpus.effective", "0-7");
  const CpuSet set = root.discover(eight);
  CHECK(set.cpus == std::vector<int>{2, 3, 4, 5});
  CHECK(set.quota == doctest::Approx(2.5));
  CHECK(set.usable() == 2);
}

TEST_CASE("in a container the path is the host's and only the root is there") {
  FakeRoot root;
  root.file("/proc/self/cgroup", "0::/system.slice/docker-0123.scope").file("/sys/fs/cgroup/cpu.max", "50000 100000");
  const CpuSet set = root.discover(eight);
  CHECK(set.cpus == eight);
  CHECK(set.quota == doctest::Approx(0.5));
  CHECK(set.usable() == 1);
}

TEST_CASE("control groups v1: each controller has its own hierarchy, alone or shared") {
  FakeRoot root;
  root.file("/proc/self/cgroup", "5:cpuset:/box\n4:cpu,cpuacct:/box\n3:memory:/box\n0::/");
  root.file("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "400000").file("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000");
  root.file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1").file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
  root.file("/sys/fs/cgroup/cpuset/box/cpuset.cpus", "0-2");
  const CpuSet set = root.discover(eight);
  CHECK(set.cpus == std::vector<int>{0, 1, 2});
  CHECK(set.quota == doctest::Approx(4));
  CHECK_FALSE(set.limited_by_quota());
  CHECK(set.usable() == 3);
}

TEST_CASE("nonsense in control group files narrows nothing") {
  FakeRoot root;
  root.file("/proc/self/cgroup", "rubbish\n0::/a\n4:cpu:/a");
  root.file("/sys/fs/cgroup/a/cpu.max", "x y").file("/sys/fs/cgroup/a/cpuset.cpus.effective", "no").file("/sys/fs/cgroup/cpu.max", "100");
  root.file("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000").file("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "0");
  const CpuSet set = root.discover({0, 1});
  CHECK(set.cpus == std::vector<int>{0, 1});
  CHECK(set.quota == CpuSet::no_quota);
}

TEST_CASE("this process may use some CPU") {
  const auto set = discover_cpus();
  REQUIRE(set.ok());
  CHECK(set->usable() >= 1);
  CHECK(set->cpus.size() <= std::thread::hardware_concurrency());
}

TEST_CASE("every plan holds each stage once, and no more busy threads than may be") {
  for (int cpus = 1; cpus <= 12; ++cpus) {
    for (int shards = 1; shards <= 9; ++shards) {
      for (const double quota : {CpuSet::no_quota, 0.4, 1.0, 1.9, 2.5, 4.0}) {
        const CpuSet set = cpu_set(cpus, quota);
        const ThreadPlan plan = plan_threads(set, shards);
        std::multiset<std::pair<int, int>> stages;
        std::set<std::string> names;
        std::set<int> pinned;
        int busy = 0;
        for (const PlannedThread& thread : plan) {
          CHECK(names.insert(thread.name).second);
          CHECK(thread.name.size() <= 15);
          CHECK_FALSE(thread.stages.empty());
          busy += thread.waits_in_kernel ? 0 : 1;
          if (thread.cpu) CHECK(pinned.insert(*thread.cpu).second);
          if (thread.waits_in_kernel) CHECK_FALSE(thread.cpu.has_value());
          std::set<int> owned;
          for (const StageRole& stage : thread.stages) {
            if (!stage.helps) stages.emplace(static_cast<int>(stage.role), stage.shard);
            if (stage.role == Role::windows) CHECK(owned.insert(stage.shard).second);  // nobody helps with its own
          }
        }
        CHECK(busy <= set.usable());
        CHECK(stages.size() == static_cast<std::size_t>(4 + shards));
        for (int shard = 0; shard < shards; ++shard) CHECK(stages.count({static_cast<int>(Role::windows), shard}) == 1);
        for (const Role role : {Role::ingest_sequence, Role::journal, Role::decide, Role::emit}) {
          CHECK(stages.count({static_cast<int>(role), 0}) == 1);
        }
        if (set.limited_by_quota()) CHECK(pinned.empty());
      }
    }
  }
}

TEST_CASE("however many CPUs there are, a thread has room for all others to wake, and decide for all shards to follow") {
  for (int cpus = 1; cpus <= 64; ++cpus) {
    const int shards = window_shards_for(cpus);
    CHECK(shards >= 1);
    CHECK(shards <= window_shards_max);
    for (const int asked : {shards, 64}) CHECK(plan_threads(cpu_set(cpus), asked).size() <= limits::barrier_cursors_max);
  }
  CHECK(plan_threads(cpu_set(64), window_shards_for(64)).size() == 16);
}

TEST_CASE("the plans are the table") {
  CHECK(describe(plan_threads(cpu_set(1), 2)) == "engine          any CPU  ingest, sequence, journal, windows 0, windows 1, decide, emit\n");
  CHECK(describe(plan_threads(cpu_set(2), 2)) ==
        "ingest+emit     CPU 1  ingest, sequence, windows 1, emit, helps windows 0\n"
        "windows+decide  CPU 0  windows 0, decide, helps windows 1\n"
        "journal         asleep  journal\n");
  CHECK(describe(plan_threads(cpu_set(4), 2)) ==
        "ingest+emit     CPU 3  ingest, sequence, emit\n"
        "windows-0       CPU 2  windows 0\n"
        "windows-1       CPU 1  windows 1\n"
        "decide          CPU 0  decide\n"
        "journal         asleep  journal\n");
  CHECK(plan_threads(cpu_set(3), 4).size() == 4);
  CHECK(plan_threads(cpu_set(16), 4).size() == 8);
  CHECK(plan_threads(cpu_set(16, 2.9), 4).size() == 3);
}

TEST_CASE("a thread has its name, its CPU, and is joined") {
  const auto set = discover_cpus();
  REQUIRE(set.ok());
  const int cpu = set->cpus.back();
  std::string name(16, '\0');
  int ran_on = -1;
  auto thread = Thread::start({.name = "pawl-test", .cpu = cpu}, [&] {
    pthread_getname_np(pthread_self(), name.data(), name.size());
    ran_on = sched_getcpu();
  });
  REQUIRE(thread.ok());
  CHECK(thread->pinned());
  Thread moved = *std::move(thread);
  moved.join();
  moved.join();
  CHECK_FALSE(moved.joinable());
  CHECK(std::string(name.c_str()) == "pawl-test");
  CHECK(ran_on == cpu);
}

TEST_CASE("a CPU that is not to be had costs the pin, not the thread") {
  bool ran = false;
  {
    auto thread = Thread::start({.name = "lost", .cpu = 1023}, [&] { ran = true; });
    REQUIRE(thread.ok());
    CHECK_FALSE(thread->pinned());
    CHECK(thread->notice().find("CPU 1023") != std::string::npos);
  }
  CHECK(ran);
  CHECK(pin_this_thread(-1) == EINVAL);
}

TEST_CASE("a parked thread sleeps until woken, and loses no wake-up") {
  Spot spot;
  FutexParker parker;
  std::atomic<int> work{0};
  constexpr int rounds = 20'000;
  std::thread sleeper([&] {
    for (int done = 0; done < rounds;) {
      const auto look = [&] { return std::int64_t{work.load(std::memory_order_acquire) > done}; };
      ring::park_if_idle(spot, parker, look);
      if (look() > 0) ++done;
    }
  });
  for (int i = 1; i <= rounds; ++i) {
    work.store(i, std::memory_order_release);
    ring::wake(spot, parker);
  }
  sleeper.join();
  CHECK(work == rounds);
}

TEST_CASE("a park with a limit ends by itself; one on a changed word does not begin") {
  SystemClock clock;
  std::atomic<std::uint32_t> word{1};
  const std::int64_t before = clock.monotonic_ns();
  futex_wait(word, 1, 5'000'000);
  CHECK(clock.monotonic_ns() - before >= 4'000'000);
  futex_wait(word, 0, no_limit);
  Spot spot;
  spot.prepare();
  FutexParker(1'000'000).park(spot);
}

TEST_CASE("the clocks run") {
  SystemClock clock;
  CHECK(clock.now() > 1'600'000'000 * one_second);
  const std::int64_t first = clock.monotonic_ns();
  CHECK(clock.monotonic_ns() >= first);
}

TEST_CASE("a region is zeroed, aligned, as long as asked for, and says what it got") {
  for (const Pages best : {Pages::small, Pages::transparent_huge, Pages::reserved_huge}) {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, Region::huge_page_bytes, 3 * Region::huge_page_bytes + 5}) {
      auto region = Region::map({.bytes = bytes, .best_pages = best, .prefault = true, .lock = true});
      REQUIRE(region.ok());
      CHECK(region->bytes().size() == bytes);
      const std::size_t alignment = region->pages() == Pages::small ? 4096 : Region::huge_page_bytes;
      CHECK(reinterpret_cast<std::uintptr_t>(region->bytes().data()) % alignment == 0);
      CHECK(std::ranges::all_of(region->bytes(), [](std::byte byte) { return byte == std::byte{0}; }));
      if (!region->locked()) CHECK_FALSE(region->notice().empty());
      CHECK(static_cast<int>(region->pages()) <= static_cast<int>(best));
      Region moved = *std::move(region);
      moved.bytes()[bytes - 1] = std::byte{1};
      CHECK(moved.bytes().size() == bytes);
      CHECK(region->bytes().empty());
    }
  }
}

// More than the address space, so that it is refused whatever the policy of overcommitment.
TEST_CASE("memory that is not there is an error with a cure; none at all is a mistake") {
  const auto region = Region::map({.bytes = std::size_t{1} << 50, .best_pages = Pages::small, .prefault = true});
  REQUIRE_FALSE(region.ok());
  CHECK(region.error().text.find("ENOMEM") != std::string::npos);
  CHECK(Region::map({.bytes = 0}).error().code == ErrorCode::usage);
}

TEST_CASE("the device is flushed at least once for every synced write, whatever the backend") {
  for (const Backend backend : {Backend::io_uring, Backend::mixed, Backend::pwritev2, Backend::buffered}) {
    const TemporaryDirectory directory;
    const auto before = read_device_counters(directory.path());
    const auto disk = real_or_skip(backend);
    if (!disk) continue;
    if (!before) {
      MESSAGE("SKIPPED: device counters: ", before.error().text);
      return;
    }
    auto file = disk->open(directory.path() + "/a", {.access = Access::create_new, .direct = true, .durable = true});
    REQUIRE(file.ok());
    AlignedBytes bytes(mixed_async_bytes_min, 1);
    constexpr std::uint64_t writes = 20;
    std::uint64_t written = 0;
    for (std::uint64_t i = 0; i < writes; ++i) {
      const std::size_t length = i % 2 == 0 ? 4096 : mixed_async_bytes_min;
      REQUIRE((*file)->submit_write(bytes.span().first(length), written, i) == 0);
      std::array<Completion, 1> ended;
      REQUIRE((*file)->wait(ended, one_second) == 1);
      REQUIRE(ended[0].result == static_cast<std::int64_t>(length));
      written += length;
    }
    const auto after = read_device_counters(directory.path());
    REQUIRE(after.ok());
    if (before->write_cache) CHECK(after->flushes >= before->flushes + writes);
    if (!before->write_cache) MESSAGE("SKIPPED: flushes: the device has no volatile write cache, so nothing flushes it");
    CHECK(after->writes >= before->writes + writes);
    CHECK(after->written_bytes >= before->written_bytes + written);
  }
}

TEST_CASE("what has no block device has no counters") {
  const auto counters = read_device_counters("/proc");
  REQUIRE_FALSE(counters.ok());
  CHECK(counters.error().code == ErrorCode::unsupported);
  CHECK_FALSE(read_device_counters("/no/such/place").ok());
}

}  // namespace pawl::io::test
