// Findings about the machine: every one that is not ok says what is lost and how to cure it.
#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "pawl/io/machine.hpp"
#include "worlds.hpp"

namespace pawl::io::test {
namespace {

using Status = Finding::Status;

void check_complete(const Finding& finding) {
  CAPTURE(finding.name);
  CHECK_FALSE(finding.name.empty());
  CHECK_FALSE(finding.found.empty());
  CHECK(finding.lost.empty() == (finding.status == Status::ok));
  CHECK(finding.cure.empty() == (finding.status == Status::ok));
}

std::string fake_file(const TemporaryDirectory& root, const std::string& path, const std::string& text) {
  const std::filesystem::path full = root.path() + path;
  std::filesystem::create_directories(full.parent_path());
  std::ofstream(full) << text << '\n';
  return root.path();
}

}  // namespace

TEST_CASE("this machine is examined, and the directory left as it was") {
  const TemporaryDirectory directory;
  const auto findings = examine_machine(directory.path());
  CHECK(findings.size() == 9);
  for (const Finding& finding : findings) {
    check_complete(finding);
    CHECK(finding.status != Status::bad);
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a directory that does not exist is bad") {
  std::map<std::string, Finding> findings;
  for (const Finding& finding : examine_machine("/no/such/place")) {
    check_complete(finding);
    findings[finding.name] = finding;
  }
  CHECK(findings["file system"].status == Status::bad);
  CHECK(findings["direct I/O"].status == Status::warn);
}

TEST_CASE("priority matters where the journal's thread has no CPU of its own") {
  const CpuSet two{.cpus = {0, 1}}, one{.cpus = {0}};
  CpuSet many;
  for (int cpu = 0; cpu < 32; ++cpu) many.cpus.push_back(cpu);
  for (const CpuSet& set : {one, two, many}) {
    CHECK(examine_priority(set, true).status == Status::ok);
    check_complete(examine_priority(set, true));
    check_complete(examine_priority(set, false));
  }
  CHECK(examine_priority(two, false).status == Status::warn);
  CHECK(examine_priority(one, false).status == Status::ok);
  CHECK(examine_priority(many, false).status == Status::ok);
}

TEST_CASE("CPUs: enough, one, a quota") {
  const CpuSet enough{.cpus = {0, 1}};
  const CpuSet one{.cpus = {3}};
  const CpuSet quota{.cpus = {0, 1, 2, 3}, .quota = 2.5};
  CHECK(examine_cpus(enough).status == Status::ok);
  for (const CpuSet& set : {one, quota}) {
    check_complete(examine_cpus(set));
    CHECK(examine_cpus(set).status == Status::warn);
  }
  CHECK(examine_cpus(quota).found == "4 in the cpuset, quota 2.5, busy threads planned for 2");
}

TEST_CASE("huge pages: reserved, transparent, none") {
  const TemporaryDirectory reserved;
  CHECK(examine_huge_pages(fake_file(reserved, "/proc/sys/vm/nr_hugepages", "512")).found == "512 reserved");
  const TemporaryDirectory transparent;
  const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
  CHECK(examine_huge_pages(fake_file(transparent, path, "always [madvise] never")).status == Status::ok);
  const TemporaryDirectory none;
  const Finding finding = examine_huge_pages(fake_file(none, path, "always madvise [never]"));
  CHECK(finding.status == Status::warn);
  check_complete(finding);
}

TEST_CASE("the clock source") {
  const TemporaryDirectory root;
  const std::string path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  CHECK(examine_clock(fake_file(root, path, "tsc")).status == Status::ok);
  check_complete(examine_clock(fake_file(root, path, "hpet")));
  CHECK(examine_clock(root.path()).status == Status::warn);
}

TEST_CASE("io_uring forbidden: what is lost, and the cure apart from the cause") {
  CHECK(examine_io_uring("").status == Status::ok);
  const Finding finding = examine_io_uring("io_uring is forbidden (EPERM): try 'sysctl'");
  check_complete(finding);
  CHECK(finding.found == "io_uring is forbidden (EPERM)");
  CHECK(finding.cure == "try 'sysctl'");
}

TEST_CASE("file systems by what they do to a journal") {
  constexpr std::int64_t ext4 = 0xef53;
  constexpr std::int64_t tmpfs = 0x01021994;
  constexpr std::int64_t btrfs = 0x9123683e;
  constexpr std::int64_t nfs = 0x6969;
  CHECK(judge_file_system(ext4).status == Status::ok);
  CHECK(judge_file_system(tmpfs).status == Status::bad);
  CHECK(judge_file_system(nfs).status == Status::bad);
  CHECK(judge_file_system(btrfs).status == Status::warn);
  CHECK(judge_file_system(0x1234).found == "unknown (0x1234)");
  for (const std::int64_t magic : {ext4, tmpfs, btrfs, nfs, std::int64_t{0x1234}}) check_complete(judge_file_system(magic));
}

TEST_CASE("locked memory: enough for nothing, not enough for everything") {
  CHECK(examine_locked_memory(0).status == Status::ok);
  check_complete(examine_locked_memory(std::size_t{1} << 60));
}

}  // namespace pawl::io::test
