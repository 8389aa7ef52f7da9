// Blocks of the journal in order, each checked before it is shown. The same scanner serves recovery (direct reads), replay and
// tools (sealed segments through the page cache, direct reads of the live one).
#pragma once

#include <memory>
#include <string>

#include "pawl/io/disk.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/block.hpp"

namespace pawl::journal {

// A read of the device that failed.
struct ReadError {
  int number = 0;  // errno; 0: none has failed
  std::string path = {};
  std::uint64_t offset = 0;
};

// The bytes of one segment file, read through a window of memory. Never mapped: a page that the device cannot read would be the death of the
// process, and is an error here.
class SegmentBytes {
 public:
  // Never the page cache: what recovery decides on must be what the device holds.
  static Result<SegmentBytes> read_directly(io::Disk& disk, const std::string& path, std::size_t block_bytes_max);
  // From its start to its end, through the page cache. REQUIRES: sealed; the file must not change.
  static Result<SegmentBytes> read_through(io::Disk& disk, const std::string& path, std::size_t block_bytes_max);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // Bytes [offset, offset + length), valid until the next call; empty if they are beyond the end or the device cannot read them.
  // REQUIRES: both multiples of 4096; length at most block_bytes_max.
  [[nodiscard]] std::span<const std::byte> at(std::uint64_t offset, std::size_t length);
  // errno of the last read that failed; 0: none has.
  [[nodiscard]] int read_error() const noexcept { return read_error_; }
  // Set-up: the same, for one who reads many. Outlives the bytes.
  void tell_errors_to(ReadError& error) noexcept { told_ = &error; }
  // The next reads see the device again, not the window. (They read ahead only behind what was read last.)
  void forget() noexcept { window_bytes_ = 0; }

 private:
  static Result<SegmentBytes> open(io::Disk& disk, const std::string& path, bool direct, std::size_t window_bytes);
  void read_at(std::uint64_t offset, std::size_t length);
  void read_on(std::uint64_t offset, std::size_t length);
  [[nodiscard]] std::size_t read_pages(std::size_t to, std::uint64_t offset, std::size_t length);

  std::string path_;
  std::uint64_t size_ = 0;
  std::unique_ptr<io::File> file_;
  AlignedBytes window_;
  std::uint64_t window_offset_ = 0;
  std::size_t window_bytes_ = 0;
  bool in_order_ = false;  // always read ahead
  int read_error_ = 0;
  ReadError* told_ = nullptr;
};

// A checked block. Points into the segment's bytes.
struct BlockView {
  BlockHeader header{};
  std::span<const std::byte> bytes;  // header, body and padding

  [[nodiscard]] std::span<const std::byte> body() const noexcept { return bytes.subspan(block_header_bytes, header.body_bytes); }
  [[nodiscard]] Records records() const noexcept { return Records(body()); }
  // no_sequence if it has no inputs and none came before.
  [[nodiscard]] Sequence last_sequence() const noexcept { return header.first_sequence + header.inputs - 1; }
};

// Walks the blocks of one segment from a position. Thread: one at a time.
class BlockScanner {
 public:
  BlockScanner(BlockChecker& checker, const Position& position, bool deep) : checker_(checker), position_(position), deep_(deep) {}

  // none: `block` is whole and the next one, and the position has moved behind it. Otherwise: what is wrong at the position, which
  // stays. `zeros` before the seal's page is how data ends; the seal itself is read by next_seal.
  [[nodiscard]] BlockFault next(SegmentBytes& segment, BlockView& block);
  // The block in the last page.
  [[nodiscard]] BlockFault next_seal(SegmentBytes& segment, BlockView& block);

  [[nodiscard]] const Position& position() const noexcept { return position_; }

 private:
  [[nodiscard]] BlockFault check_at(SegmentBytes& segment, std::uint64_t offset, BlockView& block);

  BlockChecker& checker_;
  Position position_;
  bool deep_;
};

// A block that is whole in itself at `offset`, whatever its order; none if header, place and body hold.
[[nodiscard]] BlockFault load_block(BlockChecker& checker, SegmentBytes& bytes, std::uint64_t segment, std::uint64_t offset, BlockView& block);

// What to say of a page that `bytes` could not read. corrupt: the device refuses it; else an error of the system, which may pass.
[[nodiscard]] Error unreadable(const SegmentBytes& bytes, std::uint64_t offset);

// What to say if the same bytes could be read a moment later: nothing is known to be damaged.
[[nodiscard]] Error passing_read_error(const ReadError& failed);

// The position before the first block of a segment, by its own SEGMENT record. False if its first block is not an OPEN block.
[[nodiscard]] bool position_before(const BlockView& open_block, Position& position);

// Where the journal begins: with its first block, or, once older segments were retired, before the first one that is kept, as its own
// SEGMENT record has it. If that record is not whole, or its file gone: block 0 of that segment, where a scanner finds the damage.
// Errors: of the operating system; corrupt: the device cannot read it. What stands there is not known then.
[[nodiscard]] Result<Position> position_of_beginning(io::Disk& disk, const std::string& directory, const ControlSlot& control, BlockChecker& checker);

}  // namespace pawl::journal
