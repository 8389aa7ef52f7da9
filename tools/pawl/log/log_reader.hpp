// The records of a journal in order, read beside a live engine without disturbing it: up to what is durable.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "pawl/io/disk.hpp"
#include "pawl/journal/follower.hpp"
#include "pawl/journal/inspection.hpp"
#include "pawl/log/decoder.hpp"

namespace pawl::tools {

// One record, valid until the next is read.
struct Entry {
  journal::Record record;
  Sequence sequence;                  // of the input; of the next one if it is an annotation
  const journal::BlockHeader* block;  // that it stands in

  [[nodiscard]] bool is_input() const noexcept { return record.is_input(); }
};

// Thread: one. Move-only.
class LogReader {
 public:
  // `from`: records before this input are left out, annotations too; 0: everything. Errors: as JournalReader::open and read.
  static Result<LogReader> open(const std::string& directory, Sequence from = 0);

  // The next record, which the decoder has taken into account. Nothing: no more is durable now, call again later.
  // Errors: damage, with file, offset and sequences.
  Result<std::optional<Entry>> next();
  // The next whole block, between records. Nothing: as above.
  Result<std::optional<journal::BlockView>> next_block();

  // For whoever does not follow: once nothing more came, the last block counts too unless an engine is at work on it, and what stands
  // behind must be no damage. A block: one more, go on with next(). Nothing: the end. Waits for an engine's next block, 0.1 s at most.
  // Errors: damage.
  Result<std::optional<journal::BlockView>> at_end();

  [[nodiscard]] std::uint64_t last_block() const noexcept { return follower_.position().block; }  // whole, durable or not
  // What stands behind the last whole block is not zeros: a block that is being written, or torn, or damaged. check_end() tells which.
  [[nodiscard]] bool stands_before_bytes() const noexcept { return follower_.was_behind_end() != journal::BlockFault::zeros; }
  [[nodiscard]] Result<void> check_end() const { return journal::check_end(directory_, *disk_); }

  [[nodiscard]] Decoder& decoder() noexcept { return decoder_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  // Behind the last block that was read; its inputs may be left out. Before the first one: where its segment starts.
  [[nodiscard]] Sequence next_sequence() const noexcept { return next_sequence_; }
  // The first record that is not left out was read.
  [[nodiscard]] bool has_started() const noexcept { return has_started_; }

  // Right after open(): warns if retention has removed inputs from `from` on, so that what follows is not all that was asked for.
  void warn_of_retired() const;

 private:
  LogReader(std::string directory, std::unique_ptr<io::Disk> disk, journal::Follower follower, Sequence from)
      : directory_(std::move(directory)), disk_(std::move(disk)), follower_(std::move(follower)), from_(from), has_started_(from == 0), next_sequence_(follower_.position().next_sequence) {}

  void enter(const journal::BlockView& block);

  std::string directory_;
  std::unique_ptr<io::Disk> disk_;
  journal::Follower follower_;
  Decoder decoder_;
  Sequence from_;
  bool has_started_;
  journal::BlockView block_{};
  std::optional<journal::Records::Iterator> at_, end_;
  Sequence next_sequence_;  // of the next input in block_
};

// Calls visit(entry), which returns whether to go on, for each record to the end. Errors: of the journal.
template <class Visit>
[[nodiscard]] Result<void> for_each(LogReader& log, Visit&& visit) {
  for (;;) {
    auto entry = log.next();
    if (!entry) return std::move(entry).error();
    if (*entry) {
      if (!visit(**entry)) return {};
      continue;
    }
    auto more = log.at_end();
    if (!more) return std::move(more).error();
    if (!*more) return {};
  }
}

// The same for each block.
template <class Visit>
[[nodiscard]] Result<void> for_each_block(LogReader& log, Visit&& visit) {
  for (;;) {
    auto block = log.next_block();
    if (block && !*block) block = log.at_end();
    if (!block) return std::move(block).error();
    if (!*block || !visit(**block)) return {};
  }
}

}  // namespace pawl::tools
