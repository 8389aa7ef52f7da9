// A lane as a source of the sequence stage: producers' cells become slots.
#pragma once

#include <cstring>

#include "pawl/core/engine/source.hpp"
#include "pawl/core/engine/ticket_row.hpp"
#include "pawl/core/ring/byte_lane.hpp"

namespace pawl {

// A cell holds an input as a slot does: EventHeader, payload; the stamp, ingest, source and crc words are not yet set.
class LaneSource final : public InputSource {
 public:
  // The lane, whose own tickets start at 1, and the row of those that it stands for outlive the source.
  LaneSource(ring::ByteLane& lane, const TicketRow& row, std::uint16_t number) : lane_(lane), row_(row), number_(number) {}

  std::int64_t fill(const SlotRun& run) override {
    std::int64_t filled = 0;
    return lane_.drain(run.size, [&](Ticket ticket, std::span<const std::byte> cell) {
      std::byte* slot = run.slot_to_fill(filled++);
      std::memcpy(slot + record_offset, cell.data() + record_offset, cell.size() - record_offset);
      reinterpret_cast<EventHeader*>(slot)->ticket = row_.at(ticket);
    });
  }
  [[nodiscard]] bool finished() override { return lane_.finished(); }
  [[nodiscard]] std::uint16_t number() const override { return number_; }
  bool arm() override { return lane_.arm(); }
  void disarm() override { lane_.disarm(); }

 private:
  ring::ByteLane& lane_;
  const TicketRow& row_;
  std::uint16_t number_;
};

}  // namespace pawl
