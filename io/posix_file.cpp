#include "pawl/io/posix_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/io/device.hpp"
#include "pawl/io/os_error.hpp"

namespace pawl::io {
namespace {

int access_flags(Access access) {
  switch (access) {
    case Access::read: return O_RDONLY;
    case Access::read_write: return O_RDWR;
    case Access::create_new: return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

bool is_pipe(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

// What the kernel demands of direct transfers on this file; 0 if it cannot do them; the block alignment if it does not say
// (kernels before 6.1, and file systems that do not fill the field).
std::size_t direct_alignment_bytes(int fd) {
  std::size_t alignment = limits::block_alignment_bytes;
  struct statx status {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 && (status.stx_mask & STATX_DIOALIGN) != 0) {
    if (status.stx_dio_offset_align == 0) return 0;
    alignment = std::max<std::size_t>({alignment, status.stx_dio_offset_align, status.stx_dio_mem_align});
  }
  return std::max(alignment, physical_block_bytes(fd));
}

}  // namespace

Result<PosixFile::Opened> PosixFile::open(const std::string& path, const OpenOptions& options, bool allow_direct,
                                          DataSync sync_writes_by) {
  if (options.access == Access::read && is_pipe(path)) {  // opening one waits for its writer, and it cannot be read at an offset
    return Error{ErrorCode::io, "cannot open " + path + ": it is a pipe, and is read as a file: write what comes out of it into one, and name that"};
  }
  const int flags = access_flags(options.access) | O_CLOEXEC;
  const bool want_direct = options.direct && allow_direct;
  Facts facts;
  facts.path = path;
  facts.data_sync = options.durable && !planted(Bug::data_sync_forgotten) ? sync_writes_by : DataSync::none;

  Descriptor fd(::open(path.c_str(), flags | (want_direct ? O_DIRECT : 0), 0644));
  if (!fd.valid() && errno == EINVAL && want_direct) {
    // Some file systems refuse only after they have created the file: take it then without O_EXCL.
    const int retry = flags & ~(options.access == Access::create_new ? O_EXCL : 0);
    fd = Descriptor(::open(path.c_str(), retry, 0644));
  } else if (fd.valid() && want_direct) {
    facts.alignment_bytes = direct_alignment_bytes(fd.get());
    facts.direct = facts.alignment_bytes != 0;
    if (!facts.direct && ::fcntl(fd.get(), F_SETFL, 0) != 0) return os_error("cannot leave direct I/O on", path, errno);
  }
  if (!fd.valid()) {
    return os_error(options.access == Access::create_new ? "cannot create" : "cannot open", path, errno);
  }
  if (!facts.direct) facts.alignment_bytes = 1;
  if (want_direct && !facts.direct) {
    facts.notice = path + ": the file system refuses direct I/O, so writes go through the page cache and are slower; put the "
                   "directory on ext4 or xfs on a local disk";
  }
  return Opened{std::move(fd), std::move(facts)};
}

bool PosixFile::aligned(const void* memory, std::size_t bytes, std::uint64_t offset) const {
  const std::size_t mask = facts_.alignment_bytes - 1;
  return ((reinterpret_cast<std::uintptr_t>(memory) | bytes | offset) & mask) == 0;
}

std::int64_t PosixFile::read(std::span<std::byte> into, std::uint64_t offset) {
  if (!aligned(into.data(), into.size(), offset)) return -EINVAL;
  while (true) {
    const ssize_t bytes = ::pread(descriptor(), into.data(), into.size(), static_cast<off_t>(offset));
    if (bytes >= 0) return bytes;
    if (errno != EINTR) return -errno;  // a read that was interrupted has no effect: start it again
  }
}

std::int64_t PosixFile::write(std::span<const std::byte> from, std::uint64_t offset) {
  if (!aligned(from.data(), from.size(), offset)) return -EINVAL;
  const auto position = static_cast<off_t>(offset);
  if (facts_.data_sync == DataSync::per_write) {
    const iovec vector{const_cast<std::byte*>(from.data()), from.size()};
    const ssize_t bytes = ::pwritev2(descriptor(), &vector, 1, position, RWF_DSYNC);
    if (bytes >= 0) return bytes;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return -errno;
    facts_.data_sync = DataSync::fdatasync;
    add_notice(facts_.path + ": no data sync per write here (RWF_DSYNC refused), each write is followed by fdatasync");
  }
  const ssize_t bytes = ::pwrite(descriptor(), from.data(), from.size(), position);
  if (bytes < 0) return -errno;
  if (facts_.data_sync == DataSync::fdatasync && ::fdatasync(descriptor()) != 0) return -errno;
  return bytes;
}

int PosixFile::submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) {
  PAWL_ASSERT(ended_count_ < ended_.size());
  ended_[ended_count_++] = {tag, write(from, offset)};
  return 0;
}

std::size_t PosixFile::poll(std::span<Completion> into) {
  const std::size_t count = std::min(into.size(), ended_count_);
  std::copy_n(ended_.begin(), count, into.begin());
  std::copy(ended_.begin() + static_cast<std::ptrdiff_t>(count), ended_.begin() + static_cast<std::ptrdiff_t>(ended_count_),
            ended_.begin());
  ended_count_ -= count;
  return count;
}

std::size_t PosixFile::wait(std::span<Completion> into, Duration /*timeout*/) { return poll(into); }

int PosixFile::sync() { return ::fdatasync(descriptor()) == 0 ? 0 : -errno; }

std::int64_t PosixFile::size() {
  struct stat status {};
  return ::fstat(descriptor(), &status) == 0 ? status.st_size : -errno;
}

int PosixFile::truncate(std::uint64_t bytes) {
  return ::ftruncate(descriptor(), static_cast<off_t>(bytes)) == 0 ? 0 : -errno;
}

}  // namespace pawl::io
