// Reorder: the events of one source, held back until those that are older by their own time have come. It stands before the log, so nothing behind
// it knows: what it gives out is sequenced as it comes.
//
// An event goes when one has come that is younger by `hold`, when the source's number is `events_max` further than the event's own, or when all is
// let go. What goes at one time goes by event time, of equal ones by number. An event that comes later than that goes at once.
//
// The bound by number is also what a journal stands on: whatever is held, all numbers but some of the latest `events_max` have gone.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/header.hpp"

namespace pawl {

struct ReorderCounters {
  std::uint64_t late = 0;        // went behind an event that is younger than they are
  std::uint64_t pushed_out = 0;  // numbers that the bound let go, with all that is older
  std::uint64_t most_held = 0;   // at a time

  void add(const ReorderCounters& other) noexcept {
    late += other.late;
    pushed_out += other.pushed_out;
    most_held = std::max(most_held, other.most_held);
  }
};

// Thread: one at a time. Allocates at construction only; memory is touched as events are held.
class Reorder {
 public:
  // REQUIRES: events_max is a power of two up to 2^31.
  Reorder(std::size_t slot_bytes, std::size_t events_max)
      : slot_bytes_(slot_bytes), events_max_(events_max), cells_(std::make_unique_for_overwrite<std::byte[]>(slot_bytes * events_max)), cell_of_(events_max) {
    PAWL_ASSERT(events_max > 0 && (events_max & (events_max - 1)) == 0);
    held_.reserve(events_max);
    free_.reserve(events_max);
  }

  // False: an earlier number must go first, and is due.
  [[nodiscard]] bool has_room_for(Ticket ticket) noexcept {
    if (held_.empty()) oldest_ = ticket;
    while (oldest_ + events_max_ <= ticket) {
      const std::uint32_t cell = cell_of(oldest_);
      if (cell != 0) {
        through_ = std::max(through_, header_in(cell - 1).at);
        ++counters_.pushed_out;
        return false;
      }
      ++oldest_;
    }
    return true;
  }

  // An input as it stands in a slot, of a source whose events may come so much later than others: `hold` only grows. REQUIRES: has_room_for its
  // ticket, which is higher than all before; nothing is due.
  void take(const std::byte* input, Duration hold) noexcept {
    const auto& header = *reinterpret_cast<const EventHeader*>(input);
    PAWL_ASSERT(header.ticket > newest_);
    newest_ = header.ticket;
    hold_ = std::max(hold_, hold);
    youngest_ = std::max(youngest_, header.at);
    if (youngest_ >= INT64_MIN + hold_) through_ = std::max(through_, youngest_ - hold_);
    const std::uint32_t cell = free_cell();
    std::memcpy(at_cell(cell), input, sizeof(EventHeader) + header.length);
    cell_of(header.ticket) = cell + 1;
    held_.push_back({header.at, header.ticket, cell});
    std::push_heap(held_.begin(), held_.end(), comes_later);
    counters_.most_held = std::max<std::uint64_t>(counters_.most_held, held_.size());
  }

  [[nodiscard]] bool is_due() const noexcept { return !held_.empty() && held_.front().at <= through_; }

  // The next one that is due, but for the stamp. REQUIRES: is_due().
  void give(std::byte* slot) noexcept {
    const Held next = held_.front();
    std::pop_heap(held_.begin(), held_.end(), comes_later);
    held_.pop_back();
    const EventHeader& header = header_in(next.cell);
    std::memcpy(slot + record_offset, at_cell(next.cell) + record_offset, sizeof(EventHeader) + header.length - record_offset);
    if (is_event(header.type)) {
      if (hold_ > 0 && next.at < gone_) ++counters_.late;
      gone_ = std::max(gone_, next.at);
    }
    cell_of(next.ticket) = 0;
    free_.push_back(next.cell);
  }

  // All that is held is due.
  void let_go() noexcept { through_ = std::max(through_, youngest_); }

  [[nodiscard]] bool empty() const noexcept { return held_.empty(); }
  [[nodiscard]] Duration hold() const noexcept { return hold_; }
  [[nodiscard]] const ReorderCounters& counters() const noexcept { return counters_; }

 private:
  struct Held {
    Time at;
    Ticket ticket;
    std::uint32_t cell;
  };
  static bool comes_later(const Held& a, const Held& b) noexcept { return a.at != b.at ? a.at > b.at : a.ticket > b.ticket; }

  [[nodiscard]] std::byte* at_cell(std::uint32_t cell) noexcept { return cells_.get() + cell * slot_bytes_; }
  [[nodiscard]] const EventHeader& header_in(std::uint32_t cell) noexcept { return *reinterpret_cast<const EventHeader*>(at_cell(cell)); }
  [[nodiscard]] std::uint32_t& cell_of(Ticket ticket) noexcept { return cell_of_[ticket & (events_max_ - 1)]; }
  // The one that was given back last: its lines are near.
  [[nodiscard]] std::uint32_t free_cell() noexcept {
    if (free_.empty()) return used_++;
    const std::uint32_t cell = free_.back();
    free_.pop_back();
    return cell;
  }

  std::size_t slot_bytes_, events_max_;
  std::unique_ptr<std::byte[]> cells_;
  std::vector<Held> held_;              // a heap, the next one to go in front
  std::vector<std::uint32_t> free_;     // cells below used_
  std::vector<std::uint32_t> cell_of_;  // and 1, by number modulo events_max; 0: not held
  std::uint32_t used_ = 0;
  Ticket oldest_ = 0;                   // none below it is held
  Ticket newest_ = 0;
  Duration hold_ = 0;
  Time youngest_ = INT64_MIN;           // that came
  Time through_ = INT64_MIN;            // everything up to it is due
  Time gone_ = INT64_MIN;               // the youngest that went
  ReorderCounters counters_;
};

}  // namespace pawl
