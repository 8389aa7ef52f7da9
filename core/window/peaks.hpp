// Least and greatest values of windows that end now: per key and value one list of the values that no later one outdoes, each with its time, from the oldest on (a monotonic
// deque). It serves all spans: a window's value is the first one in the list that is later than where the window begins, so no edge needs to pass anything.
//
//   in a record | Peak: the newest seven |             two cache lines; nearly all lists are no longer: n values in random order leave a list of about ln n
//   in a pool   | PeakChunk: seven before them | ..    linked from the oldest on; all are full, and of the oldest one the first `begun` have left all windows
//
// A chunk also knows one far before it, as entries of chains do (chains.cpp): no event takes more than some 3 log2 n steps, whatever it outdoes or lets go of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pawl/core/base/types.hpp"
#include "pawl/core/state/arena.hpp"
#include "pawl/core/state/chunk_pool.hpp"

namespace pawl::window {

inline constexpr unsigned peak_values = 7;
inline constexpr Time no_peak = INT64_MIN;  // before all times

// In a record, copied as bytes, so without a constructor: see Peaks::empty(). Each line is a head and seven words.
struct Peak {
  std::uint32_t oldest, newest;       // chunks of what stands before; ChunkPool::none: there are none
  Time times[peak_values];            // ascending; behind the newest one that is repeated
  std::uint32_t chunks, begun;
  std::int64_t values[peak_values];   // strictly descending; behind the newest one the least there is
};
struct PeakChunk {
  std::uint32_t next, previous;
  Time times[peak_values];
  std::uint32_t jump;                 // a chunk far before
  std::uint32_t number;               // 27 bits: one more than the previous one's, modulo 2^27; 5 bits: k, of a jump over 2^k - 1 chunks; 0: there is none
  std::int64_t values[peak_values];
};
static_assert(sizeof(Peak) == 128 && sizeof(PeakChunk) == 128, "two lines of a head and seven words");

struct PeakValue {
  Time te;
  std::int64_t value;
};
struct FoundPeak {
  std::int64_t value;
  bool any;
};

// --- a line ---

using Lanes [[gnu::vector_size(32), gnu::aligned(8), gnu::may_alias]] = std::int64_t;
inline constexpr std::int64_t not_the_head[4] = {0, -1, -1, -1};

// How many of the seven words are at most / above a number.
[[gnu::always_inline]] inline unsigned at_most(const void* line, std::int64_t number) noexcept {
  const Lanes* const lanes = static_cast<const Lanes*>(line);
  const Lanes all = {number, number, number, number};
  const Lanes counted = ((lanes[0] <= all) & *reinterpret_cast<const Lanes*>(not_the_head)) + (lanes[1] <= all);
  return static_cast<unsigned>(-(counted[0] + counted[1] + counted[2] + counted[3]));
}
[[gnu::always_inline]] inline unsigned above(const void* line, std::int64_t number) noexcept { return peak_values - at_most(line, number); }

[[gnu::always_inline]] inline const void* times_of(const Peak& peak) noexcept { return &peak.oldest; }
[[gnu::always_inline]] inline const void* values_of(const Peak& peak) noexcept { return &peak.chunks; }

// A value behind the first `kept` of the record's. The lines are written whole: the next event of the key loads them so, and need not wait. REQUIRES: kept < peak_values.
[[gnu::always_inline]] inline void put_behind(Peak& peak, unsigned kept, Time te, std::int64_t value) noexcept {
  Lanes *const times = reinterpret_cast<Lanes*>(&peak.oldest), *const values = reinterpret_cast<Lanes*>(&peak.chunks);  // no `auto`: it would forget how they are aligned
  const auto place = static_cast<std::int64_t>(kept) + 1;
  const Lanes places = {place, place, place, place}, all_te = {te, te, te, te}, all_value = {value, value, value, value};
  const Lanes least = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
  const Lanes low = {0, 1, 2, 3}, high = {4, 5, 6, 7};
  const Lanes low_stay = low < places, high_stay = high < places, low_here = low == places, high_here = high == places;
  times[0] = (times[0] & low_stay) | (all_te & ~low_stay);
  times[1] = (times[1] & high_stay) | (all_te & ~high_stay);
  values[0] = (values[0] & low_stay) | (all_value & low_here) | (least & ~(low_stay | low_here));
  values[1] = (values[1] & high_stay) | (all_value & high_here) | (least & ~(high_stay | high_here));
}

// Of a list that stands in its record alone.
// False: it is full, nothing has changed.
[[nodiscard, gnu::always_inline]] inline bool push_near(Peak& peak, Time te, std::int64_t value) noexcept {
  const unsigned kept = above(values_of(peak), value);
  if (kept == peak_values) [[unlikely]] return false;
  put_behind(peak, kept, te, value);
  return true;
}
// The value of a window that began after `limit`.
[[nodiscard, gnu::always_inline]] inline FoundPeak front_near(const Peak& peak, Time limit) noexcept {
  const unsigned left = at_most(times_of(peak), limit);
  return {peak.values[left % peak_values], left != peak_values};
}

// For `min` and `max` over spans of time that end now, each event for itself: one list for all spans of a value. Others go by chains.
struct PeakList {
  struct Window {
    Duration offset = 0;          // entries with te <= te(e) - offset are not in it
    std::uint32_t cell = 0;       // as in Read
  };
  std::size_t value = 0;          // index of the value program
  std::uint64_t facts = 0;      // Facts that a value needs to enter
  std::int64_t turned = 0;        // all bits, of `min`: the list holds values with the order turned round
  std::uint32_t bit = 0;
  std::uint32_t offset = 0;       // of its Peak in the record
  Duration longest = 0;           // of the offsets
  std::vector<Window> before{}, after{};  // read before the event is inserted, and after
};

// --- all lists of a group ---

// Greater values outdo lesser ones, and equal ones; the caller turns the order round where it wants the least. Times of a list never go back.
// Thread: one. No allocation after construction.
class Peaks {
 public:
  // Room for `values_max` values beside those in records, of at most `lists` lists. `lists_per_event`: that one event can enter.
  Peaks(std::uint64_t values_max, std::uint64_t lists, std::size_t lists_per_event, state::Arena& arena);

