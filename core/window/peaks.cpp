#include "pawl/core/window/peaks.hpp"

#include <algorithm>

namespace pawl::window {
namespace {

constexpr unsigned length_bits = 5;
constexpr std::uint32_t length_max = 25;  // a jump over 2^25 chunks: less than half of what numbers tell apart
constexpr std::uint64_t numbers = std::uint64_t{1} << (32 - length_bits);

std::uint32_t length_of(const PeakChunk& chunk) noexcept { return chunk.number & ((1U << length_bits) - 1); }
std::uint32_t number_of(const PeakChunk& chunk) noexcept { return chunk.number >> length_bits; }
// Chunks from one up to another, modulo their numbers: no list has more.
std::uint32_t distance(const PeakChunk& from, const PeakChunk& to) noexcept { return (number_of(to) - number_of(from)) & static_cast<std::uint32_t>(numbers - 1); }

// Every list may have one chunk more than its values fill: of the oldest one some have left.
std::uint64_t chunks_max_of(std::uint64_t values_max, std::uint64_t lists) noexcept {
  return lists == 0 ? 0 : std::min(values_max / peak_values + lists, numbers - 1);
}

const void* times_of(const PeakChunk& chunk) noexcept { return &chunk.next; }
const void* values_of(const PeakChunk& chunk) noexcept { return &chunk.jump; }

}  // namespace

Peaks::Peaks(std::uint64_t values_max, std::uint64_t lists, std::size_t lists_per_event, state::Arena& arena)
    : chunks_max_(chunks_max_of(values_max, lists)), lists_per_event_(lists_per_event), chunks_(sizeof(PeakChunk), chunks_max_, arena) {}

Peak Peaks::empty() noexcept {
  Peak peak{.oldest = state::ChunkPool::none, .newest = state::ChunkPool::none, .times = {}, .chunks = 0, .begun = 0, .values = {}};
  std::fill_n(peak.times, peak_values, no_peak);
  std::fill_n(peak.values, peak_values, INT64_MIN);
  return peak;
}

// The newest one may be the least number there is. If it has the time of the one before it, which outdoes it, it might as well not be there.
unsigned Peaks::held_in(const Peak& peak) noexcept {
  const unsigned held = above(window::values_of(peak), INT64_MIN);
  return held + (held < peak_values && peak.times[held] > (held == 0 ? no_peak : peak.times[held - 1]));
}

// Whether the list still reaches as far back as the jump goes. Numbers are compared modulo 2^27; of a list that is longer than half of it some jumps are not taken.
bool Peaks::may_jump(const Peak& peak, const PeakChunk& from) const noexcept {
  const std::uint32_t length = length_of(from);
  const std::uint32_t target = number_of(from) - ((1U << length) - 1), first = number_of(chunk(peak.newest)) - (peak.chunks - 1);
  return length != 0 && static_cast<std::int32_t>((target - first) << length_bits) >= 0;
}

// The newest chunk that `holds`; none if none does. REQUIRES: there are chunks; if one holds, all before it do.
template <class Holds>
Peaks::Index Peaks::find_back(const Peak& peak, Holds holds) const noexcept {
  for (Index at = peak.newest;;) {
    const PeakChunk& here = chunk(at);
    if (holds(here)) return at;
    if (at == peak.oldest) return state::ChunkPool::none;
    at = may_jump(peak, here) && !holds(chunk(here.jump)) ? here.jump : here.previous;
  }
}

// `first`: the oldest chunk that stays; none: none stays.
void Peaks::forget_before(Peak& peak, Index first) noexcept {
  if (peak.chunks == 0 || first == peak.oldest) return;
  const std::uint32_t gone = first == state::ChunkPool::none ? peak.chunks : distance(chunk(peak.oldest), chunk(first));
  chunks_.give_back(peak.oldest, first == state::ChunkPool::none ? peak.newest : chunk(first).previous, gone);
  peak.oldest = first;
  peak.chunks -= gone;
  peak.begun = 0;
  if (peak.chunks == 0) peak.newest = state::ChunkPool::none;
}

void Peaks::forget_behind(Peak& peak, Index last) noexcept {
  if (last == peak.newest) return;
  const std::uint32_t gone = distance(chunk(last), chunk(peak.newest));
  chunks_.give_back(chunk(last).next, peak.newest, gone);
  peak.newest = last;
  peak.chunks -= gone;
}

void Peaks::forget_newest(Peak& peak) noexcept {
  if (peak.chunks == 1) return forget_before(peak, state::ChunkPool::none);
  const Index newest = peak.newest;
  peak.newest = chunk(newest).previous;
  --peak.chunks;
  chunks_.give_back(newest);
}

void Peaks::let_go(Peak& peak, Time outdated) noexcept {
  if (peak.chunks == 0 || chunk(peak.oldest).times[peak.begun] > outdated) [[likely]] return;
  if (chunk(peak.oldest).times[peak_values - 1] <= outdated) {
    const Index last = find_back(peak, [&](const PeakChunk& one) { return one.times[0] <= outdated; });
    const bool whole = chunk(last).times[peak_values - 1] <= outdated;
    forget_before(peak, !whole ? last : last == peak.newest ? state::ChunkPool::none : chunk(last).next);
    if (peak.chunks == 0) return;
  }
  peak.begun = at_most(times_of(chunk(peak.oldest)), outdated);
}

FoundPeak Peaks::front(const Peak& peak, Time limit) const noexcept {
  const unsigned left = at_most(window::times_of(peak), limit);
  if (left != 0 || peak.chunks == 0) return {peak.values[left % peak_values], left != peak_values};
  const PeakChunk& oldest = chunk(peak.oldest);
  if (oldest.times[peak.begun] > limit) return {oldest.values[peak.begun], true};
  const PeakChunk& from = chunk(find_back(peak, [&](const PeakChunk& one) { return one.times[0] <= limit; }));
  const unsigned passed = at_most(times_of(from), limit);
  if (passed != peak_values) return {from.values[passed], true};
  return {&from == &chunk(peak.newest) ? peak.values[0] : chunk(from.next).values[0], true};
}

void Peaks::push(Peak& peak, Time te, std::int64_t value, Time outdated) noexcept {
  const unsigned kept = above(window::values_of(peak), value);
  if (kept != 0 && kept != peak_values) return put_behind(peak, kept, te, value);
  if (kept == 0) return take_back(peak, te, value);
  const unsigned gone = peak.chunks != 0 ? 0 : at_most(window::times_of(peak), outdated);
  if (gone == 0) spill(peak);
  std::copy(peak.times + gone, peak.times + peak_values, peak.times);
  std::copy(peak.values + gone, peak.values + peak_values, peak.values);
  put_behind(peak, gone == 0 ? 0 : peak_values - gone, te, value);
}

// All of the record's into a new chunk. Two jumps of one length become one, over both and the chunk itself.
void Peaks::spill(Peak& peak) noexcept {
  const Index index = chunks_.take();
  PAWL_ASSERT(index != state::ChunkPool::none);  // has_room() said so
  PeakChunk& made = chunk(index);
  std::copy_n(peak.times, peak_values, made.times);
  std::copy_n(peak.values, peak_values, made.values);
  made.next = made.previous = index;
  made.jump = index;
  made.number = 0;
  if (peak.chunks == 0) {
    peak.oldest = index;
    peak.begun = 0;
  } else {
    PeakChunk& before = chunk(peak.newest);
    const std::uint32_t number = (number_of(before) + 1) << length_bits, length = length_of(before);
    const bool joins = length < length_max && may_jump(peak, before) && length_of(chunk(before.jump)) == length;
    made.previous = peak.newest;
    made.jump = joins ? chunk(before.jump).jump : peak.newest;
    made.number = number | (joins ? length + 1 : 1);
    before.next = index;
  }
  peak.newest = index;
  ++peak.chunks;
}

// A value that outdoes all of the record's: those that it does not outdo come back.
void Peaks::take_back(Peak& peak, Time te, std::int64_t value) noexcept {
  if (peak.chunks != 0 && chunk(peak.newest).values[peak_values - 1] <= value) {
    if (chunk(peak.oldest).values[peak.begun] <= value) {
      clear(peak);
    } else {
      const Index last = find_back(peak, [&](const PeakChunk& one) { return one.values[0] > value; });
      forget_behind(peak, last);
      const PeakChunk& from = chunk(last);
      const unsigned begin = last == peak.oldest ? peak.begun : 0, end = above(values_of(from), value);
      if (end != peak_values) {
        std::copy(from.times + begin, from.times + end, peak.times);
        std::copy(from.values + begin, from.values + end, peak.values);
        forget_newest(peak);
        return put_behind(peak, end - begin, te, value);
      }
    }
  }
  put_behind(peak, 0, te, value);
}

bool Peaks::restore(Peak& peak, std::span<const PeakValue> values, std::uint32_t held) noexcept {
  const auto unlike = [](const PeakValue& one, const PeakValue& next) { return next.te < one.te || next.value >= one.value; };
  if (held > peak_values || held > values.size() || (held == 0 && !values.empty())) return false;
  if (std::adjacent_find(values.begin(), values.end(), unlike) != values.end() || (!values.empty() && values[0].te == no_peak)) return false;
  const std::size_t before = values.size() - held, missing = (peak_values - before % peak_values) % peak_values;  // of the oldest chunk
  if (chunks_.used() + (before + missing) / peak_values > chunks_max_) return false;
  for (std::size_t i = 0; i < before;) {
    for (std::size_t v = 0; v < peak_values; ++v) {
      const PeakValue one = values[peak.chunks == 0 && v < missing ? 0 : i++];
      peak.times[v] = one.te;
      peak.values[v] = one.value;
    }
    spill(peak);
  }
  if (before != 0) peak.begun = static_cast<std::uint32_t>(missing);
  std::fill_n(peak.values, peak_values, INT64_MIN);
  std::fill_n(peak.times, peak_values, no_peak);
  for (std::uint32_t v = 0; v < held; ++v) put_behind(peak, v, values[before + v].te, values[before + v].value);
  return true;
}

}  // namespace pawl::window
