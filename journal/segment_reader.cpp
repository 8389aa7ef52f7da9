#include "pawl/journal/segment_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/planted.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"

namespace pawl::journal {
namespace {

constexpr std::size_t window_blocks = 2;
constexpr std::size_t ahead_bytes = std::size_t{256} << 10;  // of the page cache: what is copied is still in the second-level cache when it is checked

}  // namespace

Result<SegmentBytes> SegmentBytes::open(io::Disk& disk, const std::string& path, bool direct, std::size_t window_bytes) {
  auto file = disk.open(path, {.access = io::Access::read, .direct = direct});
  if (!file) return std::move(file).error();
  const std::int64_t size = (*file)->size();
  if (size < 0) return os_error("read the size of", path, size);
  if ((*file)->alignment_bytes() > page_bytes) {
    return Error{ErrorCode::unsupported, "direct I/O on " + path + " needs an alignment of more than 4096 bytes, the journal's unit. "
                                         "Put the journal on a device with sectors of 4096 bytes or less."};
  }
  SegmentBytes bytes;
  bytes.path_ = path;
  bytes.size_ = static_cast<std::uint64_t>(size);
  bytes.file_ = std::move(*file);
  bytes.window_ = AlignedBytes(std::min<std::uint64_t>(window_bytes, round_up_to_page(bytes.size_)));
  return bytes;
}

Result<SegmentBytes> SegmentBytes::read_directly(io::Disk& disk, const std::string& path, std::size_t block_bytes_max) {
  return open(disk, path, !planted(Bug::page_cache_in_recovery), window_blocks * block_bytes_max);
}

Result<SegmentBytes> SegmentBytes::read_through(io::Disk& disk, const std::string& path, std::size_t block_bytes_max) {
  auto bytes = open(disk, path, false, std::max(block_bytes_max, ahead_bytes));
  if (bytes) bytes->in_order_ = true;
  return bytes;
}

std::span<const std::byte> SegmentBytes::at(std::uint64_t offset, std::size_t length) {
  if (offset > size_ || length > size_ - offset) return {};
  PAWL_ASSERT(length <= window_.size());
  if (offset < window_offset_ || offset + length > window_offset_ + window_bytes_) {
    in_order_ ? read_on(offset, length) : read_at(offset, length);
    if (window_bytes_ < length) return {};
  }
  return window_.span().subspan(offset - window_offset_, length);
}

// Ahead only behind what was read last: whoever looks at both ends of many segments must not read megabytes of each.
void SegmentBytes::read_at(std::uint64_t offset, std::size_t length) {
  const bool is_next = window_bytes_ > 0 && offset == window_offset_ + window_bytes_;
  const std::size_t ahead = is_next ? std::min<std::uint64_t>(window_.size(), size_ - offset) / page_bytes * page_bytes : length;
  window_offset_ = offset;
  window_bytes_ = read_pages(0, offset, std::max(ahead, length));
  // An error further on must not hide what was asked for.
  if (window_bytes_ < length) window_bytes_ = read_pages(0, offset, length);
}

// Always ahead; what the window holds of it already is not read again.
void SegmentBytes::read_on(std::uint64_t offset, std::size_t length) {
  const std::uint64_t end = window_offset_ + window_bytes_;
  const std::size_t held = offset >= window_offset_ && offset < end ? end - offset : 0;
  if (held > 0) std::memmove(window_.span().data(), window_.span().data() + (offset - window_offset_), held);
  window_offset_ = offset;
  const std::size_t wanted = std::min<std::uint64_t>(std::max(length, ahead_bytes), size_ - offset) / page_bytes * page_bytes;
  window_bytes_ = held + read_pages(held, offset + held, wanted - held);
  if (window_bytes_ < length) window_bytes_ = held + read_pages(held, offset + held, length - held);
}

// Bytes read to a place in the window, whole pages.
std::size_t SegmentBytes::read_pages(std::size_t to, std::uint64_t offset, std::size_t length) {
  std::int64_t got = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    got = file_->read(window_.span().subspan(to, length), offset);
    if (got >= static_cast<std::int64_t>(page_bytes)) return static_cast<std::size_t>(got) / page_bytes * page_bytes;
    if (got < 0) read_error_ = static_cast<int>(positive(got));
    if (got == 0 || (got < 0 && !is_transient(got))) break;
  }
  if (got < 0 && told_ != nullptr) *told_ = {read_error_, path_, offset};
  return 0;
}