  [[nodiscard]] static Peak empty() noexcept;

  // Whether so many events can enter their lists, whatever their values are.
  [[nodiscard]] bool has_room(std::size_t events) const noexcept { return chunks_.used() + events * lists_per_event_ <= chunks_max_; }
  // Values for which the chunks in use have room.
  [[nodiscard]] std::uint64_t used_values() const noexcept { return chunks_.used() * peak_values; }

  // Inlined, or gcc takes it for a function without effect and drops the call.
  [[gnu::always_inline]] inline void fetch(const Peak& peak) const noexcept {
    if (peak.chunks == 0) [[likely]] return;
    for (const state::ChunkPool::Index chunk : {peak.newest, peak.oldest}) {
      __builtin_prefetch(chunks_.at(chunk), 1);
      __builtin_prefetch(chunks_.at(chunk) + limits::cache_line_bytes, 1);
    }
  }

  // A value enters. `outdated`: up to there values have left all windows. REQUIRES: has_room(1), let_go(peak, outdated) was called.
  void push(Peak& peak, Time te, std::int64_t value, Time outdated) noexcept;
  // Gives chunks back whose values have left all windows.
  void let_go(Peak& peak, Time outdated) noexcept;
  // The value of a window that began after `limit`.
  [[nodiscard]] FoundPeak front(const Peak& peak, Time limit) const noexcept;
  // Gives all chunks back: the key is forgotten.
  void clear(Peak& peak) noexcept { forget_before(peak, state::ChunkPool::none); }

  // visit(PeakValue) from the oldest one on. Returns how many of them stand in the record.
  template <class Visit>
  std::uint32_t each(const Peak& peak, Visit visit) const {
    Index at = peak.oldest;
    for (std::uint32_t i = 0; i < peak.chunks; ++i, at = chunk(at).next) {
      for (unsigned v = i == 0 ? peak.begun : 0; v < peak_values; ++v) visit(PeakValue{chunk(at).times[v], chunk(at).values[v]});
    }
    const unsigned held = held_in(peak);
    for (unsigned v = 0; v < held; ++v) visit(PeakValue{peak.times[v], peak.values[v]});
    return held;
  }
  // The list of which each() has told these values, `held` of them in the record. False: no list can be so, or there is no room. REQUIRES: `peak` is empty().
  [[nodiscard]] bool restore(Peak& peak, std::span<const PeakValue> values, std::uint32_t held) noexcept;

  // As ChunkPool's.
  template <class Visit>
  void each_register(Visit&& visit) { chunks_.each_register(visit); }

 private:
  using Index = state::ChunkPool::Index;

  [[nodiscard]] PeakChunk& chunk(Index index) const noexcept { return *reinterpret_cast<PeakChunk*>(chunks_.at(index)); }
  [[nodiscard]] static unsigned held_in(const Peak& peak) noexcept;
  [[nodiscard]] bool may_jump(const Peak& peak, const PeakChunk& from) const noexcept;
  template <class Holds>
  [[nodiscard]] Index find_back(const Peak& peak, Holds holds) const noexcept;
  void forget_before(Peak& peak, Index first) noexcept;
  void forget_behind(Peak& peak, Index last) noexcept;
  void forget_newest(Peak& peak) noexcept;
  void spill(Peak& peak) noexcept;
  void take_back(Peak& peak, Time te, std::int64_t value) noexcept;

  std::uint64_t chunks_max_;
  std::size_t lists_per_event_;
  state::ChunkPool chunks_;
};

}  // namespace pawl::window
