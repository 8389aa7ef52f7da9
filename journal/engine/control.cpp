#include "pawl/journal/engine/control.hpp"

#include <cstring>

namespace pawl::journal {

void write_head(std::byte* slot, std::uint16_t type, std::uint16_t length, Time at, Ticket ticket) noexcept {
  auto& header = *reinterpret_cast<EventHeader*>(slot);
  header.crc = 0;
  header.missing = 0;
  header.at = at;
  header.ingest = 0;
  header.ticket = ticket;
  header.type = type;
  header.source = 0;
  header.length = length;
  header.flags = 0;
}

std::int64_t OneInput::fill(const SlotRun& run) {
  if (done_ || run.size < 1) return 0;
  write_head(run.slot(0), static_cast<std::uint16_t>(type_), length_, at_, 0);
  std::memcpy(run.slot(0) + sizeof(EventHeader), &payload_, length_);
  done_ = true;
  return 1;
}

}  // namespace pawl::journal