BlockFault load_block(BlockChecker& checker, SegmentBytes& bytes, std::uint64_t segment, std::uint64_t offset, BlockView& block) {
  const auto page = bytes.at(offset, page_bytes);
  if (page.empty()) return BlockFault::unreadable;
  if (const BlockFault fault = checker.check_header(page, segment, offset); fault != BlockFault::none) return fault;
  block.header = load_header(page);
  block.bytes = bytes.at(offset, block.header.total_bytes);
  if (block.bytes.empty()) return BlockFault::unreadable;
  return checker.check_body(block.bytes);
}

BlockFault BlockScanner::check_at(SegmentBytes& segment, std::uint64_t offset, BlockView& block) {
  if (const BlockFault fault = load_block(checker_, segment, position_.segment, offset, block); fault != BlockFault::none) return fault;
  if (const BlockFault fault = checker_.check_order(block.bytes, position_); fault != BlockFault::none) return fault;
  if (const BlockFault fault = checker_.check_records(block.bytes, deep_); fault != BlockFault::none) return fault;
  position_.offset = offset + block.header.total_bytes;
  position_.block = block.header.block;
  position_.next_sequence = block.header.first_sequence + block.header.inputs;
  position_.epoch = block.header.epoch;
  position_.chain = block.header.chain;
  return BlockFault::none;
}

BlockFault BlockScanner::next(SegmentBytes& segment, BlockView& block) {
  if (position_.offset + page_bytes >= segment.size()) return BlockFault::zeros;
  return check_at(segment, position_.offset, block);
}

BlockFault BlockScanner::next_seal(SegmentBytes& segment, BlockView& block) {
  if (segment.size() < page_bytes) return BlockFault::unreadable;
  const BlockFault fault = check_at(segment, segment.size() - page_bytes, block);
  if (fault == BlockFault::none && block.header.kind != BlockKind::segment_seal) return BlockFault::order;
  return fault;
}

bool position_before(const BlockView& open_block, Position& position) {
  if (open_block.header.kind != BlockKind::segment_open || open_block.header.records == 0) return false;
  const RecordCounts counts = count_records(open_block.body());
  if (!counts.whole || counts.records == 0) return false;
  const Record first = *open_block.records().begin();
  SegmentMark mark;
  if (first.header().type != static_cast<std::uint16_t>(AnnotationType::segment) || !load_payload(first.payload(), mark)) return false;
  position = {.segment = mark.segment, .offset = 0, .block = mark.previous_block, .next_sequence = mark.first_sequence, .epoch = 0,
              .chain = mark.previous_chain};
  return true;
}

Error unreadable(const SegmentBytes& bytes, std::uint64_t offset) {
  const int number = bytes.read_error() != 0 ? bytes.read_error() : EIO;
  Error error = os_error("read", fmt::format("{} at offset {}", bytes.path(), offset), number);
  if (number == ENOMEM || is_transient(number)) return error;
  return {ErrorCode::corrupt, "CORRUPT: UNREADABLE: " + error.text};
}

Error passing_read_error(const ReadError& failed) {
  Error error = os_error("read", fmt::format("{} at offset {}", failed.path, failed.offset), failed.number);
  error.text += ". The same bytes could be read a moment later, so nothing is known to be damaged: start again";
  return error;
}

Result<Position> position_of_beginning(io::Disk& disk, const std::string& directory, const ControlSlot& control, BlockChecker& checker) {
  const Position first{.segment = control.oldest_segment, .chain = checker.identity().first_chain(checker.hasher())};
  if (control.oldest_segment == 1) return first;
  auto bytes = SegmentBytes::read_directly(disk, segment_path(directory, control.oldest_segment), control.block_bytes_max);
  if (!bytes && bytes.error().code == ErrorCode::not_found) return first;
  if (!bytes) return std::move(bytes).error();
  BlockView open;
  Position own;
  const BlockFault fault = load_block(checker, *bytes, control.oldest_segment, 0, open);
  if (fault == BlockFault::unreadable && bytes->read_error() != 0) return unreadable(*bytes, 0);
  return fault == BlockFault::none && position_before(open, own) ? own : first;
}

}  // namespace pawl::journal
