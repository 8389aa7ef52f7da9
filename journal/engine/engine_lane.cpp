#include "pawl/journal/engine/engine_lane.hpp"

#include <array>

#include "pawl/io/parker.hpp"
#include "pawl/journal/engine/control.hpp"

namespace pawl {

int EngineLane::type_of(const EventSchema& schema) {
  for (const KnownType& known : known_) {
    if (known.schema == &schema) return known.type;
  }
  known_.push_back({&schema, look_up(schema)});
  return known_.back().type;
}

int EngineLane::look_up(const EventSchema& schema) {
  for (const EventSchema& declared : pipeline_.events) {
    if (declared.name != schema.name) continue;
    const auto type = event_type_in(declared, schema);
    if (type.ok()) return *type;
    why_ = type.error().text;
    return -1;
  }
  why_ = "the pipeline \"" + pipeline_.name + "\" has no event " + schema.name + ": add it to the pipeline file, or publish an event that it has";
  return -1;
}

// Looks at the clock only when the event is ahead of what it showed last.
bool EngineLane::too_far_ahead(Time at) {
  if (options_.max_future <= 0 || at < clock_was_) return false;
  clock_was_ = clock_.now();
  return at > clock_was_ && at - clock_was_ > options_.max_future;
}

ring::Publication EngineLane::leave_out() {
  alignas(EventHeader) std::array<std::byte, sizeof(EventHeader)> tick{};
  journal::write_head(tick.data(), static_cast<std::uint16_t>(InputType::tick), 0, INT64_MIN, 0);
  return publish_encoded(tick);
}

// Why a full lane does not empty.
ring::Refusal EngineLane::why_full() const {
  if (machine_.failed()) return ring::Refusal::failed;
  const ring::Refusal stopped = why_stopped();
  return stopped != ring::Refusal::none ? stopped : ring::Refusal::full;
}

bool EngineLane::wait_for_room(std::int64_t& started_ns) {
  constexpr Duration nap = 20'000;
  const std::int64_t now = clock_.monotonic_ns();
  if (started_ns < 0) started_ns = now;
  if (now - started_ns >= options_.patience) return false;
  io::nap(nap);
  return true;
}

}  // namespace pawl
