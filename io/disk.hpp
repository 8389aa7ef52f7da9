// The environment seam of everything that touches a disk. The journal knows this interface alone: make_real_disk (real_disk.hpp)
// stands behind it in production, SimulatedDisk (simulated.hpp) in the simulator. Calls happen a few thousand times a second, so
// they are virtual; nothing in the event path goes through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/core/base/types.hpp"

namespace pawl::io {

// What an asynchronous write came to. Errors are errno values, because recovery tables name them.
struct Completion {
  std::uint64_t tag = 0;       // the tag given to submit_write
  std::int64_t result = 0;     // bytes written and durable (if the file was opened durable), or -errno
};

enum class Access { read, read_write, create_new };  // create_new: read_write, O_EXCL: the file must not exist

struct OpenOptions {
  Access access = Access::read;
  bool direct = false;   // O_DIRECT: transfers and offsets aligned to File::alignment_bytes(); falls back to buffered if refused
  bool durable = false;  // every write carries data sync (RWF_DSYNC), so that its completion means "on the device"
};

// An open file. Owned by one thread at a time, closed by its destructor, which first waits for the writes under way (their
// buffers belong to the caller). Short reads and writes are reported, not hidden.
class File {
 public:
  virtual ~File() = default;

  // Bytes read, or -errno. Fewer bytes than asked for: end of file (or a device that returns short).
  [[nodiscard]] virtual std::int64_t read(std::span<std::byte> into, std::uint64_t offset) = 0;
  // Blocking write; bytes written, or -errno. May be short.
  [[nodiscard]] virtual std::int64_t write(std::span<const std::byte> from, std::uint64_t offset) = 0;

  // A hint: later writes come from this memory, which must stay mapped until the file is closed. io_uring pins it once instead of
  // at every write; the others ignore it. 0, or -errno if refused (memlock limit): writes work all the same, a little slower.
  // REQUIRES: no write under way; at most once per file.
  [[nodiscard]] virtual int pin_buffers(std::span<std::byte> /*memory*/) { return 0; }

  // Starts a write. The buffer must stay untouched until its completion is returned by poll or wait.
  // REQUIRES: fewer than max_in_flight writes under way. 0, or -errno if the write could not even be submitted.
  [[nodiscard]] virtual int submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) = 0;
  // Fills `into` with writes that have ended, in any order, without waiting for one. Those of a durable file may still need their data sync,
  // which blocks for a flush of the device. Enters the kernel to let completions make progress, but a thread that has nothing else to do
  // should wait(): spinning here takes the CPU that the kernel completes writes on.
  [[nodiscard]] virtual std::size_t poll(std::span<Completion> into) = 0;
  // Whether a write has ended inside submit_write: poll returns it without entering the kernel.
  [[nodiscard]] virtual bool has_ended() const { return false; }
  // As poll, but blocks in the kernel for up to `timeout` until at least one write has ended.
  [[nodiscard]] virtual std::size_t wait(std::span<Completion> into, Duration timeout) = 0;

  // fdatasync / fsync. 0 or -errno. After an error nothing about the file's content may be assumed.
  [[nodiscard]] virtual int sync() = 0;
  [[nodiscard]] virtual std::int64_t size() = 0;                 // bytes, or -errno
  [[nodiscard]] virtual int truncate(std::uint64_t bytes) = 0;   // 0 or -errno
  [[nodiscard]] virtual std::size_t alignment_bytes() const = 0; // of offsets, lengths and memory; 1 if buffered
  [[nodiscard]] virtual bool direct() const = 0;                 // what was granted, not what was asked for
  [[nodiscard]] virtual std::string notice() const { return {}; }  // empty, or why direct I/O was not granted and how to cure it
};

// A held advisory lock; released by its destructor or the end of the process.
class Lock {
 public:
  virtual ~Lock() = default;
};

// Files and directories by path. Thread: any, but each File by one thread at a time.
class Disk {
 public:
  static constexpr std::size_t max_in_flight = 8;

  virtual ~Disk() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, const OpenOptions& options) = 0;
  // Creates the file if it is not there. ErrorCode::in_use if another process or holder has it.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted, without "." and ".."
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<void> make_directory(const std::string& path) = 0;         // its parent exists; no error if it is there
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // of a file; replaces `to`
  virtual Result<void> remove(const std::string& path) = 0;                 // a file
  virtual Result<void> sync_directory(const std::string& path) = 0;         // makes creations, renames and removals in it durable
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
  // One word for reports: "io_uring", "pwritev2", "buffered", "simulated".
  [[nodiscard]] virtual std::string_view backend() const = 0;
  // Empty, or why a slower way than the best was taken and how to cure it: to be shown at start.
  [[nodiscard]] virtual std::string notice() const { return {}; }
};

}  // namespace pawl::io
