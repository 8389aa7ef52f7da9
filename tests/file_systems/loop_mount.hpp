// A file system of its own, in an image file behind a loop device. It is mounted where this process and its children alone see it, so
// mount and device are gone with them, however they end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pawl/core/base/result.hpp"

namespace pawl::test {

inline constexpr std::uint64_t MiB = std::uint64_t{1} << 20;
inline const std::vector<std::string> file_systems{"ext4", "xfs"};

class LoopMount {
 public:
  // Errors: unsupported, with the reason: no root, no mkfs, no loop devices.
  // `bytes`: of ext4; an xfs has at least 300 MiB.
  static Result<LoopMount> make(const std::string& type, std::uint64_t bytes);
  ~LoopMount();
  LoopMount(LoopMount&& other) noexcept : base_(std::move(other.base_)) { other.base_.clear(); }
  LoopMount& operator=(LoopMount&&) = delete;

  [[nodiscard]] std::string path() const { return base_ + "/mount"; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path() + "/" + name; }

  // Takes all space but `left_bytes` away; calling it again moves the limit. Returns when that space is there to be used.
  void leave(std::uint64_t left_bytes);
  // Gives so much of it back.
  void give_back(std::uint64_t bytes);

  // The device goes away: every operation fails with EIO, and what was not synced is not there after mount_again().
  void pull_the_device() const;
  // ext4 alone: as after an error that it found itself. It is read-only from now on, for files that are open too.
  void find_an_error() const;
  void mount_again(const std::string& options = "rw") const;

 private:
  explicit LoopMount(std::string base) : base_(std::move(base)) {}
  [[nodiscard]] std::string ballast() const { return path() + "/ballast"; }

  std::string base_;
};

}  // namespace pawl::test
