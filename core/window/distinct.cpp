// `distinct`: small windows are scanned, larger ones counted in the table; both exact. Where a window changes over depends on
// the log alone.
#include "pawl/core/window/bytes.hpp"
#include "pawl/core/window/group.hpp"

namespace pawl::window {
namespace {

// Scanning n entries costs n * n / 4 compares; counting costs two look-ups in a table that is far away.
constexpr std::uint32_t scan_max = 24;
constexpr std::uint32_t uncount_below = 8;

}  // namespace

// Calls visit(value, position) for each entry of the span that has the value, until it returns false.
template <class Visit>
void Group::visit(Span span, const Raw& raw, Visit visit) const noexcept {
  std::uint32_t location = span.from.location;
  for (std::uint32_t position = span.from.position; position != span.end;) {
    std::byte* const entry = ring_entry(location);
    if ((load<Bits>(entry) >> raw.bit & 1) != 0 && !visit(raws_of(entry) + raw.offset, position)) return;
    if (++position != span.end) location = following(location);
  }
}

// Adds the values of entries to the table. False: no room, and none of them is in it.
bool Group::count(Index index, std::size_t distinct, Span span) noexcept {
  const Distinct& plan = layout_.distincts[distinct];
  const Raw& raw = layout_.raws[plan.raw];
  const DistinctTable::Owner owner{index, static_cast<std::uint32_t>(distinct)};
  auto* const state = reinterpret_cast<DistinctState*>(table_.record(index) + plan.state);
  std::uint32_t reached = span.end;
  visit(span, raw, [&](const std::byte* value, std::uint32_t position) {
    const DistinctTable::Added added = counted_.add(owner, {value, raw.bytes});
    if (added == DistinctTable::Added::no_room) reached = position;
    state->values += added == DistinctTable::Added::first;
    return added != DistinctTable::Added::no_room;
  });
  if (reached == span.end) return true;
  uncount(index, distinct, {span.from, reached});
  return false;
}

void Group::uncount(Index index, std::size_t distinct, Span span) noexcept {
  const Distinct& plan = layout_.distincts[distinct];
  const Raw& raw = layout_.raws[plan.raw];
  const DistinctTable::Owner owner{index, static_cast<std::uint32_t>(distinct)};
  auto* const state = reinterpret_cast<DistinctState*>(table_.record(index) + plan.state);
  visit(span, raw, [&](const std::byte* value, std::uint32_t) {
    state->values -= counted_.remove(owner, {value, raw.bytes});
    return true;
  });
}

// An edge is about to pass one entry of the key: windows that it leads gain its value, those that it trails lose it.
void Group::count_passed(Index index, std::size_t edge) noexcept {
  const std::byte* const record = table_.record(index);
  const auto at = load<RingCursor>(record + layout_.edges[edge].ring);
  for (std::size_t d = 0; d < layout_.distincts.size(); ++d) {
    const Distinct& plan = layout_.distincts[d];
    const DistinctState state = load<DistinctState>(record + plan.state);
    if (state.counted == 0 || state.values == distinct_broken) continue;
    if (plan.trail == static_cast<int>(edge)) uncount(index, d, {at, at.position + 1});
    if (plan.lead == static_cast<int>(edge) && !count(index, d, {at, at.position + 1})) no_room(index, d, at.position);
  }
}

// The event at hand enters windows that reach up to now. Called before the position moves on.
void Group::count_inserted(Index index, Bits bits) noexcept {
  std::byte* const record = table_.record(index);
  for (std::size_t d = 0; d < layout_.distincts.size(); ++d) {
    const Distinct& plan = layout_.distincts[d];
    auto* const state = reinterpret_cast<DistinctState*>(record + plan.state);
    const Raw& raw = layout_.raws[plan.raw];
    if (plan.lead >= 0 || state->counted == 0 || state->values == distinct_broken || (bits >> raw.bit & 1) == 0) continue;
    const auto added = counted_.add({index, static_cast<std::uint32_t>(d)}, {raws_.data() + raw.offset, raw.bytes});
    state->values += added == DistinctTable::Added::first;
    if (added == DistinctTable::Added::no_room) no_room(index, d, layout_.keeps_rings() ? ring_of(record)->position : 0);
  }
}

// The table holds the window's values up to position `counted_end`. A window that ends can be counted again later; one since the start has
// lost a value for ever and is missing from now on.
void Group::no_room(Index index, std::size_t distinct, std::uint32_t counted_end) noexcept {
  const Distinct& plan = layout_.distincts[distinct];
  std::byte* const record = table_.record(index);
  auto* const state = reinterpret_cast<DistinctState*>(record + plan.state);
  if (plan.trail < 0) {
    state->values = distinct_broken;
    return;
  }
  uncount(index, distinct, {load<RingCursor>(record + plan.trail_cursor), counted_end});
  state->counted = 0;
  --counted_windows_;
}

Scalar Group::read_distinct(Index index, const std::byte* record, std::size_t number) noexcept {
  const Distinct& plan = layout_.distincts[number];
  const Raw& raw = layout_.raws[plan.raw];
  const DistinctState state = load<DistinctState>(record + plan.state);
  if (plan.trail < 0) {
    distinct_refused_ += state.values == distinct_broken;
    return state.values == distinct_broken ? Scalar{} : Scalar{state.values, true};
  }
  const Span span{load<RingCursor>(record + plan.trail_cursor), load<std::uint32_t>(record + plan.lead_position)};
  if (state.counted != 0) {
    if (span.size() >= uncount_below) return {state.values, true};
    uncount(index, number, span);
    reinterpret_cast<DistinctState*>(table_.record(index) + plan.state)->counted = 0;
    --counted_windows_;
  }
  if (span.size() <= scan_max) return {scan(raw, span), true};
  if (counted_.room() < span.size() || !count(index, number, span)) {
    ++distinct_refused_;
    return {};
  }
  auto* const counted = reinterpret_cast<DistinctState*>(table_.record(index) + plan.state);
  counted->counted = 1;
  ++counted_windows_;
  return {counted->values, true};
}

std::uint32_t Group::scan(const Raw& raw, Span span) const noexcept {
  std::array<const std::byte*, scan_max> seen;
  std::uint32_t values = 0;
  visit(span, raw, [&](const std::byte* value, std::uint32_t) {
    bool fresh = true;
    for (std::uint32_t i = 0; i < values && fresh; ++i) fresh = std::memcmp(seen[i], value, raw.bytes) != 0;
    if (fresh) seen[values++] = value;
    return true;
  });
  return values;
}

}  // namespace pawl::window
