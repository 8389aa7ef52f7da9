// Blocks of a journal beside its live engine, each once something says that it is durable: with one block in flight, that is the block
// behind it, which the engine writes after at most 2 ms.
#pragma once

#include <optional>

#include "pawl/journal/aligned.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::journal {

// Takes no lock and changes nothing. Goes on over rolls of segments and restarts of the engine. Thread: one. Move-only.
class Follower {
 public:
  // From the segment that holds `from_sequence`, as ReadOptions. Errors: as JournalReader::read. The reader's disk outlives it.
  static Result<Follower> open(const JournalReader& reader, Sequence from_sequence);

  // True: `block` is the next one, valid until the next call. False: nothing further is known to be durable; call again later.
  // Errors: damage, as BlockCursor::next; what is whole before it was given out.
  Result<bool> next(BlockView& block);

  // The last whole block, of which nothing says yet that it is durable: a start that finds it keeps it, so without a live engine it
  // is the end of the journal. False: there is none. Valid until the next call of either.
  bool take_unwitnessed(BlockView& block);
  [[nodiscard]] bool holds_unwitnessed() const noexcept { return held_.has_value(); }

  // As the cursor's.
  [[nodiscard]] const Position& position() const noexcept { return cursor_.position(); }
  [[nodiscard]] BlockFault was_behind_end() const noexcept { return cursor_.was_behind_end(); }

 private:
  Follower(BlockCursor cursor, const ControlSlot& control)
      : cursor_(std::move(cursor)), known_durable_(control.durable_block), shown_(control.block_bytes_max), kept_(control.block_bytes_max) {}

  Result<bool> read_on(BlockView& found);
  [[nodiscard]] bool is_witnessed() const noexcept;
  void give(BlockView& block);
  void hold(const BlockView& found);

  BlockCursor cursor_;
  std::uint64_t known_durable_;    // by CONTROL, when the reader was opened
  AlignedBytes shown_;             // the block that was given out
  AlignedBytes kept_;              // the one behind it: the cursor's next step may drop its bytes
  std::optional<BlockView> held_;  // in kept_
};

}  // namespace pawl::journal
