// Journal as a stage: copies records from the ring into the writer's blocks and publishes what is durable.
#pragma once

#include <cstdint>

#include "pawl/core/base/planted.hpp"
#include "pawl/core/engine/decide_stage.hpp"
#include "pawl/core/event/slot_view.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/latest.hpp"
#include "pawl/core/ring/prefetch.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/io/parker.hpp"
#include "pawl/journal/engine/digest_check.hpp"
#include "pawl/journal/receipt.hpp"
#include "pawl/journal/writer.hpp"

namespace pawl::journal {

// Thread: one, the writer's. Reads the ring beside windows and decide, not before them.
class JournalStage {
 public:
  // Sequences up to `recovered` came from the journal: they are not written again, and count as durable from the start.
  // All outlive the stage.
  JournalStage(ring::Reader<ring::ByteRing>& reader, Writer& writer, const SlotView& slots, Sequence recovered, DigestQueue& digests,
               DigestCheck& check)
      : reader_(reader), writer_(writer), slots_(slots), recovered_(recovered), digests_(digests), check_(check), durable_(recovered) {
    publish_receipt();
  }

  // Set-up: the last sequence whose decision was emitted, to be recorded beside the inputs.
  void record_emitted(const ring::Cursor<>& emitted) noexcept { emitted_ = &emitted; }

  // Set-up: the end of the decision ring. Until decide has set it, a digest may still come.
  void wait_for(const ring::Cursor<>& decided_end) noexcept { decided_end_ = &decided_end; }

  // A source's name, to stand in the journal before its first input. False: too many at once. Thread: any one at a time, before the
  // source is added to the sequence stage.
  bool announce(std::uint16_t number, std::string_view name) {
    SourceName entry{};
    entry.number = number;
    entry.bytes = name.size();
    if (name.size() > entry.text.size()) return false;
    std::copy(name.begin(), name.end(), entry.text.begin());
    return sources_.push(entry);
  }

  std::int64_t poll(std::int64_t budget) {
    // A block costs a sync however small it is, and a device that writes in the call gives no time to fill the next one meanwhile: all
    // that waits goes into this one.
    std::int64_t taken = take(budget);
    for (std::int64_t more = taken; more == budget && taken < taken_max; taken += more) more = take(budget);
    const std::size_t moved = writer_.poll();
    publish_durable();
    return taken + static_cast<std::int64_t>(moved);
  }

  // As poll, but blocks in the kernel for up to `timeout` ns while a block is in flight and nothing else is to be done, and naps while one gathers.
  std::int64_t poll_or_wait(std::int64_t budget, Duration timeout) {
    const std::int64_t work = poll(budget);
    if (!writer_.in_flight() && writer_.gathering()) {
      io::nap(gather_nap);
      return work + 1;  // there is something to do: no sleep until somebody wakes
    }
    if (work > 0 || !writer_.in_flight()) return work;
    const std::size_t moved = writer_.wait(writer_.fast() ? 4 * timeout : timeout);
    publish_durable();
    return static_cast<std::int64_t>(moved);
  }

  // Everything that was sequenced is durable and witnessed, with the digest of every interval; or the writer has failed.
  [[nodiscard]] bool finished() noexcept {
    if (writer_.state() == WriterState::failed) return true;
    // Drained first: from here on annotations no longer wait for inputs, which will not come.
    return reader_.finished() && writer_.drained() && decided() && digests_.read_available() == 0;
  }

  [[nodiscard]] const Writer& writer() const noexcept { return writer_; }

  // The last sequence whose input is durable. Thread: any.
  [[nodiscard]] const ring::Cursor<>& durable() const noexcept { return durable_; }
  // Of the last durable block, without the database's id. Covers every sequence that durable() was seen to have reached. Thread: any.
  [[nodiscard]] Receipt receipt() const noexcept {
    const Receipted::Value words = receipt_.load();
    Receipt receipt{.sequence = static_cast<Sequence>(words[0]), .block = words[1]};
    std::memcpy(receipt.chain.data(), &words[2], sizeof receipt.chain);
    return receipt;
  }
  // WriterState as a number, for other threads.
  [[nodiscard]] const ring::Cursor<>& state() const noexcept { return state_; }

 private:
  struct SourceName {
    std::uint16_t number;
    std::size_t bytes;
    std::array<char, source_name_bytes_max> text;
  };

