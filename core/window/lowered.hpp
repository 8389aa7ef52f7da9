// What operators of the program's own say of a record, into the cells of an event.
#pragma once

#include <array>

#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {

// `lead`, `trail`: what is kept there.
[[nodiscard]] inline Lowered lowered(const Read& read, const std::byte* lead, const std::byte* trail) noexcept {
  if (read.op == Read::Op::recent) {
    const auto head = load<RecentHead>(lead);
    const std::uint32_t first = head.held == read.total ? head.next : 0;
    return read.operator_->lower_latest({lead + sizeof head, read.total, first, head.held, head.valid});
  }
  if (read.trail_edge < 0) return read.operator_->lower(lead);
  std::array<std::byte, operator_state_bytes_max> window;
  read.operator_->inverse(lead, trail, window.data());
  return read.operator_->lower(window.data());
}

inline void write_lowered(const Read& read, const Lowered& value, std::size_t i, Group::Place place) noexcept {
  const std::size_t cell = read.cell + i, next = cell + state::Tiles::events;
  place.numbers[cell] = value.present ? value.number : 0;
  place.valid[cell] = value.present;
  if (!read.ratio) return;
  place.numbers[next] = value.present ? value.denominator : 0;
  place.valid[next] = value.present;
}

// `record`: or a copy of it.
inline void write_own(const Reads& reads, const std::byte* record, std::size_t i, Group::Place place) noexcept {
  for (const Read& read : reads.own) write_lowered(read, lowered(read, record + read.lead, record + read.trail), i, place);
}

}  // namespace pawl::window
