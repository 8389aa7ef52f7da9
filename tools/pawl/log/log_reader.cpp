#include "pawl/log/log_reader.hpp"

#include <fmt/format.h>

#include "pawl/io/lock_holder.hpp"
#include "pawl/io/parker.hpp"
#include "pawl/io/real_disk.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {

using journal::BlockView;

Result<LogReader> LogReader::open(const std::string& directory, Sequence from) {
  auto disk = io::make_real_disk();
  if (!disk) return std::move(disk).error();
  auto reader = journal::JournalReader::open(directory, **disk);
  if (!reader) return std::move(reader).error();
  auto follower = journal::Follower::open(*reader, from);
  if (!follower) return std::move(follower).error();
  return LogReader(directory, std::move(*disk), std::move(*follower), from);
}

void LogReader::warn_of_retired() const {
  if (next_sequence_ <= from_) return;
  warn(fmt::format("{} begins with sequence {}: those before it were removed by retention", directory_, next_sequence_));
}

Result<std::optional<BlockView>> LogReader::next_block() {
  BlockView block;
  auto more = follower_.next(block);
  if (!more) return std::move(more).error();
  if (!*more) return std::optional<BlockView>();
  enter(block);
  return std::optional(block);
}

void LogReader::enter(const BlockView& block) {
  block_ = block;
  at_.emplace(block_.records().begin());
  end_.emplace(block_.records().end());
  next_sequence_ = block.header.first_sequence;
}

Result<std::optional<Entry>> LogReader::next() {
  for (;;) {
    while (at_ && *at_ != *end_) {
      const journal::Record record = **at_;
      ++*at_;
      const Entry entry{record, next_sequence_, &block_.header};
      next_sequence_ += record.is_input() ? 1 : 0;
      decoder_.apply(record);
      has_started_ = has_started_ || (record.is_input() && entry.sequence >= from_);
      if (has_started_) return std::optional(entry);
    }
    auto block = next_block();
    if (!block) return std::move(block).error();
    if (!*block) return std::optional<Entry>();
  }
}

Result<std::optional<BlockView>> LogReader::at_end() {
  constexpr int looks = 5;
  constexpr Duration patience = 20'000'000;
  for (int look = 0; look < looks && follower_.holds_unwitnessed(); ++look) {
    io::nap(patience);
    auto block = next_block();
    if (!block || *block) return block;
  }
  BlockView block;
  const bool is_live = io::was_locked(journal::join(directory_, journal::lock_name));
  if (!is_live && follower_.take_unwitnessed(block)) {
    enter(block);
    return std::optional(block);
  }
  if (auto whole = check_end(); !whole) return whole.error();
  return std::optional<BlockView>();
}

}  // namespace pawl::tools
