// Writes one snapshot file, front to back, under a temporary name.
#pragma once

#include <memory>
#include <string>

#include "pawl/io/disk.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/hash.hpp"
#include "pawl/journal/snapshot/format.hpp"

namespace pawl::journal {

// Thread: one. Move-only. The disk outlives it. Blocking.
class SnapshotWriter {
 public:
  // A new file at `path`; `header` without magic, crc and version. Errors: of the operating system.
  static Result<SnapshotWriter> create(io::Disk& disk, const std::string& path, SnapshotHeader header);

  // Appends a part. Errors: of the operating system; the file is then worth nothing.
  Result<void> add(PartKind kind, std::uint32_t group, std::span<const std::byte> body);
  // Appends the end part and syncs. Once, at the end.
  Result<void> finish();

  [[nodiscard]] std::uint64_t bytes() const noexcept { return offset_ + filled_; }

 private:
  SnapshotWriter(std::unique_ptr<io::File> file, std::string path);

  void hash_in(std::span<const std::byte> bytes);
  Result<void> put(std::span<const std::byte> bytes);
  Result<void> flush();

  std::unique_ptr<io::File> file_;
  std::string path_;
  AlignedBytes buffer_;
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;  // of the buffer in the file
  std::uint64_t parts_ = 0;
  Hasher hasher_;
  Hash hash_{};
};

}  // namespace pawl::journal
