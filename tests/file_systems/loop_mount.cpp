#include "loop_mount.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "pawl/core/base/assert.hpp"
#include "pawl/io/descriptor.hpp"

namespace pawl::test {
namespace {

namespace fs = std::filesystem;

// Empty, or what the command said.
std::string trouble_with(const std::string& command, const std::string& log) {
  if (std::system((command + " >" + log + " 2>&1 </dev/null").c_str()) == 0) return {};
  std::ifstream said(log);
  std::string text{std::istreambuf_iterator<char>(said), {}};
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "`" + command + "` failed: " + text;
}

void must(const std::string& command) { PAWL_ASSERT(std::system((command + " >/dev/null 2>&1").c_str()) == 0); }

bool unshare_mounts() {
  static const bool unshared = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return unshared;
}

}  // namespace

Result<LoopMount> LoopMount::make(const std::string& type, std::uint64_t bytes) {
  if (::geteuid() != 0) return Error{ErrorCode::unsupported, "only root may mount"};
  if (!unshare_mounts()) return Error{ErrorCode::unsupported, "this process may not have mounts of its own (CAP_SYS_ADMIN; and the root directory must be a mount, which that of a chroot often is not)"};
  std::string base = std::string(PAWL_BINARY_DIR) + "/mount-XXXXXX";
  PAWL_ASSERT(::mkdtemp(base.data()) != nullptr);
  LoopMount made(base);
  fs::create_directory(made.path());
  std::ofstream(base + "/image").close();
  fs::resize_file(base + "/image", type == "xfs" ? std::max(bytes, 304 * MiB) : bytes);
  const std::string make_options = type == "ext4" ? " -m 0 " : " ";  // blocks reserved for root would be ours
  for (const std::string& command : {"PATH=$PATH:/usr/sbin mkfs." + type + " -q" + make_options + base + "/image", "mount -o loop " + base + "/image " + made.path()}) {
    if (std::string trouble = trouble_with(command, base + "/log"); !trouble.empty()) {
      fs::remove_all(base);
      made.base_.clear();
      return Error{ErrorCode::unsupported, std::move(trouble)};
    }
  }
  return made;
}

LoopMount::~LoopMount() {
  if (base_.empty()) return;
  ::umount2(path().c_str(), MNT_DETACH);
  fs::remove_all(base_);
}

void LoopMount::leave(std::uint64_t left_bytes) {
  const io::Descriptor file(::open(ballast().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  PAWL_ASSERT(file.valid());
  const std::uint64_t had = fs::file_size(ballast());
  std::uint64_t bytes = had;
  for (std::uint64_t step = std::uint64_t{64} << 20; step >= 4096; step /= 2) {
    while (::posix_fallocate(file.get(), static_cast<off_t>(bytes), static_cast<off_t>(step)) == 0) bytes += step;
  }
  PAWL_ASSERT(::ftruncate(file.get(), static_cast<off_t>(bytes - std::min(bytes, left_bytes))) == 0);
}

void LoopMount::give_back(std::uint64_t bytes) {
  const std::uint64_t has = fs::file_size(ballast());
  PAWL_ASSERT(::truncate(ballast().c_str(), static_cast<off_t>(has - std::min(has, bytes))) == 0);
}

void LoopMount::pull_the_device() const {
  constexpr unsigned long shutdown = _IOR('X', 125, std::uint32_t);  // XFS_IOC_GOINGDOWN, EXT4_IOC_SHUTDOWN
  std::uint32_t without_its_log = 2;
  const io::Descriptor directory(::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  PAWL_ASSERT(::ioctl(directory.get(), shutdown, &without_its_log) == 0);
}

void LoopMount::find_an_error() const {
  struct stat status {};
  PAWL_ASSERT(::stat(path().c_str(), &status) == 0);
  PAWL_ASSERT(::mount(nullptr, path().c_str(), nullptr, MS_REMOUNT, "errors=remount-ro") == 0);
  std::ofstream("/sys/fs/ext4/loop" + std::to_string(minor(status.st_dev)) + "/trigger_fs_error") << "a test's" << std::flush;
}

void LoopMount::mount_again(const std::string& options) const {
  must("umount " + path() + " && mount -o loop," + options + " " + base_ + "/image " + path());
}

}  // namespace pawl::test
