// Replay's proof: the digests that the state machine comes to, held against those that the journal carries.
#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <optional>

#include "pawl/core/base/planted.hpp"
#include "pawl/core/engine/decide_stage.hpp"
#include "pawl/journal/format.hpp"

namespace pawl::journal {

// Of the marks in the journal, those at the end of an interval are compared as they come by; the others (a clean close writes one)
// cover the same events as the next interval's mark, or are the log's last digest, which the caller compares itself.
// Thread: expect() by the one that reads the journal, the rest by the one that takes digests from decide.
class DigestCheck {
 public:
  explicit DigestCheck(std::int64_t interval_inputs = limits::digest_interval) : interval_inputs_(interval_inputs) {}

  struct Mismatch {
    Sequence first, last;  // the interval
    rules::Digest128 recorded, computed;
  };

  // A mark read from the journal. False: no room now, offer it again. Only marks at interval ends queue up: those of clean closes could
  // fill the queue before the first interval ends, and nothing would ever empty it.
  bool expect(const DigestMark& mark) {
    if ((mark.sequence + 1) % interval_inputs_ != 0) return true;
    if (!expected_.push(mark)) return false;
    marks_.publish(marks_.load_own() + 1);
    return true;
  }

  void computed(const rules::Decide::Interval& interval) {
    while (expected_.read_available() > 0 && expected_.front().sequence < interval.last) pop();
    if (expected_.read_available() > 0 && expected_.front().sequence == interval.last) return compare(interval);
    pending_ = interval;  // its mark may come later, or a crash kept it from being written
  }

  // Looks whether the mark of the last computed interval has come.
  void look_again() {
    if (!pending_) return;
    const rules::Decide::Interval interval = *pending_;
    pending_.reset();
    computed(interval);
  }

  // 1: a mismatch was found. Thread: any.
  [[nodiscard]] const ring::Cursor<>& failed() const noexcept { return failed_; }
  // Every mark that was expected has been looked at; what failed() says of them is final. Thread: any.
  [[nodiscard]] bool was_settled() const noexcept { return settled_.load_acquire() >= marks_.load_acquire(); }
  // REQUIRES: failed, or the threads have ended.
  [[nodiscard]] const std::optional<Mismatch>& mismatch() const noexcept { return mismatch_; }
  [[nodiscard]] std::uint64_t compared() const noexcept { return compared_; }

 private:
  void compare(const rules::Decide::Interval& interval) {
    const DigestMark mark = expected_.front();
    ++compared_;
    static_assert(sizeof mark.digest == sizeof interval.digest);
    if (std::memcmp(&mark.digest, interval.digest.data(), sizeof mark.digest) == 0 || mismatch_ || planted(Bug::digest_mismatch_ignored)) return pop();
    mismatch_.emplace();
    mismatch_->first = interval.last - interval_inputs_ + 1;
    mismatch_->last = interval.last;
    std::memcpy(mismatch_->recorded.data(), &mark.digest, sizeof mark.digest);
    mismatch_->computed = interval.digest;
    failed_.publish(1);
    pop();
  }

  void pop() {
    expected_.pop();
    settled_.publish(settled_.load_own() + 1);
  }

  std::int64_t interval_inputs_;
  boost::lockfree::spsc_queue<DigestMark, boost::lockfree::capacity<256>> expected_;
  std::optional<rules::Decide::Interval> pending_;
  std::optional<Mismatch> mismatch_;
  std::uint64_t compared_ = 0;
  ring::Cursor<> failed_{0};
  ring::Cursor<> marks_{0};    // expected so far; of the thread that reads the journal
  ring::Cursor<> settled_{0};  // of those
};

// Takes decide's digests where no journal stage does: in replay. Decide passes its digests on before it closes the decision ring.
class DigestCheckStage {
 public:
  // `end`: of the decision ring; nothing comes once it is set.
  DigestCheckStage(DigestQueue& digests, DigestCheck& check, const ring::Cursor<>& end) : digests_(digests), check_(check), end_(end) {}

  std::int64_t poll(std::int64_t) {
    check_.look_again();
    std::int64_t work = 0;
    for (; digests_.read_available() > 0; digests_.pop(), ++work) check_.computed(digests_.front());
    return work;
  }
  [[nodiscard]] bool finished() { return end_.load_acquire() != ring::no_end && digests_.read_available() == 0; }

 private:
  DigestQueue& digests_;
  DigestCheck& check_;
  const ring::Cursor<>& end_;
};

}  // namespace pawl::journal
