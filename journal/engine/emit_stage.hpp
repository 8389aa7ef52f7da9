// Emit: lets a decision leave only when its input is durable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "pawl/core/base/planted.hpp"
#include "pawl/core/engine/record_ring.hpp"
#include "pawl/core/ring/loop.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/rules/decision.hpp"
#include "pawl/journal/engine/sink.hpp"

namespace pawl::journal {

// Probe: emitted(record) for each decision that leaves, batch_ended() behind each batch.
template <class Probe>
class EmitStage {
 public:
  // Decisions up to `muted` left before, in an earlier run. All outlive the stage.
  EmitStage(ring::Reader<RecordRing>& reader, const rules::DecisionLayout& layout, const ring::Cursor<>& durable, Sequence muted, Probe& probe)
      : reader_(reader), layout_(layout), durable_(durable), muted_(muted), emitted_(muted), probe_(probe) {}

  // Set-up, where an input can have several outputs: up to which all of them were passed on, released behind the records. Outlives the stage.
  void complete_up_to(const ring::Cursor<>& decided) noexcept { decided_ = &decided; }

  // Once, from any thread: until then decisions wait in their ring. The sink outlives the stage.
  void set_sink(DecisionSink& sink) noexcept {
    sink_ = &sink;
    sink_set_.request();
  }

  // No sink will be set: what waits is let go, and does not count as emitted. Thread: any.
  void abandon() noexcept { abandoned_.request(); }

  // Thread: any.
  [[nodiscard]] bool has_sink() const noexcept { return sink_set_.requested(); }

  std::int64_t poll(std::int64_t budget) {
    if (error_) return 0;
    if (!sink_set_.requested()) return let_go(budget);
    // Before the records are looked at: of what was complete by then, none is left behind an empty batch. Acquire: pairs with release in DecideStage.
    const Sequence complete = decided_ != nullptr ? decided_->load_acquire() : ring::no_end;
    const ring::Batch batch = ready(budget);
    if (batch.empty()) {
      flush(complete);
      return 0;
    }
    for (Sequence i = batch.first; i <= batch.last; ++i) hand_over(reader_[i]);
    probe_.batch_ended();
    reader_.release(batch.last);
    return error_ ? 0 : batch.size();
  }

  [[nodiscard]] bool finished() noexcept { return error_.has_value() || (reader_.finished() && !unflushed_ && last_ <= emitted_.load_own()); }

  // The sink's error: the engine has failed. Thread: emit's.
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  // 1: the sink has failed. Thread: any.
  [[nodiscard]] const ring::Cursor<>& failed() const noexcept { return failed_; }
  // Lets the sink make durable what it has flushed. The last sequence of that; no_sequence without a sink. May block. Thread: any but
  // emit's, one at a time.
  Result<Sequence> sync_sink() {
    if (!sink_set_.requested()) return no_sequence;
    const Sequence flushed = emitted_.load_acquire();  // before the sync: pairs with publish in flush
    if (auto synced = sink_->sync(); !synced.ok()) return std::move(synced).error();
    return flushed;
  }
  // The last sequence whose decision the sink has taken and flushed. Thread: any.
  [[nodiscard]] const ring::Cursor<>& emitted() const noexcept { return emitted_; }

 private:
  // What left in an earlier run needs no sink, so that a replay of any length ends before one is set.
  std::int64_t let_go(std::int64_t budget) {
    ring::Batch batch = reader_.poll(budget);
    if (!abandoned_.requested()) batch = up_to(muted_, batch);
    if (!batch.empty()) reader_.release(batch.last);
    return batch.size();
  }

  // The decided records whose inputs are durable.
  ring::Batch ready(std::int64_t budget) {
    const ring::Batch batch = reader_.poll(budget);
    if (batch.empty() || planted(Bug::emitted_before_durable)) return batch;
    return up_to(durable_.load_acquire(), batch);  // pairs with publish in JournalStage
  }

  // The part of a batch whose inputs are at most `limit`.
  ring::Batch up_to(Sequence limit, ring::Batch batch) {
    if (batch.empty() || sequence_of(reader_[batch.last]) <= limit) return batch;
    Sequence low = batch.first - 1;  // within, or before the batch
    Sequence high = batch.last;      // not within
    while (high - low > 1) {
      const Sequence middle = low + (high - low) / 2;
      (sequence_of(reader_[middle]) <= limit ? low : high) = middle;
    }
    batch.last = low;
    return batch;
  }

  [[nodiscard]] static Sequence sequence_of(const std::byte* record) noexcept {
    return reinterpret_cast<const rules::DecisionRecord*>(record)->sequence;
  }

  void hand_over(const std::byte* record) {
    last_ = sequence_of(record);
    if (last_ <= muted_ || error_) return;
    probe_.emitted(*reinterpret_cast<const rules::DecisionRecord*>(record));
    unflushed_ = true;
    take(sink_->on_decision(rules::Decision(record, layout_)));
  }

  void flush(Sequence complete) {
    if (unflushed_) take(sink_->flush());
    unflushed_ = false;
    if (const Sequence whole = std::min(last_, complete); !error_ && whole > emitted_.load_own()) emitted_.publish(whole);
  }

  void take(Result<void> result) {
    if (result.ok() || error_) return;
    error_ = std::move(result).error();
    failed_.publish(1);
  }

  ring::Reader<RecordRing>& reader_;
  const rules::DecisionLayout& layout_;
  const ring::Cursor<>& durable_;
  const ring::Cursor<>* decided_ = nullptr;
  Sequence muted_;
  Sequence last_ = no_sequence;
  ring::Cursor<> emitted_;
  ring::Cursor<> failed_{0};
  Probe& probe_;
  DecisionSink* sink_ = nullptr;
  ring::StopFlag abandoned_;
  ring::StopFlag sink_set_;  // request pairs with requested: the pointer stands before the flag
  bool unflushed_ = false;
  std::optional<Error> error_;
};

}  // namespace pawl::journal
