// The events that the windows of all groups look at together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "pawl/core/base/types.hpp"
#include "pawl/core/state/tiles.hpp"

namespace pawl::window {

// Batches of different keys are the fastest with so many; those of one key (runs.cpp) could not be large enough.
inline constexpr std::size_t usual_batch_events = 32, batch_events = state::Tiles::events;
using EventBits = std::uint64_t;  // bit i: of event i of a batch
static_assert(batch_events <= 64);

// Inputs of consecutive sequences, looked at once for all groups.
struct Batch {
  std::size_t count = 0;
  Sequence first = 0;
  std::array<const std::byte*, batch_events> slot;
  std::array<Time, batch_events> te;
  std::array<Time, batch_events> place;  // te, or that of an event which may be late; set if the pipeline has any
  EventBits too_late = 0;                // it could be late, but is more so than it may
  std::array<std::uint16_t, batch_events> type;  // index into Pipeline::events, or no_event
  bool uniform = false;       // all are events of one type
  std::uint32_t missing = 0;  // and these fields are missing in at least one of them: bits of EventHeader::missing
};
inline constexpr std::uint16_t no_event = 0xFFFF;

}  // namespace pawl::window
