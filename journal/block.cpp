#include "pawl/journal/block.hpp"

#include <algorithm>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/base/planted.hpp"

namespace pawl::journal {
namespace {

Hash chain_of(std::span<const std::byte> block, const Hash& previous, Hasher& hasher) {
  return hasher.sha_256({previous, block.subspan(header_crc_from, chain_offset - header_crc_from)});
}

std::uint32_t stored_crc(const std::byte* record) noexcept {
  std::uint32_t crc;
  std::memcpy(&crc, record, sizeof crc);
  return crc;
}

std::size_t length_of(const std::byte* record) noexcept { return Record(record).header().length; }

// Four neighbours of one length at a time: their chains overlap in the processor.
bool four_hold(const std::byte* first, std::size_t length, std::size_t stride) noexcept {
  const std::byte* const pieces[4] = {first + record_crc_offset, first + stride + record_crc_offset,
                                      first + 2 * stride + record_crc_offset, first + 3 * stride + record_crc_offset};
  std::uint32_t crcs[4];
  crc32c_4(pieces, record_header_bytes - record_crc_offset + length, crcs);
  bool hold = true;
  for (std::size_t i = 0; i < 4; ++i) hold &= crcs[i] == stored_crc(first + i * stride);
  return hold;
}

bool four_of_one_length(const std::byte* at, const std::byte* end, std::size_t length, std::size_t stride) noexcept {
  if (static_cast<std::size_t>(end - at) < 4 * stride) return false;
  return length_of(at + stride) == length && length_of(at + 2 * stride) == length && length_of(at + 3 * stride) == length;
}

}  // namespace

std::string_view describe(BlockFault fault) noexcept {
  switch (fault) {
    case BlockFault::none: return "whole";
    case BlockFault::zeros: return "zeros";
    case BlockFault::unreadable: return "unreadable";
    case BlockFault::header: return "damaged header";
    case BlockFault::version: return "written by a newer release";
    case BlockFault::database: return "a block of another journal";
    case BlockFault::nonce: return "a block of an epoch that CONTROL does not know";
    case BlockFault::place: return "a block that belongs elsewhere";
    case BlockFault::body: return "damaged body";
    case BlockFault::order: return "a block out of order";
    case BlockFault::chain: return "a block of another history (its chain does not continue the block before it)";
    case BlockFault::records: return "damaged records";
    case BlockFault::body_hash: return "body that does not match its hash";
  }
  return "unknown";
}

bool Record::crc_holds() const noexcept {
  return header().crc == crc32c({at_ + record_crc_offset, record_header_bytes - record_crc_offset + header().length});
}

RecordCounts count_records(std::span<const std::byte> body) noexcept {
  RecordCounts counts;
  std::size_t at = 0;
  while (body.size() - at >= record_header_bytes) {
    const Record record(body.data() + at);
    const std::size_t bytes = record_bytes(record.header().length);
    if (bytes > body.size() - at) return counts;
    at += bytes;
    ++counts.records;
    counts.inputs += record.is_input() ? 1U : 0U;
  }
  counts.whole = at == body.size();
  return counts;
}

const std::byte* find_damaged_record(std::span<const std::byte> body) noexcept {
  const std::byte* at = body.data();
  const std::byte* const end = at + body.size();
  while (at != end) {
    const std::size_t length = length_of(at);
    const std::size_t stride = record_bytes(length);
    if (four_of_one_length(at, end, length, stride) && four_hold(at, length, stride)) {
      at += 4 * stride;
      continue;
    }
    if (!Record(at).crc_holds()) return at;
    at += stride;
  }
  return nullptr;
}

std::size_t put_annotation(std::byte* to, AnnotationType type, std::uint16_t flags, std::span<const std::byte> head,
                           std::span<const std::byte> tail) noexcept {
  const std::size_t length = head.size() + tail.size();
  PAWL_ASSERT(length <= 0xFFFF);
  RecordHeader header{};
  header.type = static_cast<std::uint16_t>(type);
  header.length = static_cast<std::uint16_t>(length);
  header.flags = flags;
  const std::size_t bytes = record_bytes(length);
  std::memset(to, 0, bytes);
  std::memcpy(to, &header, sizeof header);
  std::memcpy(to + record_header_bytes, head.data(), head.size());
  if (!tail.empty()) std::memcpy(to + record_header_bytes + head.size(), tail.data(), tail.size());
  const std::uint32_t crc = crc32c({to + record_crc_offset, record_header_bytes - record_crc_offset + length});
  std::memcpy(to, &crc, sizeof crc);
  return bytes;
}

Hash seal_header(std::span<std::byte> block, BlockHeader& header, const Hash& previous_chain, Hasher& hasher) {
  std::memcpy(block.data(), &header, sizeof header);
  header.chain = chain_of(block, previous_chain, hasher);
  std::memcpy(block.data(), &header, sizeof header);
  header.header_crc = crc32c(block.subspan(header_crc_from, block_header_bytes - header_crc_from));
  std::memcpy(block.data(), &header, sizeof header);
  return header.chain;
}

BlockFault BlockChecker::check_header(std::span<const std::byte> first_page, std::uint64_t segment, std::uint64_t offset) {
  const BlockHeader header = load_header(first_page);
  if (header.magic == 0 && all_zero(first_page)) return BlockFault::zeros;
  if (header.magic != block_magic) return BlockFault::header;
  if (header.header_crc != crc32c(first_page.subspan(header_crc_from, block_header_bytes - header_crc_from))) return BlockFault::header;
  if (header.version > format_version) return BlockFault::version;
  if (!geometry_holds(header)) return BlockFault::header;
  if (header.database != identity_.database()) return BlockFault::database;
  if (header.nonce != nonce_of(header.epoch) && !planted(Bug::nonce_ignored)) return BlockFault::nonce;
  if (planted(Bug::place_ignored)) return BlockFault::none;
  if (header.segment != segment || header.offset != offset) return BlockFault::place;
  return BlockFault::none;
}

bool BlockChecker::geometry_holds(const BlockHeader& header) const noexcept {
  const auto kind = static_cast<std::uint8_t>(header.kind);
  const auto algorithm = static_cast<std::uint8_t>(header.body_hash_algorithm);
  return header.total_bytes % page_bytes == 0 && header.total_bytes >= page_bytes && header.total_bytes <= block_bytes_max_ &&
         header.body_bytes <= header.total_bytes - block_header_bytes &&
         round_up_to_page(block_header_bytes + header.body_bytes) == header.total_bytes && header.inputs <= header.records && kind >= 1 &&
         kind <= 5 && algorithm >= 1 && algorithm <= 2 && header.reserved0 == 0 && header.reserved1 == 0;
}

const Nonce& BlockChecker::nonce_of(std::uint32_t epoch) {
  if (nonce_epoch_ != epoch) nonce_ = identity_.nonce(epoch, hasher_);
  nonce_epoch_ = epoch;
  return nonce_;
}

BlockFault BlockChecker::check_body(std::span<const std::byte> block) const {
  const BlockHeader header = load_header(block);
  PAWL_ASSERT(block.size() == header.total_bytes);
  if (planted(Bug::body_not_checked)) return BlockFault::none;
  if (header.body_crc != crc32c(block.subspan(block_header_bytes))) return BlockFault::body;
  if (!all_zero(block.subspan(block_header_bytes + header.body_bytes))) return BlockFault::body;
  return BlockFault::none;
}

BlockFault BlockChecker::check_order(std::span<const std::byte> block, const Position& position) {
  const BlockHeader header = load_header(block);
  if (header.block != position.block + 1) return BlockFault::order;
  if (header.first_sequence != position.next_sequence) return BlockFault::order;
  if (header.epoch < position.epoch) return BlockFault::order;
  if (header.durable_block >= header.block) return BlockFault::order;
  if (planted(Bug::chain_not_checked)) return BlockFault::none;
  if (header.chain != chain_of(block, position.chain, hasher_)) return BlockFault::chain;
  return BlockFault::none;
}

BlockFault BlockChecker::check_records(std::span<const std::byte> block, bool deep) {
  const BlockHeader header = load_header(block);
  const auto body = block.subspan(block_header_bytes, header.body_bytes);
  const RecordCounts counts = count_records(body);
  if (!counts.whole || counts.records != header.records || counts.inputs != header.inputs) return BlockFault::records;
  if (!deep) return BlockFault::none;
  if (find_damaged_record(body) != nullptr) return BlockFault::records;
  if (hasher_.body(header.body_hash_algorithm, block.subspan(block_header_bytes)) != header.body_hash) return BlockFault::body_hash;
  return BlockFault::none;
}

bool all_zero(std::span<const std::byte> bytes) noexcept {
  // Compares the memory with itself shifted by one word: memcmp is the fastest loop there is.
  if (bytes.size() < 8) return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
  std::uint64_t first;
  std::memcpy(&first, bytes.data(), sizeof first);
  return first == 0 && std::memcmp(bytes.data(), bytes.data() + 8, bytes.size() - 8) == 0;
}

}  // namespace pawl::journal
