// One block: how it is sealed before it is written, and every check that it must pass when it is read.
#pragma once

#include <cstring>
#include <span>
#include <string_view>

#include "pawl/journal/format.hpp"
#include "pawl/journal/hash.hpp"

namespace pawl::journal {

// The first thing that is wrong with a block, in the order of the checks.
enum class BlockFault : std::uint8_t {
  none,
  zeros,       // nothing was written here
  unreadable,  // the device returned an error, or the file ends
  header,      // magic, CRC, lengths or reserved bytes of the header
  version,     // written by a newer release
  database,    // of another journal
  nonce,       // right database, wrong epoch nonce
  place,       // a whole block that belongs elsewhere
  body,        // CRC of the body, or padding that is not zero
  order,       // whole, at its own place, but not the next block: number, sequence or epoch
  chain,       // whole and in order, but the blocks before it are not the ones it was written after
  records,     // lengths or counts of the records do not add up, or a record's CRC is wrong
  body_hash,
};
[[nodiscard]] std::string_view describe(BlockFault fault) noexcept;

// Where a reader stands: behind block `block`.
struct Position {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;      // of the next block
  std::uint64_t block = 0;       // number of the last one
  Sequence next_sequence = 0;
  std::uint32_t epoch = 0;       // of the last one
  Hash chain{};                  // of the last one
};

[[nodiscard]] inline BlockHeader load_header(std::span<const std::byte> bytes) noexcept {
  BlockHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

// One record inside a block's body. Points into it.
class Record {
 public:
  explicit Record(const std::byte* at) noexcept : at_(at) {}

  // The body is aligned to 8, and so is every record.
  [[nodiscard]] const RecordHeader& header() const noexcept { return *reinterpret_cast<const RecordHeader*>(at_); }
  [[nodiscard]] bool is_input() const noexcept { return !is_annotation(header().type); }
  [[nodiscard]] std::span<const std::byte> payload() const noexcept { return {at_ + record_header_bytes, header().length}; }
  // With padding: as Writer::append takes it.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {at_, record_bytes(header().length)}; }
  [[nodiscard]] bool crc_holds() const noexcept;

 private:
  const std::byte* at_;
};

// The records of a checked body, in order: for (Record record : Records(body)).
class Records {
 public:
  explicit Records(std::span<const std::byte> body) noexcept : begin_(body.data()), end_(body.data() + body.size()) {}

  class Iterator {
   public:
    explicit Iterator(const std::byte* at) noexcept : at_(at) {}
    Record operator*() const noexcept { return Record(at_); }
    Iterator& operator++() noexcept { at_ += (*(*this)).bytes().size(); return *this; }
    bool operator!=(const Iterator& other) const noexcept { return at_ != other.at_; }

   private:
    const std::byte* at_;
  };
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(begin_); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(end_); }

 private:
  const std::byte* begin_;
  const std::byte* end_;
};

struct RecordCounts {
  std::uint32_t records = 0;
  std::uint32_t inputs = 0;
  bool whole = false;          // the lengths add up to exactly the bytes given
};
// Walks lengths only, reading nothing beyond `body`.
[[nodiscard]] RecordCounts count_records(std::span<const std::byte> body) noexcept;
// REQUIRES: count_records(body).whole. The first record whose CRC is wrong, or nullptr. Runs of equal length go four at a time.
[[nodiscard]] const std::byte* find_damaged_record(std::span<const std::byte> body) noexcept;

// Writes an annotation record at `to`: `head` is one of the structs of format.hpp, `tail` what follows it. Returns its bytes.
// REQUIRES: record_bytes(head.size() + tail.size()) bytes at `to`, which is aligned to 8.
std::size_t put_annotation(std::byte* to, AnnotationType type, std::uint16_t flags, std::span<const std::byte> head,
                           std::span<const std::byte> tail = {}) noexcept;

template <class T>
[[nodiscard]] std::span<const std::byte> bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

// The fixed part at the start of an annotation's payload; false if the payload is shorter.
template <class T>
[[nodiscard]] bool load_payload(std::span<const std::byte> payload, T& into) noexcept {
  if (payload.size() < sizeof(T)) return false;
  std::memcpy(&into, payload.data(), sizeof(T));
  return true;
}

// Finishes a block in place: chain, then header CRC. `header` holds all other fields, the sums of the body too.
// REQUIRES: block.size() == header.total_bytes, padding already zero. Returns the block's chain value.
Hash seal_header(std::span<std::byte> block, BlockHeader& header, const Hash& previous_chain, Hasher& hasher);

// Checks a block that stands at a known place, step by step. Holds the nonce of the last epoch seen. Thread: one at a time.
class BlockChecker {
 public:
  BlockChecker(const Identity& identity, std::uint32_t block_bytes_max) : identity_(identity), block_bytes_max_(block_bytes_max) {}

  // The header alone, from the first page of the block: nothing of the body is needed yet, and total_bytes may be trusted after it.
  [[nodiscard]] BlockFault check_header(std::span<const std::byte> first_page, std::uint64_t segment, std::uint64_t offset);
  // The body's CRC and padding. REQUIRES: check_header passed.
  [[nodiscard]] BlockFault check_body(std::span<const std::byte> block) const;
  // That it is the next block behind `position`.
  [[nodiscard]] BlockFault check_order(std::span<const std::byte> block, const Position& position);
  // Lengths and counts of records; their CRCs too if `deep`, and the body's hash.
  [[nodiscard]] BlockFault check_records(std::span<const std::byte> block, bool deep);

  [[nodiscard]] Hasher& hasher() noexcept { return hasher_; }
  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }
  [[nodiscard]] std::uint32_t block_bytes_max() const noexcept { return block_bytes_max_; }

 private:
  [[nodiscard]] bool geometry_holds(const BlockHeader& header) const noexcept;
  [[nodiscard]] const Nonce& nonce_of(std::uint32_t epoch);

  Identity identity_;
  std::uint32_t block_bytes_max_;
  Hasher hasher_;
  std::uint32_t nonce_epoch_ = 0;
  Nonce nonce_{};
};

[[nodiscard]] bool all_zero(std::span<const std::byte> bytes) noexcept;

}  // namespace pawl::journal
