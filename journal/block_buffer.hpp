// A block while it is filled: records behind the place of its header. They are checked and summed piece by piece, while they are still in
// the cache and an earlier block is on its way to the device, so that little is left to do when this one may follow.
// Allocates when it is made, and for sources and annotations. Thread: one at a time. Ownership: the memory is the caller's.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/journal/block.hpp"
#include "pawl/journal/catalogue.hpp"

namespace pawl::journal {

// A field of a record's header, which may stand anywhere. The writer loads those that it needs and makes no copy of the whole (measured: 10.7
// against 13.4 ns a record).
template <class T>
[[nodiscard]] T field_of(std::span<const std::byte> record, std::size_t offset) noexcept {
  T value;
  std::memcpy(&value, record.data() + offset, sizeof value);
  return value;
}

class BlockBuffer {
 public:
  // `memory`: of the largest block. `check_records`: whether a record's CRC is checked before it is summed.
  BlockBuffer(std::span<std::byte> memory, BodyHash algorithm, bool check_records)
      : memory_(memory), check_records_(check_records), sum_(algorithm) {
    annotations_.reserve(memory.size() / annotation_bytes_min);
    tickets_.reserve(sources_expected);
  }

  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept { return used_ + bytes <= memory_.size(); }
  // An input, with its padding or without. REQUIRES: room for it with.
  void append(std::span<const std::byte> record) noexcept;
  // REQUIRES: room.
  void annotate(AnnotationType type, std::span<const std::byte> head, std::span<const std::byte> tail = {}) noexcept;
  // An item of the catalogue, as it stands there. REQUIRES: room.
  void annotate(const Catalogue& catalogue, std::size_t item) noexcept;

  [[nodiscard]] std::uint32_t records() const noexcept { return inputs_ + static_cast<std::uint32_t>(annotations_.size()); }
  [[nodiscard]] std::uint32_t inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::size_t body_bytes() const noexcept { return used_ - block_header_bytes; }
  [[nodiscard]] std::size_t total_bytes() const noexcept { return round_up_to_page(used_); }

  // Pads the block and writes the sums of its body into `header`. False: a record was damaged in memory since its CRC was computed.
  // REQUIRES: nothing is added afterwards.
  [[nodiscard]] bool finish(BlockHeader& header);
  // The whole block. REQUIRES: finished.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return memory_.first(total_bytes()); }
  // What the records say about the journal.
  void tell(Catalogue& catalogue) const;
  void clear() noexcept;

 private:
  static constexpr std::size_t annotation_bytes_min = record_header_bytes + 16;
  static constexpr std::size_t piece_bytes = 16 * 1024;
  static constexpr std::size_t sources_expected = 64;

  [[nodiscard]] std::byte* end() const noexcept { return memory_.data() + used_; }
  void note_ticket(std::uint16_t source, Ticket ticket);
  void added(std::size_t bytes) noexcept {
    used_ += bytes;
    if (used_ - summed_ >= piece_bytes) sum_up();
  }
  void sum_up();

  std::span<std::byte> memory_;
  bool check_records_;
  std::size_t used_ = block_header_bytes;
  std::size_t summed_ = block_header_bytes;
  std::uint32_t inputs_ = 0;
  bool damaged_ = false;
  BodySum sum_;
  struct Row { Ticket first = 0, last = 0; };
  std::vector<Row> tickets_;                // of the inputs here, by source; 0: none of it
  bool in_rows_ = true;                     // else they are not all that stands between first and last
  std::vector<std::uint32_t> annotations_;  // where they stand
};

inline void BlockBuffer::append(std::span<const std::byte> record) noexcept {
  const auto length = field_of<std::uint16_t>(record, offsetof(RecordHeader, length));
  const std::size_t bytes = record_bytes(length);
  std::byte* const to = end();
  std::memset(to + bytes - 8, 0, 8);
  std::memcpy(to, record.data(), record_header_bytes + length);
  ++inputs_;
  note_ticket(field_of<std::uint16_t>(record, offsetof(RecordHeader, source)), field_of<Ticket>(record, offsetof(RecordHeader, ticket)));
  added(bytes);
}

inline void BlockBuffer::note_ticket(std::uint16_t source, Ticket ticket) {
  if (source >= tickets_.size()) tickets_.resize(source + std::size_t{1});
  Row& row = tickets_[source];
  if (row.first == 0) row.first = ticket;
  else in_rows_ = in_rows_ && (ticket == row.last + 1 || ticket == 0);
  if (ticket != 0) row.last = ticket;
}

}  // namespace pawl::journal
