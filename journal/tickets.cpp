#include "pawl/journal/tickets.hpp"

#include <algorithm>

#include "pawl/core/base/planted.hpp"

namespace pawl::journal {

void Tickets::set_missing(Ticket ticket) {
  if (missing_.empty()) missing_.resize(window / 64);
  missing_[word_of(ticket)] |= bit_of(ticket);
}

void Tickets::advance(Ticket ticket) {
  // The bound lets `window` numbers be held before the next one comes, and the youngest of them may go first: a jump by all of them.
  if (ticket - last_ > window - (planted(Bug::full_window_forgotten) ? 1 : 0)) {
    missing_.clear();
  } else {
    for (Ticket passed = last_ + 1; passed < ticket; ++passed) set_missing(passed);
    if (!missing_.empty()) missing_[word_of(ticket)] &= ~bit_of(ticket);
  }
  last_ = ticket;
}

std::vector<Ticket> Tickets::missing() const {
  std::vector<Ticket> tickets;
  for (Ticket ticket = last_ - std::min<Ticket>(last_, window - 1); !missing_.empty() && ticket < last_; ++ticket) {
    if (is_missing(ticket)) tickets.push_back(ticket);
  }
  return tickets;
}

std::size_t Tickets::missing_words() const noexcept {
  for (std::size_t i = missing_.empty() ? 0 : std::min<Ticket>(last_, window) - 1; i-- > 0;) {
    if (is_missing(last_ - 1 - i)) return i / 64 + 1;
  }
  return 0;
}

void Tickets::put_missing(std::span<std::uint64_t> words) const noexcept {
  for (std::size_t i = 0; i < words.size() * 64; ++i) {
    if (i % 64 == 0) words[i / 64] = 0;
    if (is_missing(last_ - 1 - i)) words[i / 64] |= bit_of(i);
  }
}

void Tickets::merge(Ticket last, std::span<const std::uint64_t> words) {
  if (last < last_) return;
  Tickets told;
  told.last_ = last;
  for (std::size_t i = 0; i < words.size() * 64; ++i) {
    const Ticket ticket = last - 1 - i;
    if ((words[i / 64] & bit_of(i)) == 0 || i + 1 >= std::min<Ticket>(last, window)) continue;
    if (last > last_ || is_missing(ticket)) told.set_missing(ticket);
  }
  *this = std::move(told);
}

}  // namespace pawl::journal