  // Sequence, block, and the chain's bytes.
  using Receipted = ring::Latest<2 + sizeof(Hash) / sizeof(std::uint64_t)>;

  static constexpr Duration gather_nap = 250'000;     // ns: a thousand inputs
  static constexpr std::int64_t taken_max = 1 << 16;  // of one poll: the block is full before, but at durability memory

  std::int64_t take(std::int64_t budget) {
    const ring::Batch batch = reader_.poll(budget);
    if (!annotate_sources()) return 0;  // behind the poll: a source is announced before its first input is sequenced
    Sequence s = std::max(batch.first, recovered_ + 1);
    while (s <= batch.last && writer_.append(record(s))) {
      fetch(std::min(s + ring::read_ahead_slots, batch.last));
      ++s;
    }
    const Sequence taken_to = std::min(batch.last, s - 1);
    annotate();
    if (taken_to < batch.first) return 0;
    reader_.release(taken_to);
    return taken_to - batch.first + 1;
  }

  // Pairs with close of the decision ring's writer, before which decide passes its last digest on.
  [[nodiscard]] bool decided() const noexcept { return decided_end_ == nullptr || decided_end_->load_acquire() != ring::no_end; }

  [[nodiscard]] std::span<const std::byte> record(Sequence sequence) const noexcept {
    return {slots_[sequence] + record_offset, record_header_bytes + slots_.header(sequence).length};
  }

  // The writer of the ring has its lines still in its cache.
  void fetch(Sequence sequence) const noexcept {
    for (std::size_t at = 0; at < slots_.slot_bytes; at += limits::cache_line_bytes) ring::prefetch_to_read(slots_[sequence] + at);
  }

  bool annotate_sources() {
    while (sources_.read_available() > 0) {
      const SourceName& source = sources_.front();
      if (!writer_.annotate_source(source.number, {source.text.data(), source.bytes})) return false;
      sources_.pop();
    }
    return true;
  }

  // Digests and the emitted mark travel with the blocks of the inputs; they never cause one.
  void annotate() {
    check_.look_again();
    while (digests_.read_available() > 0) {
      const rules::Decide::Interval& interval = digests_.front();
      if (interval.last <= recovered_) {
        check_.computed(interval);
      } else if (!planted(Bug::digest_mark_skipped) && (interval.last > writer_.appended_sequence() || !writer_.annotate_digest(interval.last, digest_of(interval)))) {
        // Decide may be ahead. A mark before its inputs would outlive them in a crash, and speak of others that get their sequences.
        break;
      }
      digests_.pop();
    }
    const Sequence emitted = emitted_ != nullptr ? emitted_->load_acquire() : no_sequence;
    if (emitted > annotated_ && emitted > recovered_ && writer_.annotate_emitted(emitted, 0)) annotated_ = emitted;
  }

  [[nodiscard]] static Digest digest_of(const rules::Decide::Interval& interval) noexcept {
    Digest digest;
    static_assert(sizeof digest == sizeof interval.digest);
    std::memcpy(&digest, interval.digest.data(), sizeof digest);
    return digest;
  }

  void publish_receipt() noexcept {
    const Position& position = writer_.durable_position();
    Receipted::Value words{static_cast<std::uint64_t>(position.next_sequence - 1), position.block};
    std::memcpy(&words[2], position.chain.data(), sizeof position.chain);
    receipt_.publish(words);
    receipted_block_ = position.block;
  }

  // The receipt first: whoever sees that a sequence is durable finds one that covers it.
  void publish_durable() {
    if (writer_.durable_block() != receipted_block_) publish_receipt();
    if (writer_.durable_sequence() > durable_.load_own()) durable_.publish(writer_.durable_sequence());
    const auto state = static_cast<Sequence>(writer_.state());
    if (state != state_.load_own()) state_.publish(state);
  }

  ring::Reader<ring::ByteRing>& reader_;
  Writer& writer_;
  SlotView slots_;
  Sequence recovered_;
  DigestQueue& digests_;
  DigestCheck& check_;
  const ring::Cursor<>* emitted_ = nullptr;
  const ring::Cursor<>* decided_end_ = nullptr;
  boost::lockfree::spsc_queue<SourceName, boost::lockfree::capacity<64>> sources_;
  Sequence annotated_ = no_sequence;
  ring::Cursor<> durable_;
  ring::Cursor<> state_{0};
  Receipted receipt_;
  std::uint64_t receipted_block_ = 0;
};

}  // namespace pawl::journal
