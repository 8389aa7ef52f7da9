// Batch: a run of sequences, the unit in which slots are claimed, published, polled and released.
#pragma once

#include <cstdint>

#include "pawl/core/base/types.hpp"

namespace pawl::ring {

// Sequences first .. last, both included. Empty (last < first) is an expected outcome: full for a writer, nothing yet for a reader.
struct [[nodiscard]] Batch {
  Sequence first = 0;
  Sequence last = no_sequence;

  [[nodiscard]] constexpr bool empty() const noexcept { return last < first; }
  [[nodiscard]] constexpr std::int64_t size() const noexcept { return last - first + 1; }
  explicit constexpr operator bool() const noexcept { return !empty(); }
  friend constexpr bool operator==(const Batch&, const Batch&) = default;
};

// How many slots ahead of the one in hand a streaming reader prefetches: enough to cover one line transfer at a few ns per event.
inline constexpr std::int64_t prefetch_slots = 12;

// Calls handler(slot, sequence) for each slot of the batch in order, prefetching ahead, but never past the batch: the slots behind it
// belong to the writer, and asking for their lines would slow it down.
// REQUIRES: the calling reader polled `batch` and has not released it.
template <class Storage, class Handler>
void for_each(Storage& storage, Batch batch, Handler&& handler) {
  for (Sequence s = batch.first; s <= batch.last; ++s) {
    if (s + prefetch_slots <= batch.last) storage.prefetch(s + prefetch_slots);
    handler(storage[s], s);
  }
}

}  // namespace pawl::ring
