// A receipt: what a client keeps, outside of the journal's directory, to find any loss or change of what was acked to it.
#pragma once

#include <string>
#include <string_view>

#include "pawl/core/base/result.hpp"
#include "pawl/io/disk.hpp"
#include "pawl/journal/format.hpp"

namespace pawl::journal {

// Everything up to `sequence` was durable, and `chain` commits to every byte of it. No secret.
struct Receipt {
  Uuid database{};
  Sequence sequence = no_sequence;  // of the last input in `block` or before it
  std::uint64_t block = 0;          // 0: nothing was durable yet, or there is no journal
  Hash chain{};                     // of that block

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// "pawl1:<database>:<sequence>:<block>:<chain>:<CRC32C of all before>", hexadecimal but for the two numbers; one word, to copy and to search.
[[nodiscard]] std::string to_text(const Receipt& receipt);
// Errors: bad_data: of another form, or a slip in copying, which the CRC finds.
[[nodiscard]] Result<Receipt> parse_receipt(std::string_view text);

struct ReceiptVerdict {
  enum class Kind : std::uint8_t {
    holds,    // the block is there, and so are all segments before it, each continuing the one before
    lost,     // the journal ends before it
    altered,  // the journal goes as far, by another history: what was acked was changed, or lost and others written in its place
    damaged,  // it cannot be reached, or a segment before it is gone or damaged at an end: verify tells where
    foreign,  // a receipt of another journal
    too_old,  // its block was retired: what stands here neither proves nor refutes it
  };
  Kind kind = Kind::holds;
  std::string text;  // one sentence: which sequences, and what to do

  [[nodiscard]] bool holds() const noexcept { return kind == Kind::holds; }
};
[[nodiscard]] std::string_view name(ReceiptVerdict::Kind kind) noexcept;  // "LOST"

// Reads the segment that holds the receipt's block, and both ends of those before it; what lies inside those, verify() reads.
// Takes no lock, changes nothing. Errors: as JournalReader::open.
Result<ReceiptVerdict> check_receipt(const std::string& directory, io::Disk& disk, const Receipt& receipt);

}  // namespace pawl::journal
