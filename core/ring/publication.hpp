// Publication: what became of an event that a producer offered to a lane. Back-pressure is a value the caller sees.
#pragma once

#include <cstdint>
#include <string_view>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/types.hpp"

namespace pawl::ring {

// Why an event was not accepted. It then has no effect whatsoever, and no ticket.
enum class Refusal : std::uint8_t {
  none,
  full,       // the lane has no room now
  deadline,   // the lane had no room until the caller's patience ended
  closed,     // the lane takes no more events
  too_large,  // the event is longer than a cell
  disk_full,  // the journal can't grow; the events before this one are safe
  failed,     // the engine has stopped after an error
  in_future,  // its event time is too far ahead of the clock: one bad clock must not freeze all windows
  unknown_event,  // the pipeline has no such event, or another layout of it
  duplicate,  // of a number that was accepted before: it has its effect already, or will have
  gap,        // events with lower numbers are missing; or it is 0, and numbers start at 1
};

[[nodiscard]] constexpr std::string_view to_text(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::none: return "accepted";
    case Refusal::full: return "full";
    case Refusal::deadline: return "deadline";
    case Refusal::closed: return "closed";
    case Refusal::too_large: return "too large";
    case Refusal::disk_full: return "disk full";
    case Refusal::failed: return "failed";
    case Refusal::in_future: return "in the future";
    case Refusal::unknown_event: return "unknown event";
    case Refusal::duplicate: return "duplicate";
    case Refusal::gap: return "gap";
  }
  return "?";
}

// Accepted: processed exactly once, whatever happens to the producer. Tickets of a lane are contiguous.
struct Accepted {
  Ticket ticket;
};

struct Refused {
  Refusal reason;
};

class [[nodiscard]] Publication {
 public:
  Publication(Accepted accepted) noexcept : ticket_(accepted.ticket) {}
  Publication(Refused refused) noexcept : refusal_(refused.reason) { PAWL_ASSERT(refusal_ != Refusal::none); }

  [[nodiscard]] bool accepted() const noexcept { return refusal_ == Refusal::none; }
  explicit operator bool() const noexcept { return accepted(); }
  // REQUIRES: accepted().
  [[nodiscard]] Ticket ticket() const noexcept {
    PAWL_ASSERT(accepted());
    return ticket_;
  }
  // Refusal::none if accepted.
  [[nodiscard]] Refusal refusal() const noexcept { return refusal_; }

 private:
  Ticket ticket_ = 0;
  Refusal refusal_ = Refusal::none;
};

// Of several events offered at once the first `count` were accepted, with tickets from `first`; the rest was refused for `refusal`
// (none if all were accepted).
struct [[nodiscard]] BatchPublication {
  Ticket first = 0;
  std::int64_t count = 0;
  Refusal refusal = Refusal::none;
};

// The policies block and block-with-deadline, over a publish that only tries: repeats `attempt` while the lane is full. `wait` pauses
// the producer as it likes (spin, yield, sleep, look at a clock) and returns false when its patience has ended.
// Thread: the producer's. Blocking, as far as `wait` is.
template <class Attempt, class Wait>
Publication publish_patiently(Attempt&& attempt, Wait&& wait) {
  for (;;) {
    const Publication publication = attempt();
    if (publication.refusal() != Refusal::full) return publication;
    if (!wait()) return Refused{Refusal::deadline};
  }
}

}  // namespace pawl::ring
