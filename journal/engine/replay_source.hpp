// The journal as a source: records go back into the ring as they were sequenced.
#pragma once

#include <optional>

#include "pawl/core/engine/source.hpp"
#include "pawl/journal/engine/digest_check.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::journal {

// Where to stop: after a sequence, before the first input later than a time, or at the end. Events and ticks have a time.
struct Until {
  Sequence sequence = INT64_MAX;
  Time time = INT64_MAX;

  [[nodiscard]] bool ends_before(Sequence input, const RecordHeader& header) const noexcept {
    const bool has_time = is_event(header.type) || header.type == static_cast<std::uint16_t>(InputType::tick);
    return input > sequence || (has_time && header.at > time);
  }
};

// Thread: the sequence stage's. Errors (damage found on the way) end it: finished() with error(). The reader and the check outlive it.
class ReplaySource final : public InputSource {
 public:
  // `first`: the first sequence to hand out; `blocks` begins before it.
  ReplaySource(BlockCursor blocks, Until until, DigestCheck& check, Sequence first = 0)
      : blocks_(std::move(blocks)), until_(until), check_(check), first_(first), next_(first), expected_(first - 1) {}

  std::int64_t fill(const SlotRun& run) override;
  [[nodiscard]] bool finished() override { return ended_ && !(error_ && holds_); }
  bool arm() override { return ended_; }
  // Set-up, where other sources follow: after damage it is never finished(), so that none of them gets sequences that the journal holds.
  void hold_after_damage() noexcept { holds_ = true; }
  [[nodiscard]] bool sequenced() const override { return true; }

  // The last sequence that was handed out. REQUIRES (of this and what follows): the replay has ended.
  [[nodiscard]] Sequence last() const noexcept { return next_ - 1; }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  // Not stopped by `until`: there was no further whole block.
  [[nodiscard]] bool exhausted() const noexcept { return exhausted_; }
  // The last DIGEST mark that was read, and the last EMITTED one.
  [[nodiscard]] const std::optional<DigestMark>& last_mark() const noexcept { return last_mark_; }
  // 1: ended with error(). Thread: any.
  [[nodiscard]] const ring::Cursor<>& failed() const noexcept { return failed_; }
  // 1: all marks have been given to the check. Thread: any.
  [[nodiscard]] const ring::Cursor<>& has_ended() const noexcept { return has_ended_; }

 private:
  [[nodiscard]] bool load_block();
  [[nodiscard]] bool pass_annotation(const Record& record);
  void skip_to_first();
  void end(std::optional<Error> error);

  BlockCursor blocks_;
  Until until_;
  DigestCheck& check_;
  std::optional<BlockView> block_;
  std::optional<Records::Iterator> at_;
  std::optional<Records::Iterator> block_end_;
  Sequence first_;
  Sequence next_;           // to be handed out
  Sequence expected_;       // the last one whose digest the check was told
  bool ended_ = false;
  bool holds_ = false;
  bool exhausted_ = false;
  std::optional<Error> error_;
  std::optional<DigestMark> last_mark_;
  ring::Cursor<> failed_{0};
  ring::Cursor<> has_ended_{0};
};

}  // namespace pawl::journal
