// A file by blocking system calls: the whole of backends pwritev2 and buffered, and the base of io_uring's.
#pragma once

#include <array>

#include "pawl/io/descriptor.hpp"
#include "pawl/io/disk.hpp"

namespace pawl::io {

// How a durable write becomes durable.
enum class DataSync {
  none,       // the file was not opened durable
  per_write,  // RWF_DSYNC: one system call, and the device sees one write with its flush
  fdatasync,  // a second system call after the write
};

class PosixFile : public File {
 public:
  // What open() found out about the file.
  struct Facts {
    std::string path;
    std::size_t alignment_bytes = 1;
    bool direct = false;
    DataSync data_sync = DataSync::none;
    std::string notice;
  };

  // `allow_direct` false: buffered even if O_DIRECT is asked for. `sync_writes_by`: what a durable file shall use.
  struct Opened {
    Descriptor descriptor;
    Facts facts;
  };
  static Result<Opened> open(const std::string& path, const OpenOptions& options, bool allow_direct, DataSync sync_writes_by);

  explicit PosixFile(Opened opened) : descriptor_(std::move(opened.descriptor)), facts_(std::move(opened.facts)) {}

  std::int64_t read(std::span<std::byte> into, std::uint64_t offset) override;
  std::int64_t write(std::span<const std::byte> from, std::uint64_t offset) override;
  // Writes at once; poll and wait hand out what it came to.
  int submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) override;
  std::size_t poll(std::span<Completion> into) override;
  std::size_t wait(std::span<Completion> into, Duration timeout) override;
  [[nodiscard]] bool has_ended() const override { return ended_count_ > 0; }
  int sync() override;
  std::int64_t size() override;
  int truncate(std::uint64_t bytes) override;
  [[nodiscard]] std::size_t alignment_bytes() const override { return facts_.alignment_bytes; }
  [[nodiscard]] bool direct() const override { return facts_.direct; }
  [[nodiscard]] std::string notice() const override { return facts_.notice; }

 protected:
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  [[nodiscard]] const Facts& facts() const { return facts_; }
  void add_notice(const std::string& text) { facts_.notice += (facts_.notice.empty() ? "" : "; ") + text; }
  // The kernel may accept finer alignments than are promised for every device; Pawl holds all callers to the promise.
  [[nodiscard]] bool aligned(const void* memory, std::size_t bytes, std::uint64_t offset) const;

 private:
  Descriptor descriptor_;
  Facts facts_;
  std::array<Completion, Disk::max_in_flight> ended_{};  // of submit_write, in order, not yet handed out
  std::size_t ended_count_ = 0;
};

}  // namespace pawl::io
