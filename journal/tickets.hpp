// Which tickets of one source are in the journal: all up to the last, but for some of the latest limits::reorder_events_max of a source whose
// events are put in order (core/engine/reorder.hpp): those were held back when its last input was written.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"

namespace pawl::journal {

// Thread: one at a time. Allocates when a ticket is passed over for the first time.
class Tickets {
 public:
  // One that is in. 0 is nobody's. A jump that no held event explains, by more than the window, leaves nothing missing.
  void add(Ticket ticket) {
    if (ticket == last_ + 1 && missing_.empty()) last_ = ticket;
    else if (ticket > last_) advance(ticket);
    else if (is_missing(ticket)) missing_[word_of(ticket)] &= ~bit_of(ticket);
  }

  void add_row(Ticket first, Ticket last) {
    add(first);
    if (missing_.empty()) last_ = last > last_ ? last : last_;
    else for (Ticket ticket = first + 1; ticket <= last; ++ticket) add(ticket);
  }

  // All up to it are in, or are never offered: of a source whose events are not held back.
  void reach(Ticket last) {
    missing_.clear();
    last_ = last > last_ ? last : last_;
  }

  // The highest that is in; 0: none.
  [[nodiscard]] Ticket last() const noexcept { return last_; }
  // Below it, ascending.
  [[nodiscard]] std::vector<Ticket> missing() const;

  // The same as words of a SOURCE annotation: bit i, from the lowest of the first one on, is last - 1 - i.
  [[nodiscard]] std::size_t missing_words() const noexcept;
  void put_missing(std::span<std::uint64_t> words) const noexcept;
  // What a SOURCE annotation says: of what was known before, it says nothing new.
  void merge(Ticket last, std::span<const std::uint64_t> words);

  friend bool operator==(const Tickets& a, const Tickets& b) { return a.last_ == b.last_ && a.missing() == b.missing(); }

 private:
  static constexpr std::size_t window = limits::reorder_events_max;
  static_assert((window & (window - 1)) == 0 && window >= 64, "bits of a ticket modulo the window stand in whole words");

  [[nodiscard]] static std::size_t word_of(Ticket ticket) noexcept { return ticket % window / 64; }
  [[nodiscard]] static std::uint64_t bit_of(Ticket ticket) noexcept { return std::uint64_t{1} << ticket % 64; }
  [[nodiscard]] bool is_missing(Ticket ticket) const noexcept {
    return !missing_.empty() && ticket > 0 && ticket < last_ && last_ - ticket < window && (missing_[word_of(ticket)] & bit_of(ticket)) != 0;
  }
  void set_missing(Ticket ticket);
  void advance(Ticket ticket);

  Ticket last_ = 0;
  std::vector<std::uint64_t> missing_;  // bits of the latest `window` tickets, by ticket modulo window; empty: none was ever passed over
};

}  // namespace pawl::journal
