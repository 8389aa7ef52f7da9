// Decide as a stage: reads events behind all window shards, appends compact records to the decision ring, passes digests on.
#pragma once

#include <algorithm>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/engine/decided_time.hpp"
#include "pawl/core/engine/record_ring.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/reader.hpp"
#include "pawl/core/ring/writer.hpp"
#include "pawl/core/rules/decide.hpp"

namespace pawl {

// Digests of ended intervals, on their way from decide to the journal (or to replay's comparison): one every 65,536 sequences.
using DigestQueue = boost::lockfree::spsc_queue<rules::Decide::Interval, boost::lockfree::capacity<256>>;

// Sees each batch of decisions after it was published; a latency recorder, or nothing.
struct NoProbe {
  static void decided(const rules::DecisionRecord&) noexcept {}
  static void batch_ended() noexcept {}
};

// Thread: one. Never blocks: a full decision ring or digest queue ends the poll early, and back-pressure runs up the ring.
template <class Probe = NoProbe>
class DecideStage {
 public:
  // All outlive the stage.
  DecideStage(ring::Reader<ring::ByteRing>& reader, rules::Decide& decide, const SlotView& slots, const state::Tiles& tiles,
              ring::Writer<RecordRing>& decisions, DigestQueue& digests, Probe& probe)
      : reader_(reader), decide_(decide), slots_(slots), tiles_(tiles), decisions_(decisions), digests_(digests), probe_(probe) {}

  // Set-up: where to say what time has come to, behind each batch. Outlives the stage.
  void tell(DecidedTimes& times) noexcept { times_ = &times; }

  std::int64_t poll(std::int64_t budget) {
    const ring::Batch batch = reader_.poll(budget);
    std::int64_t done = 0;
    for (Sequence first = batch.first; first <= batch.last;) {
      Sequence last = std::min(batch.last, first | static_cast<Sequence>(limits::tile_events - 1));
      if (decide_.timed()) last = decide_.owes_timed() ? decide_.sequence() : decide_.span_end(slots_, first, last);
      if (!decide_.owes_timed() && !decide(first, last)) break;
      if (decide_.owes_timed() && !pass_timed_on()) break;
      done += last - first + 1;
      first = last + 1;
    }
    if (times_ != nullptr && told_ != batch.first + done - 1) tell_times(batch.first, batch.first + done - 1);
    if (done > 0) {
      reader_.release(batch.first + done - 1);
      probe_.batch_ended();
    }
    // Without the next input too: a start waits for the digest of an interval that ends with the log.
    if (done == 0 && digest_passed_on() && reader_.finished()) close();
    return done;
  }

  [[nodiscard]] bool finished() const noexcept { return closed_; }

  // 1: a record's bytes changed between sequencing and here: memory damage. Nothing from it on was decided. Thread: any.
  [[nodiscard]] const ring::Cursor<>& damaged() const noexcept { return damaged_; }

 private:
  // False: no room downstream, nothing was done.
  bool decide(Sequence first, Sequence last) {
    if (damaged_.load_own() == 1 || !digest_passed_on()) return false;
    const ring::Batch room = decisions_.claim_exactly(last - first + 1);  // what is no event gives its room back
    if (room.empty()) return false;
    if (!intact(first, last)) {
      decisions_.give_back();
      damaged_.publish(1);
      return false;
    }
    const std::size_t records = decide_.run(slots_, tiles_, first, last, [&](std::size_t i) { return decisions_[room.first + static_cast<Sequence>(i)]; });
    if (records > 0) publish(room.first, room.first + static_cast<Sequence>(records) - 1);
    decisions_.give_back();
    return true;
  }

  // That first..last were decided; of an empty batch, where decide stands.
  void tell_times(Sequence first, Sequence last) noexcept {
    told_ = last;
    for (Sequence s = last; s >= first; --s) {
      if (!is_event(slots_.header(s).type)) continue;
      ingest_ = slots_.header(s).ingest;
      break;
    }
    times_->publish({last, decide_.deadline(), decide_.evaluator().effective_time(), ingest_});
  }

  // Timed outputs of the last input decided: one can have any number of them. False: no room for all of them yet; the rest comes with the next poll.
  bool pass_timed_on() {
    while (decide_.owes_timed()) {
      const ring::Batch room = decisions_.claim_exactly(1);
      if (room.empty()) return false;
      if (decide_.next_timed(slots_, decisions_[room.first])) publish(room.first, room.first);
      decisions_.give_back();
    }
    return true;
  }

  void publish(Sequence first, Sequence last) {
    for (Sequence i = first; i <= last; ++i) probe_.decided(*reinterpret_cast<const rules::DecisionRecord*>(decisions_[i]));
    decisions_.publish(last);
  }

  [[nodiscard]] bool intact(Sequence first, Sequence last) const noexcept {
    constexpr std::size_t covered_from = record_offset + record_crc_offset;
    const auto bytes = [&](Sequence s) { return sizeof(EventHeader) - covered_from + slots_.header(s).length; };
    Sequence s = first;
    for (; s + 3 <= last && bytes(s) == bytes(s + 1) && bytes(s) == bytes(s + 2) && bytes(s) == bytes(s + 3); s += 4) {
      const std::byte* const pieces[4] = {slots_[s] + covered_from, slots_[s + 1] + covered_from, slots_[s + 2] + covered_from,
                                          slots_[s + 3] + covered_from};
      std::uint32_t crcs[4];
      crc32c_4(pieces, bytes(s), crcs);
      for (Sequence k = 0; k < 4; ++k) {
        if (crcs[k] != slots_.header(s + k).crc) return false;
      }
    }
    for (; s <= last; ++s) {
      if (crc32c({slots_[s] + covered_from, bytes(s)}) != slots_.header(s).crc) return false;
    }
    return true;
  }

  [[nodiscard]] bool digest_passed_on() {
    const rules::Decide::Interval& interval = decide_.last_interval();
    if (interval.last == passed_on_) return true;
    if (!digests_.push(interval)) return false;
    passed_on_ = interval.last;
    return true;
  }

  void close() {
    if (!closed_) decisions_.close();
    closed_ = true;
  }

  ring::Reader<ring::ByteRing>& reader_;
  rules::Decide& decide_;
  SlotView slots_;
  const state::Tiles& tiles_;
  ring::Writer<RecordRing>& decisions_;
  DigestQueue& digests_;
  Probe& probe_;
  Sequence passed_on_ = no_sequence;
  DecidedTimes* times_ = nullptr;
  Sequence told_ = no_sequence - 1;  // up to which input
  Time ingest_ = INT64_MIN;          // of the last event
  ring::Cursor<> damaged_{0};
  bool closed_ = false;
};

}  // namespace pawl
