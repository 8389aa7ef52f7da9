#include "pawl/journal/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pawl/core/base/planted.hpp"
#include "pawl/io/os_error.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/recovery.hpp"

namespace pawl::journal {
namespace {

Error refuse(Label label, std::string_view text) { return {error_code(label), fmt::format("{}: {}", name(label), text)}; }

Label label_of(BlockFault fault) {
  switch (fault) {
    case BlockFault::place: return Label::misdirected;
    case BlockFault::order:
    case BlockFault::chain: return Label::swapped;
    case BlockFault::database: return Label::foreign;
    case BlockFault::nonce: return Label::rollback;
    case BlockFault::version: return Label::newer_format;
    case BlockFault::none:
    case BlockFault::zeros:
    case BlockFault::unreadable:
    case BlockFault::header:
    case BlockFault::body:
    case BlockFault::records:
    case BlockFault::body_hash: return Label::corrupt;
  }
  return Label::corrupt;
}

// Since CONTROL was read: an engine is at work.
bool was_retired(io::Disk& disk, const std::string& directory, std::uint64_t segment) {
  const auto control = read_control(disk, directory);
  return control.ok() && control->state == ControlState::valid && segment < control->slot.oldest_segment;
}

bool is_sealed(SegmentBytes& bytes, std::uint64_t segment, BlockChecker& checker, BlockView& seal) {
  if (bytes.size() < 2 * std::uint64_t{page_bytes} || bytes.size() % page_bytes != 0) return false;
  return load_block(checker, bytes, segment, bytes.size() - page_bytes, seal) == BlockFault::none &&
         seal.header.kind == BlockKind::segment_seal;
}

// By its first block and its last page.
SegmentSummary summarise(SegmentBytes& bytes, std::uint64_t number, BlockChecker& checker) {
  SegmentSummary summary;
  summary.number = number;
  summary.bytes = bytes.size();
  BlockView block;
  if (is_sealed(bytes, number, checker, block)) {
    summary.sealed = true;
    summary.last_block = block.header.block;
    summary.next_sequence = block.header.first_sequence;
    summary.sealed_at = block.header.time;
    summary.chain = block.header.chain;
  }
  const BlockFault fault = load_block(checker, bytes, number, 0, block);
  summary.opened = fault == BlockFault::none && position_before(block, summary.before);
  if (summary.opened) summary.opened_at = block.header.time;
  const std::size_t whole_bytes = bytes.size() / page_bytes * page_bytes;
  const bool ends_in_zeros = whole_bytes >= page_bytes && whole_bytes == bytes.size() && all_zero(bytes.at(whole_bytes - page_bytes, page_bytes));
  summary.damaged = (!summary.opened && fault != BlockFault::zeros) || (!summary.sealed && !ends_in_zeros);
  return summary;
}

}  // namespace

Result<ControlSlot> read_identity(io::Disk& disk, const std::string& directory, std::vector<std::string>& notes) {
  Observation seen;
  auto looked = look_at_directory(disk, directory);
  if (!looked) return std::move(looked).error();
  seen.directory = *looked;
  const Label label = classify(seen).label;
  if (label == Label::not_initialised) {
    return refuse(label, fmt::format("there is no journal in {}. Check the path, or create one there first (Journal::create; `pawl run` does).", directory));
  }
  if (label == Label::foreign) {
    return refuse(label, fmt::format("{} holds files, but no journal. Check the path; a journal needs a directory of its own.", directory));
  }
  auto control = read_control(disk, directory);
  if (!control) return std::move(control).error();
  if (control->state == ControlState::newer) {
    return refuse(Label::newer_format, fmt::format("{} was written with format {}; this release knows formats up to {}. Use the newer release.",
                                                   control_path(directory), control->newest_version, format_version));
  }
  if (control->state == ControlState::absent) {
    return refuse(Label::control_lost, fmt::format("{} is gone, and {} holds what is left of a journal, which nothing begins anew. Restore the directory from a copy of one "
                                                   "moment, or name another; nothing was changed.", control_path(directory), directory));
  }
  if (control->state != ControlState::valid) {
    return refuse(Label::control_lost, fmt::format("no generation in {} is whole, and without it the journal's blocks cannot be told from "
                                                   "payload. Restore the file from a copy; nothing was changed.", control_path(directory)));
  }
  if (control->damaged_slots != 0) {
    notes.push_back(fmt::format("CONTROL: slots {:#x} (bits) were damaged or being written; the other copies hold generation {}",
                                control->damaged_slots, control->slot.generation));
  }
  return control->slot;
}

Result<SegmentBytes> open_segment(io::Disk& disk, const std::string& directory, std::uint64_t segment, BlockChecker& checker, bool& sealed) {
  const std::string path = segment_path(directory, segment);
  auto bytes = SegmentBytes::read_directly(disk, path, checker.block_bytes_max());
  if (!bytes) return bytes;
  BlockView seal;
  sealed = is_sealed(*bytes, segment, checker, seal);
  if (!sealed) {
    bytes->forget();
    return bytes;
  }
  return SegmentBytes::read_through(disk, path, checker.block_bytes_max());
}

Result<JournalReader> JournalReader::open(const std::string& directory, io::Disk& disk) {
  std::vector<std::string> notes;
  auto control = read_identity(disk, directory, notes);
  if (!control) return std::move(control).error();
  return JournalReader(directory, disk, *control);
}

Result<Position> JournalReader::beginning() const {
  BlockChecker checker({control_.database, control_.secret}, control_.block_bytes_max);
  return position_of_beginning(*disk_, directory_, control_, checker);
}

Result<std::vector<SegmentSummary>> JournalReader::segments() const {
  auto numbers = list_segments(*disk_, directory_, control_.oldest_segment);
  if (!numbers) return std::move(numbers).error();
  BlockChecker checker({control_.database, control_.secret}, control_.block_bytes_max);
  std::vector<SegmentSummary> summaries;
  for (const std::uint64_t number : *numbers) {
    auto bytes = SegmentBytes::read_directly(*disk_, segment_path(directory_, number), control_.block_bytes_max);
    if (!bytes && bytes.error().code == ErrorCode::not_found && was_retired(*disk_, directory_, number)) continue;
    if (!bytes) return std::move(bytes).error();
    summaries.push_back(summarise(*bytes, number, checker));
  }
  return summaries;
}

Result<BlockCursor> JournalReader::read(const ReadOptions& options) const {
  auto checker = std::make_unique<BlockChecker>(Identity{control_.database, control_.secret}, control_.block_bytes_max);
  auto beginning = position_of_beginning(*disk_, directory_, control_, *checker);
  if (!beginning) return std::move(beginning).error();
  Position start = *beginning;
  BlockCursor cursor(*disk_, directory_, std::move(checker), options);
  if (options.from_sequence > 0) {
    auto summaries = segments();
    if (!summaries) return std::move(summaries).error();
    for (const SegmentSummary& summary : *summaries) {
      if (summary.opened && summary.before.next_sequence <= options.from_sequence) start = summary.before;
    }
  }
  auto exists = disk_->exists(segment_path(directory_, start.segment));
  if (!exists) return std::move(exists).error();
  if (!*exists && control_.epoch == 0) {
    cursor.scanner_ = std::make_unique<BlockScanner>(*cursor.checker_, start, options.deep);
    cursor.ended_ = true;
    return cursor;
  }
  if (auto entered = cursor.enter(start); !entered) return entered.error();
  return cursor;
}

Result<void> BlockCursor::enter(const Position& position) {
  auto bytes = open_segment(*disk_, directory_, position.segment, *checker_, sealed_);
  if (!bytes && bytes.error().code == ErrorCode::not_found && was_retired(*disk_, directory_, position.segment)) {
    return Error{ErrorCode::not_found, fmt::format("segment {} of {} was retired while it was to be read: a snapshot holds what it led to. Read again, from the oldest that is kept",
                                                   position.segment, directory_)};
  }
  if (!bytes && bytes.error().code == ErrorCode::not_found) {
    return refuse(Label::missing, fmt::format("segment {} is gone: {}. Restore it from a copy.", position.segment, bytes.error().text));
  }
  if (!bytes) return std::move(bytes).error();
  bytes_ = std::make_unique<SegmentBytes>(std::move(*bytes));
  scanner_ = std::make_unique<BlockScanner>(*checker_, position, options_.deep);
  return {};
}

Result<bool> BlockCursor::next(BlockView& block) {
  if (error_) return *error_;
  while (!ended_) {
    if (options_.until_block != 0 && position().block >= options_.until_block) break;
    const BlockFault fault = scanner_->next(*bytes_, block);
    if (fault == BlockFault::none) return true;
    auto left = leave_segment(fault);
    if (!left) {
      error_ = left.error();
      return *error_;
    }
    ended_ = !*left;
  }
  ended_ = true;
  return false;
}

Result<bool> BlockCursor::look_again() {
  if (error_) return *error_;
  if (!bytes_) {  // the journal had no segment yet
    auto exists = disk_->exists(segment_path(directory_, position().segment));
    if (!exists || !*exists) return exists;
    const Position start = position();
    if (auto entered = enter(start); !entered) return entered.error();
  }
  bytes_->forget();
  const std::uint64_t seal_offset = bytes_->size() - page_bytes;
  const bool is_written = position().offset < seal_offset && !all_zero(bytes_->at(position().offset, page_bytes));
  ended_ = ended_ && !is_written && all_zero(bytes_->at(seal_offset, page_bytes));
  if (ended_) behind_end_ = BlockFault::zeros;
  bytes_->forget();
  return !ended_;
}

// True: stands before the next segment. False: the end.
Result<bool> BlockCursor::leave_segment(BlockFault fault) {
  if (planted(Bug::reader_skips_damage) && sealed_) return false;
  if (sealed_ && fault != BlockFault::zeros) return damage(fault, position().offset, "in a sealed segment");
  return sealed_ ? leave_sealed() : leave_live(fault);
}

Result<bool> BlockCursor::leave_sealed() {
  BlockView seal;
  const std::uint64_t offset = position().offset;
  const BlockFault fault = scanner_->next_seal(*bytes_, seal);
  if (fault != BlockFault::none) return damage(BlockFault::zeros, offset, "before the end of a sealed segment");
  Position next = position();
  next.segment += 1;
  next.offset = 0;
  if (auto entered = enter(next); !entered) return entered.error();
  return true;
}

Result<bool> BlockCursor::leave_live(BlockFault fault) {
  behind_end_ = fault;
  if (options_.until_block != 0) return damage(fault, position().offset, fmt::format("although blocks up to {} are durable", options_.until_block));
  // A segment that has a successor in use was sealed, and its seal is damaged; or it was sealed since we looked.
  auto later = list_segments(*disk_, directory_);
  if (!later) return std::move(later).error();
  for (const std::uint64_t segment : *later) {
    if (segment <= position().segment) continue;
    auto bytes = SegmentBytes::read_directly(*disk_, segment_path(directory_, segment), checker_->block_bytes_max());
    if (!bytes) return std::move(bytes).error();
    BlockView block;
    if (load_block(*checker_, *bytes, segment, 0, block) != BlockFault::none) continue;
    const Position again = position();
    const bool was_sealed = sealed_;
    if (auto entered = enter(again); !entered) return entered.error();
    if (sealed_ == was_sealed) return damage(fault, again.offset, "although later segments hold data");
    return true;
  }
  return false;
}

Error BlockCursor::damage(BlockFault fault, std::uint64_t offset, std::string_view why) {
  const Label label = label_of(fault);
  std::string what(describe(fault));
  if (const int error = bytes_->read_error(); fault == BlockFault::unreadable && error != 0 && offset == position().offset) {
    bytes_->forget();
    BlockView again;
    if (scanner_->next(*bytes_, again) != BlockFault::unreadable) {
      error_ = passing_read_error({error, bytes_->path(), offset});
      return *error_;
    }
  }
  if (fault == BlockFault::unreadable && bytes_->read_error() != 0) what = fmt::format("UNREADABLE ({}: look at dmesg and smartctl)", io::errno_name(bytes_->read_error()));
  return refuse(label, fmt::format("{} at offset {}: {}, {}. The journal is whole up to block {}, sequence {}. `pawl journal verify {}` lists "
                                   "every defect; restore the directory from a copy of one moment.",
                                   bytes_->path(), offset, what, why, position().block, position().next_sequence - 1, directory_));
}

}  // namespace pawl::journal
