// Read access to the slots of a ring by sequence, for code that does not care which ring it is.
#pragma once

#include <cstddef>

#include "pawl/core/event/header.hpp"

namespace pawl {

// Slots of `slot_bytes` each, a power of two of them from `base`; a slot starts with its EventHeader.
struct SlotView {
  const std::byte* base = nullptr;
  std::size_t slot_bytes = 0;
  Sequence mask = 0;

  [[nodiscard]] const std::byte* operator[](Sequence sequence) const noexcept {
    return base + static_cast<std::size_t>(sequence & mask) * slot_bytes;
  }
  [[nodiscard]] const EventHeader& header(Sequence sequence) const noexcept {
    return *reinterpret_cast<const EventHeader*>((*this)[sequence]);
  }
};

}  // namespace pawl
