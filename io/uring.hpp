// One io_uring, and the store from which files of a disk take theirs.
#pragma once

#include <liburing.h>

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "pawl/io/disk.hpp"

namespace pawl::io {

// A ring for the writes of one file at a time. The kernel numbers no threads here (no IORING_SETUP_SINGLE_ISSUER), so a ring may
// pass from one thread to another between calls.
class Uring {
 public:
  // One submission per write in flight, and one NOP in the place of each that failed to be submitted. The kernel makes the
  // completion queue twice as long, so it cannot overflow.
  static constexpr unsigned entries = 2 * Disk::max_in_flight;

  // nullptr and errno in `error_number` if the kernel refuses, or lacks what Pawl needs.
  static std::unique_ptr<Uring> open(int& error_number);
  // REQUIRES: no write under way.
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  // 0 or -errno.
  [[nodiscard]] int pin(std::span<std::byte> memory);
  void unpin();

  // Starts a write of `from` to the descriptor; `flags` as of pwritev2. 0 or -errno: then nothing was started.
  [[nodiscard]] int submit(int descriptor, std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag, int flags);
  // Ended writes, without entering the kernel.
  [[nodiscard]] std::size_t take(std::span<Completion> into);
  // Lets the kernel post what has ended. Does not block.
  void progress() { io_uring_get_events(&ring_); }
  // Blocks until a write has ended, or the timeout, or a signal.
  void block(Duration timeout);

 private:
  Uring() = default;
  [[nodiscard]] bool pinned(std::span<const std::byte> memory) const;
  [[nodiscard]] std::size_t free_place() const;

  // user_data of a submission is the place of its tag here, because the caller's tags may be any number and NOPs have none.
  struct Place {
    std::uint64_t tag = 0;
    bool used = false;
  };

  io_uring ring_{};
  bool made_ = false;
  std::array<Place, Disk::max_in_flight> places_{};
  std::span<std::byte> pinned_;
};

// Rings between two files. Making a ring takes the kernel some 50 us, and a journal opens a file for every segment.
// Thread: any.
class UringStore {
 public:
  // nullptr if the kernel refuses a new one.
  std::unique_ptr<Uring> take();
  void give_back(std::unique_ptr<Uring> ring);

 private:
  static constexpr std::size_t idle_max = 4;  // a journal has the current and the next segment open

  std::mutex mutex_;
  std::vector<std::unique_ptr<Uring>> idle_;
};

}  // namespace pawl::io
