// Reading a journal: for replay, cat, verify. Needs no lock and changes nothing, so it runs beside a live engine: sealed segments are
// read through the page cache, the last one directly, up to a block that the reader is told is durable or to where whole blocks end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pawl/journal/control.hpp"
#include "pawl/journal/recovery_table.hpp"
#include "pawl/journal/segment_reader.hpp"

namespace pawl::journal {

struct ReadOptions {
  // Start at the segment that holds this sequence: blocks before it are skipped by segment, the caller skips the rest.
  Sequence from_sequence = 0;
  // This block is known to be durable: not reaching it is an error, and nothing behind it is read. 0: unknown, stop where whole
  // blocks end.
  std::uint64_t until_block = 0;
  // Check each record's CRC and the body's hash as well, not only the block's CRC, chain and structure.
  bool deep = false;
};

// Blocks in order. Move-only. Thread: one.
class BlockCursor {
 public:
  // True: `block` is the next one, valid until the next call. False: the end. Errors: corrupt, missing ..., with label, file, offset
  // and sequences; the same again at every later call.
  Result<bool> next(BlockView& block);
  // After the end: whether something stands there now. True: next() goes on. Reads two pages of the device.
  Result<bool> look_again();

  [[nodiscard]] const Position& position() const noexcept { return scanner_->position(); }
  // After the end: what stands behind the last whole block of an unsealed segment. `zeros`: nothing. Otherwise a block that is
  // being written just now, or was torn by a crash, or is damaged: Journal::open and verify tell which.
  [[nodiscard]] BlockFault was_behind_end() const noexcept { return behind_end_; }

 private:
  friend class JournalReader;
  BlockCursor(io::Disk& disk, std::string directory, std::unique_ptr<BlockChecker> checker, const ReadOptions& options)
      : disk_(&disk), directory_(std::move(directory)), checker_(std::move(checker)), options_(options) {}

  Result<void> enter(const Position& position);
  Result<bool> leave_segment(BlockFault fault);
  Result<bool> leave_sealed();
  Result<bool> leave_live(BlockFault fault);
  [[nodiscard]] Error damage(BlockFault fault, std::uint64_t offset, std::string_view why);

  io::Disk* disk_;
  std::string directory_;
  std::unique_ptr<BlockChecker> checker_;
  ReadOptions options_;
  std::unique_ptr<SegmentBytes> bytes_;
  std::unique_ptr<BlockScanner> scanner_;
  bool sealed_ = false;
  bool ended_ = false;
  BlockFault behind_end_ = BlockFault::zeros;
  std::optional<Error> error_;
};

struct SegmentSummary {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;           // of the file
  bool opened = false;               // has an OPEN block
  bool sealed = false;
  bool damaged = false;              // an end of it is neither a block nor zeros: damaged, or being written just now
  Position before{};                 // before its first block, if opened
  Time opened_at = 0;                // when its first block was submitted, if opened
  std::uint64_t last_block = 0;      // if sealed: the seal's number
  Sequence next_sequence = 0;        // if sealed
  Time sealed_at = 0;                // if sealed
  Hash chain{};                      // if sealed: the seal's, which the next segment continues
};

class JournalReader {
 public:
  // Errors: by Label: not_initialised, foreign, newer_format, control lost; or of the operating system. `disk` must outlive it.
  static Result<JournalReader> open(const std::string& directory, io::Disk& disk);

  [[nodiscard]] const ControlSlot& control() const noexcept { return control_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] io::Disk& disk() const noexcept { return *disk_; }
  // Before the first block that is kept: block 0 and sequence 0, unless older segments were retired. Reads that block.
  [[nodiscard]] Result<Position> beginning() const;
  // By reading each file's first block and last page.
  Result<std::vector<SegmentSummary>> segments() const;
  Result<BlockCursor> read(const ReadOptions& options = {}) const;

  // Set-up, of tests: whoever wrote it ended digest intervals, and took snapshots, after so many inputs.
  void set_digest_interval(std::int64_t inputs) noexcept { digest_interval_ = inputs; }
  [[nodiscard]] std::int64_t digest_interval() const noexcept { return digest_interval_; }

 private:
  JournalReader(std::string directory, io::Disk& disk, const ControlSlot& control)
      : directory_(std::move(directory)), disk_(&disk), control_(control) {}

  std::string directory_;
  io::Disk* disk_;
  ControlSlot control_;
  std::int64_t digest_interval_ = limits::digest_interval;
};

// CONTROL of a directory, or why there is none to be had: the rows of the recovery table before the segments. `notes` gets a
// sentence if a slot is damaged.
Result<ControlSlot> read_identity(io::Disk& disk, const std::string& directory, std::vector<std::string>& notes);

// Through the page cache if the segment is sealed, and therefore never changes again; else directly. `sealed` says which.
Result<SegmentBytes> open_segment(io::Disk& disk, const std::string& directory, std::uint64_t segment, BlockChecker& checker, bool& sealed);

}  // namespace pawl::journal
