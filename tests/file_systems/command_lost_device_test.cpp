// The command on file systems that fail under it, are read-only, or give less than it would like: text, exit status, and what comes after.
#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <filesystem>
#include <functional>
#include <string>

#include "../command/run_command.hpp"
#include "../io/forbid_io_uring.hpp"
#include "loop_mount.hpp"

using pawl::test::Background;
using pawl::test::digest_of;
using pawl::test::file_systems;
using pawl::test::has;
using pawl::test::LoopMount;
using pawl::test::MiB;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;

namespace {

// In a child that has given something up.
Outcome pawl_without(const std::function<bool()>& give_up, const std::string& arguments) {
  const Scratch scratch;
  const std::string line = std::string(PAWL_COMMAND) + " " + arguments + " >" + scratch / "out" + " 2>" + scratch / "err" + " </dev/null";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(give_up() ? WEXITSTATUS(std::system(line.c_str())) : 99);
  int raw = 0;
  ::waitpid(child, &raw, 0);
  return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, read_file(scratch / "out"), read_file(scratch / "err")};
}

// Root may lock what it likes; its children not, behind this.
bool lock_next_to_nothing() {
  const rlimit small{.rlim_cur = 64 << 10, .rlim_max = 64 << 10};
  return ::setrlimit(RLIMIT_MEMLOCK, &small) == 0 && (::geteuid() != 0 || ::prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0) == 0);
}

bool grows_beyond(const std::string& path, std::uintmax_t bytes) {
  for (int i = 0; i < 10'000; ++i) {
    std::error_code absent;
    const std::uintmax_t size = std::filesystem::file_size(path, absent);
    if (!absent && size > bytes) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace

TEST_CASE("a device lost under pawl run: 74, what is durable and what cures it; and --append goes on exactly") {
  const Scratch scratch;
  const std::string stream = "run --events 2000000 ";
  const Outcome whole = pawl_command(stream + "--durability memory --decisions " + scratch / "whole.csv");
  REQUIRE(whole.status == 0);
  for (const std::string& type : file_systems) {
    CAPTURE(type);
    auto mount = LoopMount::make(type, 448 * MiB);
    if (!mount.ok()) {
      MESSAGE("SKIPPED: pawl run on a lost device, ", type, ": ", mount.error().text);
      continue;
    }
    const std::string decisions = scratch / (type + ".csv");
    const std::string again = stream + "--append --journal " + *mount / "journal" + " --decisions " + decisions;
    Background first(again);
    REQUIRE(grows_beyond(decisions, 1'000));
    mount->pull_the_device();
    const Outcome lost = first.stop(0);
    CHECK(lost.status == 74);
    CHECK_FALSE(has(lost.out, "digest"));
    for (const std::string& part : {std::string("pawl: error: cannot "), *mount / "journal/wal/", std::string(": Input/output error (EIO); the device failed: see 'dmesg' and 'smartctl -a'")}) {
      CHECK_MESSAGE(has(lost.err, part), lost.err);
    }
    const std::string rows = read_file(decisions);
    CHECK(read_file(scratch / "whole.csv").starts_with(rows.substr(0, rows.rfind('\n') + 1)));
    mount->mount_again();
    const Outcome rest = pawl_command(again);
    CHECK_MESSAGE(rest.status == 0, rest.err);
    CHECK(digest_of(rest) == digest_of(whole));
    CHECK(read_file(decisions) == read_file(scratch / "whole.csv"));
  }
}

TEST_CASE("a read-only file system: nothing is begun or gone on with, everything is read") {
  auto mount = LoopMount::make("ext4", 200 * MiB);
  if (!mount.ok()) {
    MESSAGE("SKIPPED: read-only file system: ", mount.error().text);
    return;
  }
  const std::string journal = *mount / "journal";
  const Outcome whole = pawl_command("run --events 20000 --journal " + journal);
  REQUIRE(whole.status == 0);
  mount->mount_again("ro");
  const std::string cause = ": Read-only file system (EROFS); the file system is mounted read-only, often after a device error: see 'dmesg', then remount it read-write";
  const Outcome append = pawl_command("run --events 30000 --append --journal " + journal);
  CHECK(append.status == 74);
  CHECK_MESSAGE(has(append.err, "pawl: error: cannot open " + journal + "/LOCK" + cause), append.err);
  const Outcome begin = pawl_command("run --events 10 --journal " + *mount / "new");
  CHECK(begin.status == 74);
  CHECK_MESSAGE(has(begin.err, "pawl: error: cannot make directory " + *mount / "new" + cause), begin.err);
  CHECK(digest_of(pawl_command("replay --journal " + journal)) == digest_of(whole));
  CHECK(pawl_command("journal verify " + journal).status == 0);
  mount->mount_again();
  CHECK(pawl_command("run --events 30000 --append --journal " + journal).status == 0);
}

TEST_CASE("what the machine does not give is announced with its cure, and changes no decision") {
  const Scratch scratch;
  const std::string stream = "run --events 20000 ";
  const Outcome whole = pawl_command(stream + "--journal " + scratch / "whole");
  REQUIRE(whole.status == 0);
  SUBCASE("io_uring forbidden") {
    const Outcome run = pawl_without([] { return pawl::test::forbid_io_uring(EPERM); }, stream + "--journal " + scratch / "journal");
    CHECK(run.status == 0);
    CHECK_MESSAGE(has(run.err, "io_uring is forbidden (EPERM): try 'sysctl -w kernel.io_uring_disabled=0'"), run.err);
    CHECK(digest_of(run) == digest_of(whole));
    const Outcome demanded = pawl_without([] { return pawl::test::forbid_io_uring(EPERM); }, stream + "--backend io_uring --journal " + scratch / "other");
    CHECK(demanded.status == 74);
    CHECK_MESSAGE(has(demanded.err, "pawl: error: io_uring is forbidden (EPERM)"), demanded.err);
  }
  SUBCASE("memory to lock") {
    const Outcome run = pawl_without(lock_next_to_nothing, stream + "--journal " + scratch / "journal");
    CHECK(run.status == 0);
    CHECK_MESSAGE(has(run.err, "cannot be pinned (ENOMEM), so writes are a little slower; raise the limit of locked memory ('ulimit -l', LimitMEMLOCK=)"), run.err);
    CHECK(digest_of(run) == digest_of(whole));
  }
  SUBCASE("direct I/O") {
    auto mount = LoopMount::make("ext4", 16 * MiB);  // for a mount of its own
    if (!mount.ok() || ::mount("none", mount->path().c_str(), "ramfs", 0, nullptr) != 0) {
      MESSAGE("SKIPPED: no direct I/O: ", (mount.ok() ? "no ramfs here" : mount.error().text));
      return;
    }
    const Outcome run = pawl_command(stream + "--journal " + *mount / "journal");
    CHECK(run.status == 0);
    CHECK_MESSAGE(has(run.err, "the file system refuses direct I/O, so writes go through the page cache and are slower; put the directory on ext4 or xfs on a local disk"), run.err);
    CHECK(digest_of(run) == digest_of(whole));
    ::umount2(mount->path().c_str(), MNT_DETACH);
  }
}
