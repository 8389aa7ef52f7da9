// Reads one snapshot file, front to back, from the device; nothing is given out before it was checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pawl/io/disk.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/hash.hpp"
#include "pawl/journal/snapshot/format.hpp"

namespace pawl::journal {

struct Part {
  PartHeader header{};
  std::span<const std::byte> body;  // valid until the next one is read
};

// Thread: one. Move-only. The disk outlives it. Blocking.
class SnapshotReader {
 public:
  // Checks the header. Errors: corrupt, newer_format, those of the operating system.
  static Result<SnapshotReader> open(io::Disk& disk, const std::string& path, std::int64_t digest_interval = limits::digest_interval);

  [[nodiscard]] const SnapshotHeader& header() const noexcept { return header_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }

  // True: `part` is the next one, whole. False: the end was reached, and it vouches for all parts before it.
  // Errors (corrupt): with file and offset.
  Result<bool> next(Part& part);

 private:
  SnapshotReader(std::unique_ptr<io::File> file, std::string path, std::uint64_t file_bytes);

  Result<void> read_header(std::int64_t digest_interval);
  Result<PartHeader> read_part_header();
  Result<void> check_end(const Part& part);
  Result<void> take(std::span<std::byte> to);
  [[nodiscard]] Error damaged(std::uint64_t offset, std::string_view what) const;
  void hash_in(std::span<const std::byte> bytes);

  std::unique_ptr<io::File> file_;
  std::string path_;
  std::uint64_t file_bytes_;
  SnapshotHeader header_{};
  AlignedBytes window_;
  std::uint64_t window_offset_ = 0;
  std::size_t window_bytes_ = 0;
  std::uint64_t offset_ = 0;  // of what comes next
  std::uint64_t parts_ = 0;
  std::vector<std::byte> body_;
  Hasher hasher_;
  Hash hash_{};
};

// Reads all of it. Errors: as SnapshotReader's. Returns its header.
[[nodiscard]] Result<SnapshotHeader> verify_snapshot(io::Disk& disk, const std::string& path, std::int64_t digest_interval = limits::digest_interval);

}  // namespace pawl::journal
