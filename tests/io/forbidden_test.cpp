// Machines that forbid things, played in a child process: seccomp without io_uring as in most containers, no descriptors left, a full
// file size limit.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <functional>

#include "forbid_io_uring.hpp"
#include "worlds.hpp"

namespace pawl::io::test::forbidden_test {
namespace {

constexpr std::size_t block = 4096;
constexpr OpenOptions create_durable{.access = Access::create_new, .direct = true, .durable = true};

// Runs `body` in a child; its value is the exit status: 0 for success, else the number of the step that failed.
int in_child(const std::function<int()>& body) {
  std::fflush(nullptr);  // or the child prints it again
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool writes_one_block(File& file) {
  AlignedBytes bytes(block, 1);
  std::array<Completion, 1> ended;
  return file.submit_write(bytes.span(), 0, 5) == 0 && file.wait(ended, one_second) == 1 && ended[0].tag == 5 && ended[0].result == block;
}

int use_disk_without_io_uring(const std::string& directory, unsigned error_number) {
  if (!pawl::test::forbid_io_uring(error_number)) return 1;
  for (const Backend backend : {Backend::io_uring, Backend::mixed}) {
    const auto demanded = make_real_disk(backend);
    if (demanded.ok() || demanded.error().code != ErrorCode::unsupported) return 2;
  }
  const auto disk = make_real_disk();
  if (!disk || (*disk)->backend() != "pwritev2") return 3;
  if ((*disk)->notice().find("io_uring") == std::string::npos) return 4;
  const auto file = (*disk)->open(directory + "/a", create_durable);
  return file && writes_one_block(**file) ? 0 : 5;
}

// The disk was made while io_uring worked; then no descriptor is left for a ring.
int use_disk_without_descriptors(const std::string& directory) {
  const auto disk = make_real_disk(Backend::io_uring);
  if (!disk) return 0;
  const auto file = (*disk)->open(directory + "/a", create_durable);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (!file || ::setrlimit(RLIMIT_NOFILE, &none) != 0) return 1;
  if (!writes_one_block(**file)) return 2;
  return (*file)->notice().empty() ? 3 : 0;
}

// Root may lock what it likes, so root becomes somebody else.
bool limit_locked_memory(rlim_t bytes) {
  const rlimit small{.rlim_cur = bytes, .rlim_max = bytes};
  return ::setrlimit(RLIMIT_MEMLOCK, &small) == 0 && (::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0);
}

int use_disk_without_locked_memory(const std::string& directory) {
  const auto disk = make_real_disk(Backend::io_uring);
  if (!disk) return 0;
  const auto file = (*disk)->open(directory + "/a", create_durable);
  AlignedBytes buffers(64 * block, 1);
  if (!file || !limit_locked_memory(16 * block)) return 1;
  if ((*file)->pin_buffers(buffers.span()) != -ENOMEM) return 2;
  const std::string notice = (*file)->notice();
  if (notice.find("cannot be pinned (ENOMEM)") == std::string::npos || notice.find("raise the limit of locked memory ('ulimit -l'") == std::string::npos) return 3;
  return writes_one_block(**file) ? 0 : 4;
}

int write_beyond_limit(const std::string& directory, Backend backend) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 2 * block, .rlim_max = 2 * block};
  if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 1;
  const auto disk = make_real_disk(backend);
  if (!disk) return 0;
  const auto file = (*disk)->open(directory + "/" + std::string((*disk)->backend()), create_durable);
  if (!file) return 2;
  AlignedBytes bytes(4 * block, 1);
  std::array<Completion, 1> ended;
  if ((*file)->write(bytes.span(), 0) != 2 * block) return 3;  // short, as the system call says it
  if ((*file)->write(bytes.span(), 2 * block) != -EFBIG) return 4;
  if ((*file)->submit_write(bytes.span(), 0, 1) != 0) return 5;
  if ((*file)->wait(ended, one_second) != 1 || ended[0].result != 2 * block) return 6;
  if ((*file)->submit_write(bytes.span(), 2 * block, 1) != 0) return 7;
  return (*file)->wait(ended, one_second) == 1 && ended[0].result == -EFBIG ? 0 : 8;
}

}  // namespace

TEST_CASE("where io_uring is forbidden, writes go by pwritev2 and the disk says why") {
  for (const unsigned error_number : {unsigned{EPERM}, unsigned{ENOSYS}}) {
    const TemporaryDirectory directory;
    CHECK(in_child([&] { return use_disk_without_io_uring(directory.path(), error_number); }) == 0);
  }
}

TEST_CASE("a file that gets no ring writes all the same, and says so") {
  const TemporaryDirectory directory;
  CHECK(in_child([&] { return use_disk_without_descriptors(directory.path()); }) == 0);
}

TEST_CASE("where too little memory may be locked, writes go on unpinned, and the file says what cures it") {
  const TemporaryDirectory directory;
  CHECK(in_child([&] { return use_disk_without_locked_memory(directory.path()); }) == 0);
}

TEST_CASE("short writes and refusals come through as the kernel gives them") {
  for (const Backend backend : {Backend::io_uring, Backend::mixed, Backend::pwritev2, Backend::buffered}) {
    const TemporaryDirectory directory;
    CHECK(in_child([&] { return write_beyond_limit(directory.path(), backend); }) == 0);
  }
}

TEST_CASE("a lock lives as long as its process") {
  const TemporaryDirectory directory;
  const auto disk = make_real_disk();
  REQUIRE(disk.ok());
  const std::string path = directory.path() + "/LOCK";
  auto held = (*disk)->lock(path);
  REQUIRE(held.ok());
  const auto try_lock = [&] {
    const auto other = make_real_disk(Backend::pwritev2);
    const auto lock = (*other)->lock(path);
    return lock ? 0 : lock.error().code == ErrorCode::in_use ? 1 : 2;
  };
  CHECK(in_child(try_lock) == 1);
  const auto second = (*disk)->lock(path);
  REQUIRE_FALSE(second.ok());
  const std::string holder = "cannot lock " + path + ": process " + std::to_string(::getpid()) + " (";
  CHECK_MESSAGE(second.error().text.starts_with(holder), second.error().text);
  CHECK_MESSAGE(second.error().text.ends_with(") holds it; stop that one first"), second.error().text);
  held->reset();
  // The child takes it and dies without giving it back.
  CHECK(in_child([&] {
    const auto other = make_real_disk(Backend::pwritev2);
    const auto lock = (*other)->lock(path);
    ::kill(::getpid(), SIGKILL);
    return lock ? 0 : 1;
  }) == -SIGKILL);
  CHECK(in_child(try_lock) == 0);
}

}  // namespace pawl::io::test::forbidden_test
