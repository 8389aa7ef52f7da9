// A producer's inlet into the engine.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "pawl/core/base/planted.hpp"
#include "pawl/core/engine/lane_source.hpp"
#include "pawl/core/event/declare.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/journal/engine/machine.hpp"

namespace pawl {

enum class WhenFull { refuse, block };

struct LaneOptions {
  std::size_t capacity = 4096;             // events, a power of two
  WhenFull when_full = WhenFull::block;
  Duration patience = INT64_MAX;           // block: ns until Refusal::deadline
  Duration max_future = 300 * one_second;  // an event whose `at` is further ahead of the clock is refused: one bad clock must not
                                           // freeze all windows. 0: no bound
};

// Thread: one producer's. Ownership: the engine's; valid until the engine is closed.
class EngineLane {
 public:
  EngineLane(journal::Machine& machine, const language::Pipeline& pipeline, io::Clock& clock, std::uint16_t number, TicketRow tickets,
             const LaneOptions& options)
      : machine_(machine), pipeline_(pipeline), clock_(clock), options_(options), lane_(options.capacity, machine.slot_bytes()), row_(std::move(tickets)),
        source_(lane_, row_, number), next_ticket_(row_.at(1)) {}

  // Offers one event. Accepted{ticket}: it will be processed exactly once if the engine lives, and its decision names the ticket. A decision acks
  // that one ticket: of a pipeline with `reorder`, lower ones may still be held back, and be lost in a crash.
  // Refused: full, deadline, closed, disk_full, failed, in_future, or unknown_event: the pipeline has no such event or another
  // layout of it; why() then says which field differs.
  template <DeclaredEvent Event>
  ring::Publication publish(const Event& event) {
    const int type = type_of(schema_of<Event>());
    if (type < 0) return ring::Refused{ring::Refusal::unknown_event};
    constexpr std::size_t bytes = sizeof(EventHeader) + payload_bytes_of<Event>;
    return publish_cell(declare_detail::time_of(event.at), bytes, [&](std::span<std::byte> cell) { encode(event, static_cast<std::uint16_t>(type), cell.data()); });
  }

  // The same for an event that stands in memory as in a slot: EventHeader and payload, of a type of the pipeline. REQUIRES: aligned to 8.
  ring::Publication publish_encoded(std::span<const std::byte> event) {
    const Time at = reinterpret_cast<const EventHeader*>(event.data())->at;
    return publish_cell(at, event.size(), [&](std::span<std::byte> cell) { std::memcpy(cell.data(), event.data(), event.size()); });
  }

  // The same under the producer's own number of the event, which must be next_ticket(): exactly once in, for a producer that offers its
  // event again whenever it is not sure. Also refused: duplicate, accepted before, in this run or an earlier one (the number decides,
  // contents are not compared), and as little an ack as Accepted is: the decision is; gap, events before it are missing, or it is 0, for
  // numbers start at 1. A refused event has no number: the next one offered takes it.
  template <DeclaredEvent Event>
  ring::Publication publish(const Event& event, Ticket ticket) {
    if (is_out_of_order(ticket)) return out_of_order(ticket);
    return publish(event);
  }
  ring::Publication publish_encoded(std::span<const std::byte> event, Ticket ticket) {
    if (is_out_of_order(ticket)) return out_of_order(ticket);
    return publish_encoded(event);
  }

  // Uses up next_ticket() without an event: a tick that moves no time stands in its place. For a producer whose numbers are those of its rows, and
  // that has one which must not go in: next_ticket() then still tells after a restart how far it came. Refused for what any event is.
  ring::Publication leave_out();

  // No more events from here; those accepted are processed.
  void close() {
    lane_.close([this] { machine_.wake_ingest(); });
  }

  // The ticket that the next accepted event will get: all below it were accepted. After a restart a producer continues there. It is one past the last event of
  // this source in the journal, if none is missing: of events that `reorder` held back, the journal may have later ones. Then it is the first that is missing, and goes on
  // behind each accepted one to the next that is.
  [[nodiscard]] Ticket next_ticket() const noexcept { return next_ticket_; }
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  [[nodiscard]] InputSource& source() noexcept { return source_; }

 private:
  struct KnownType {
    const EventSchema* schema;
    int type;
  };

  [[nodiscard]] int type_of(const EventSchema& schema);
  [[nodiscard]] int look_up(const EventSchema& schema);
  [[nodiscard]] bool too_far_ahead(Time at);
  [[nodiscard]] bool wait_for_room(std::int64_t& started_ns);
  [[nodiscard]] ring::Refusal why_full() const;
  [[nodiscard]] bool is_out_of_order(Ticket ticket) const noexcept { return planted(Bug::duplicate_accepted) ? ticket > next_ticket_ : ticket != next_ticket_; }
  // A journal that cannot go on: what would be accepted now could not be acked. none: it goes on.
  [[nodiscard]] ring::Refusal why_stopped() const noexcept {
    const journal::WriterState state = machine_.writer_state();
    if (state == journal::WriterState::running) return ring::Refusal::none;
    return state == journal::WriterState::disk_full ? ring::Refusal::disk_full : ring::Refusal::failed;
  }
  [[nodiscard]] ring::Refused out_of_order(Ticket ticket) const noexcept { return {ticket > 0 && ticket < next_ticket_ ? ring::Refusal::duplicate : ring::Refusal::gap}; }

  template <class Fill>
  ring::Publication publish_cell(Time at, std::size_t bytes, Fill&& fill) {
    if (const ring::Refusal stopped = why_stopped(); stopped != ring::Refusal::none) return ring::Refused{stopped};
    if (too_far_ahead(at)) return ring::Refused{ring::Refusal::in_future};
    std::int64_t started_ns = -1;
    for (;;) {
      const ring::Publication publication = lane_.publish_in_place(bytes, fill, [this] { machine_.wake_ingest(); });
      if (publication.accepted()) {
        const Ticket ticket = next_ticket_;
        next_ticket_ = row_.at(publication.ticket() + 1);
        return ring::Accepted{ticket};
      }
      if (publication.refusal() != ring::Refusal::full) return publication;
      if (const ring::Refusal reason = why_full(); reason != ring::Refusal::full) return ring::Refused{reason};
      if (options_.when_full == WhenFull::refuse) return publication;
      if (!wait_for_room(started_ns)) return ring::Refused{ring::Refusal::deadline};
    }
  }

  journal::Machine& machine_;
  const language::Pipeline& pipeline_;
  io::Clock& clock_;
  LaneOptions options_;
  ring::ByteLane lane_;
  TicketRow row_;
  LaneSource source_;
  Ticket next_ticket_;
  Time clock_was_ = INT64_MIN;
  std::vector<KnownType> known_;
  std::string why_;
};

}  // namespace pawl
