// Folds: windows of operators without an inverse. Combined are, from the oldest entry `front` to the `end` of the window,
//
//   front <= left <= right <= accumulated <= back <= end
//   [front, left)         an entry's part: itself and all up to `back`
//   [left, right)         itself and all up to `right`
//   [right, accumulated)  itself alone
//   [accumulated, back)   itself and all up to `back`
//   [back, end)           itself alone
//   rest                  all from `right` to `back`; behind: all from `back` to `end`
//
// so that the window is the first part and `behind`. Whenever an entry enters or leaves, one step of the work is done that would else be due at once
// when `front` reaches `back`: no event combines more than five states, whatever the window holds.
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

std::byte* rest_of(std::byte* record, const Fold& fold) noexcept { return record + fold.state + sizeof(FoldState); }
std::byte* behind_of(std::byte* record, const Fold& fold) noexcept { return rest_of(record, fold) + fold.own->state_bytes; }
FoldState* state_of(std::byte* record, const Fold& fold) noexcept { return reinterpret_cast<FoldState*>(record + fold.state); }

}  // namespace

// REQUIRES: the ring still holds it.
std::uint32_t Group::preceding(std::uint32_t location) const noexcept {
  if ((location & chunk_entries_max) != 0) [[likely]] return location - 1;
  return (chunks_.previous(location >> location_index_bits) << location_index_bits) + layout_.chunk_entries - 1;
}

// The lead passes an entry. One without a value is worth nothing, but has its place.
void Group::enter(std::byte* record, const Fold& fold, std::uint32_t location, std::uint32_t position) noexcept {
  const Raw& raw = layout_.raws[fold.raw];
  const std::byte* const entry = ring_entry(location);
  std::byte* const part = part_of(fold, location);
  if ((load<Bits>(entry) >> raw.bit & 1) != 0) {
    fold.own->lift(load<std::int64_t>(raws_of(ring_entry(location)) + raw.offset), part);
    fold.own->combine(behind_of(record, fold), part, behind_of(record, fold));
  } else {
    std::memset(part, 0, fold.own->state_bytes);
  }
  state_of(record, fold)->newest = location;
  settle(record, fold, *ring_cursor(record, static_cast<std::size_t>(fold.trail)), position + 1);
}

// The trail passes an entry.
void Group::leave(std::byte* record, const Fold& fold, RingCursor leaving) noexcept {
  move_cursor(leaving, leaving.position + 1, ring_of(record)->position);
  settle(record, fold, leaving, fold.lead < 0 ? ring_of(record)->position : ring_cursor(record, static_cast<std::size_t>(fold.lead))->position);
}

void Group::settle(std::byte* record, const Fold& fold, RingCursor front, std::uint32_t end) noexcept {
  FoldState& at = *state_of(record, fold);
  std::byte *const rest = rest_of(record, fold), *const behind = behind_of(record, fold);
  if (front.position == at.back) {  // nothing is left, or one entry, which is its own part
    at.left.position = at.right = at.accumulated.position = at.back = end;
    std::memset(behind, 0, fold.own->state_bytes);
    return;
  }
  if (at.left.position == at.back) {
    at.left = front;
    at.accumulated.position = at.back = end;
    std::memcpy(rest, behind, fold.own->state_bytes);
    std::memset(behind, 0, fold.own->state_bytes);
  }
  const std::uint32_t ring_end = ring_of(record)->position;
  if (at.left.position == at.right) {
    move_cursor(at.accumulated, at.accumulated.position + 1, ring_end);
    ++at.right;
  } else {
    std::byte* const left = part_of(fold, at.left.location);
    fold.own->combine(left, rest, left);
    const bool first = at.accumulated.position == at.back;
    const std::uint32_t later = at.accumulated.location;
    at.accumulated = {.location = first ? at.newest : preceding(later), .position = at.accumulated.position - 1};
    std::byte* const accumulated = part_of(fold, at.accumulated.location);
    if (!first) fold.own->combine(accumulated, part_of(fold, later), accumulated);
  }
  move_cursor(at.left, at.left.position + 1, ring_end);
}

void Group::pass_in_folds(std::byte* record, std::size_t edge, RingCursor passing) noexcept {
  for (const Fold& fold : layout_.folds) {
    if (fold.lead == static_cast<int>(edge)) enter(record, fold, passing.location, passing.position);
    if (fold.trail == static_cast<int>(edge)) leave(record, fold, passing);
  }
}

Lowered Group::read_fold(const Read& read, const std::byte* record) const noexcept {
  const Fold& fold = layout_.folds[read.total];
  const auto front = load<RingCursor>(record + layout_.edges[static_cast<std::size_t>(fold.trail)].ring);
  const std::byte* const behind = record + fold.state + sizeof(FoldState) + fold.own->state_bytes;
  if (front.position == load<FoldState>(record + fold.state).back) return fold.own->lower(behind);
  std::array<std::byte, operator_state_bytes_max> window;
  fold.own->combine(part_of(fold, front.location), behind, window.data());
  return fold.own->lower(window.data());
}

}  // namespace pawl::window
