// A source whose events may come in another order than that of their times, as the sequence stage is to see it.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/engine/reorder.hpp"
#include "pawl/core/engine/source.hpp"

namespace pawl {

// From the first event of a type on that declares `reorder up to D`, all that the source brings is held back by D, the longest if there are several.
//
// Clock: monotonic_ns(), read only where the source has nothing. When it had nothing for D, and for `idle` at least, all is let go: whatever comes then is later
// than it may be. At its end all is let go.
template <class Clock>
class ReorderingSource final : public InputSource {
 public:
  // `holds`: by event of the pipeline. `idle`: 0: only events and the end let others go. All outlive the source.
  ReorderingSource(InputSource& source, const std::vector<Duration>& holds, std::size_t slot_bytes, Clock& clock, Duration idle,
                   std::size_t events_max = limits::reorder_events_max)
      : source_(source), holds_(holds), slot_bytes_(slot_bytes), clock_(clock), idle_(idle), reorder_(slot_bytes, events_max),
        arrived_(std::make_unique_for_overwrite<std::byte[]>(slot_bytes * arrived_max)) {}

  std::int64_t fill(const SlotRun& run) override {
    std::int64_t given = 0;
    for (std::int64_t taken = 0; taken < run.size;) {
      while (given < run.size && reorder_.is_due()) reorder_.give(run.slot_to_fill(given++));
      if (given == run.size) break;
      if (next_ < count_ || fetch()) {
        taken += take();
      } else {
        if (!is_over()) break;
        reorder_.let_go();
      }
    }
    return given;
  }

  [[nodiscard]] bool finished() override { return next_ == count_ && reorder_.empty() && source_.finished(); }
  [[nodiscard]] bool holds_back() const override { return next_ < count_ || !reorder_.empty(); }
  [[nodiscard]] std::uint16_t number() const override { return source_.number(); }
  bool arm() override { return next_ == count_ && !reorder_.is_due() && (reorder_.empty() || !source_.finished()) && source_.arm(); }
  void disarm() override { source_.disarm(); }

  // REQUIRES: the stage has ended.
  [[nodiscard]] const ReorderCounters& counters() const noexcept { return reorder_.counters(); }

 private:
  static constexpr std::int64_t arrived_max = 64;  // at a time, a power of two

  [[nodiscard]] std::byte* arrived(std::int64_t i) noexcept { return arrived_.get() + static_cast<std::size_t>(i) * slot_bytes_; }

  bool fetch() {
    next_ = 0;
    count_ = source_.fill({arrived_.get(), slot_bytes_, arrived_max - 1, 0, arrived_max});
    if (count_ > 0) nothing_since_ = -1;
    return count_ > 0;
  }

  // 0: others must go first.
  std::int64_t take() noexcept {
    const std::byte* const input = arrived(next_);
    const auto& header = *reinterpret_cast<const EventHeader*>(input);
    if (!reorder_.has_room_for(header.ticket)) return 0;
    reorder_.take(input, is_event(header.type) ? holds_[header.type - first_event_type] : 0);
    ++next_;
    return 1;
  }

  // What is held has waited for others in vain.
  [[nodiscard]] bool is_over() {
    if (reorder_.empty()) return false;
    if (source_.finished()) return true;
    if (idle_ == 0) return false;
    const std::int64_t now = clock_.monotonic_ns();
    if (nothing_since_ < 0) nothing_since_ = now;
    return now - nothing_since_ >= std::max(reorder_.hold(), idle_);
  }

  InputSource& source_;
  const std::vector<Duration>& holds_;
  std::size_t slot_bytes_;
  Clock& clock_;
  Duration idle_;
  Reorder reorder_;
  std::unique_ptr<std::byte[]> arrived_;  // inputs [next_, count_) of it are not yet taken
  std::int64_t next_ = 0, count_ = 0;
  std::int64_t nothing_since_ = -1;       // on the monotonic clock; -1: since it was last asked, there was something
};

}  // namespace pawl
