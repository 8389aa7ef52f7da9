// A file, a .zst file or standard input as blocks of bytes, read ahead by a thread of its own: on two processors decompression
// then costs the parser nothing.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "pawl/core/base/result.hpp"
#include "pawl/io/descriptor.hpp"

namespace pawl::csv {

// The longest row, in bytes as they stand in the file. More than any event takes, even with every text quoted and doubled.
inline constexpr std::size_t row_bytes_max = std::size_t{64} << 10;
inline constexpr std::size_t block_bytes = std::size_t{128} << 10;

// `text()` follows `row_bytes_max` bytes of free room, where the reader puts the piece of a row that the block before ended with.
struct Block {
  std::unique_ptr<char[]> memory;  // row_bytes_max + block_bytes + padding
  std::size_t used = 0;
  [[nodiscard]] char* text() const noexcept { return memory.get() + row_bytes_max; }
};

// Decompressed bytes of a path; "-" is standard input, a name that ends in ".zst" is zstd, in one frame or many. Blocking.
class InputFile {
 public:
  static Result<InputFile> open(const std::string& path);
  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  // Fills `into` as far as there are bytes; 0 is the end of the input. Errors: io, bad_data (damaged or cut-off zstd).
  Result<std::size_t> read(std::span<char> into);
  // From now on a read that waits for bytes (a pipe that stays open) gives up soon after `stop` was requested, with 0.
  void stop_with(std::stop_token stop) { stop_ = std::move(stop); }

 private:
  struct Decoder;
  InputFile(std::string path, io::Descriptor descriptor, std::unique_ptr<Decoder> decoder);
  Result<std::size_t> read_raw(char* into, std::size_t bytes);
  Result<std::size_t> read_decoded(std::span<char> into);

  std::string path_;
  io::Descriptor descriptor_;         // none for standard input, which is not ours to close
  std::unique_ptr<Decoder> decoder_;  // null: plain
  std::stop_token stop_;
};

// Thread: one consumer; with read_ahead one thread of its own, which stops when the object goes.
class BlockReader {
 public:
  enum class Take { block, not_yet, end, failed };

  static Result<std::unique_ptr<BlockReader>> open(const std::string& path, bool read_ahead);
  BlockReader(InputFile file, bool read_ahead);
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  // The next block, which stays the caller's until it gives it back. Never blocks with read_ahead; without, it reads the file.
  [[nodiscard]] Take take(Block*& block);
  void give_back(Block* block);
  // Blocks until take() has something else to say than not_yet.
  void wait();
  // REQUIRES: take() said failed.
  [[nodiscard]] const Error& error() const;

 private:
  void read_all(const std::stop_token& stop);
  Result<bool> fill(Block& block);  // false: the end

  static constexpr std::size_t blocks = 6;  // two with the parser, the rest ahead: 512 KiB, in the second-level cache

  InputFile file_;
  const bool read_ahead_;
  std::array<Block, blocks> memory_;

  std::mutex mutex_;  // of all below; held for moments, once per block
  std::condition_variable_any changed_;
  std::vector<Block*> free_;
  std::vector<Block*> filled_;  // first in, first out
  bool ended_ = false;
  std::optional<Error> error_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace pawl::csv
