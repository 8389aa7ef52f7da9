#include "pawl/io/real_disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "pawl/core/base/planted.hpp"
#include "pawl/io/lock_holder.hpp"
#include "pawl/io/os_error.hpp"
#include "pawl/io/uring_file.hpp"

namespace pawl::io {
namespace {

// Held by the open file description, so it goes with this descriptor or the process, whichever ends first. After a kill -9 the
// kernel keeps it until the writes in flight have ended: then nothing of the dead process can land any more.
class RealLock final : public Lock {
 public:
  explicit RealLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

class RealDisk final : public Disk {
 public:
  RealDisk(Backend backend, std::string notice) : backend_(backend), notice_(std::move(notice)) {}

  Result<std::unique_ptr<File>> open(const std::string& path, const OpenOptions& options) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;
  [[nodiscard]] std::string_view backend() const override;
  [[nodiscard]] std::string notice() const override { return notice_; }

 private:
  Backend backend_;
  std::string notice_;
  std::shared_ptr<UringStore> rings_ = std::make_shared<UringStore>();
};

Result<std::unique_ptr<File>> RealDisk::open(const std::string& path, const OpenOptions& options) {
  const bool buffered = backend_ == Backend::buffered;
  auto opened = PosixFile::open(path, options, !buffered, buffered ? DataSync::fdatasync : DataSync::per_write);
  if (!opened) return opened.error();
  if (backend_ == Backend::io_uring) return std::unique_ptr<File>(new UringFile(*std::move(opened), rings_, 0));
  if (backend_ == Backend::mixed) return std::unique_ptr<File>(new UringFile(*std::move(opened), rings_, mixed_async_bytes_min));
  return std::unique_ptr<File>(new PosixFile(*std::move(opened)));
}

Result<std::unique_ptr<Lock>> RealDisk::lock(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return os_error("cannot open", path, errno);
  if (!planted(Bug::lock_not_taken) && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    Error error = os_error("cannot lock", path, errno);
    if (const std::string holder = lock_holder(fd.get()); error.code == ErrorCode::in_use && !holder.empty()) {
      error.text = "cannot lock " + path + ": " + holder + " holds it; stop that one first";
    }
    return error;
  }
  return std::unique_ptr<Lock>(new RealLock(std::move(fd)));
}

Result<std::vector<std::string>> RealDisk::list(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) return os_error("cannot list", directory, errno);
  std::vector<std::string> names;
  errno = 0;  // the only way to tell the end from an error
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return os_error("cannot list", directory, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Result<bool> RealDisk::exists(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return os_error("cannot look up", path, errno);
}

Result<void> RealDisk::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  const int error_number = errno;
  struct stat status {};
  if (error_number == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return os_error("cannot make directory", path, error_number);
}

Result<void> RealDisk::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return os_error("cannot rename " + from + " to", to, errno);
  return {};
}

Result<void> RealDisk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return os_error("cannot remove", path, errno);
  return {};
}

Result<void> RealDisk::sync_directory(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return os_error("cannot sync directory", path, errno);
  return {};
}

Result<std::uint64_t> RealDisk::free_bytes(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return os_error("cannot ask for the free space of", path, errno);
  return status.f_bavail * status.f_frsize;
}

std::string_view RealDisk::backend() const {
  switch (backend_) {
    case Backend::io_uring: return "io_uring";
    case Backend::pwritev2: return "pwritev2";
    case Backend::mixed: return "pwritev2 and io_uring";
    default: return "buffered";
  }
}

}  // namespace

std::string io_uring_obstacle() {
  int error_number = 0;
  if (Uring::open(error_number)) return {};
  switch (error_number) {
    case EPERM:
      return "io_uring is forbidden (EPERM): try 'sysctl -w kernel.io_uring_disabled=0', or in a container a seccomp profile that "
             "allows it ('docker run --security-opt seccomp=...')";
    case ENOSYS:
      return "this kernel has no io_uring, too old a one, or a seccomp profile hides it (ENOSYS): use Linux 5.11 or later, and in "
             "a container a seccomp profile that allows it";
    case ENOMEM: return "the limit of locked memory is too low for io_uring (ENOMEM): raise it ('ulimit -l', LimitMEMLOCK=)";
    default: return os_error("cannot make", "an io_uring", error_number).text;
  }
}

Result<std::unique_ptr<Disk>> make_real_disk(Backend backend) {
  std::string notice;
  if (backend == Backend::automatic || backend == Backend::io_uring || backend == Backend::mixed) {
    const std::string obstacle = io_uring_obstacle();
    if (!obstacle.empty() && backend != Backend::automatic) return Error{ErrorCode::unsupported, obstacle};
    if (!obstacle.empty()) notice = "writes go by pwritev2 and block their thread, because " + obstacle;
    if (backend == Backend::automatic) backend = obstacle.empty() ? Backend::mixed : Backend::pwritev2;
  }
  return std::unique_ptr<Disk>(new RealDisk(backend, std::move(notice)));
}

}  // namespace pawl::io
