// Barrier: the minimum of the cursors that somebody must not overtake.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/cursor.hpp"

namespace pawl::ring {

// A reader's barrier holds the cursors upstream of it; a writer's holds those of the last readers. Each remembers what it has seen
// (Reader and Writer keep that beside their other private words) and asks minimum() only when that is used up.
// Thread: follow at set-up, minimum by the one owner. Lifetime: the cursors outlive the barrier.
template <class Policy = StdAtomics, std::memory_order order = Policy::poll_load>
class Barrier {
 public:
  // REQUIRES: fewer than limits::barrier_cursors_max cursors so far.
  void follow(const Cursor<Policy>& cursor) noexcept {
    PAWL_ASSERT(count_ < limits::barrier_cursors_max);
    cursors_[count_++] = &cursor;
  }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  // The last sequence that every followed cursor has passed. Acquire, cursor by cursor: what each owner did to the slots up to there
  // happens before what the caller does next. The loads need no order among themselves: each cursor only ever grows, so a minimum
  // of old values errs on the safe side. Pairs with Cursor::publish and Cursor::release.
  // REQUIRES: not empty().
  [[nodiscard]] Sequence minimum() const noexcept {
    Sequence least = cursors_[0]->template load_acquire<order>();
    for (std::size_t i = 1; i < count_; ++i) least = std::min(least, cursors_[i]->template load_acquire<order>());
    return least;
  }

 private:
  std::array<const Cursor<Policy>*, limits::barrier_cursors_max> cursors_{};
  std::size_t count_ = 0;
};

}  // namespace pawl::ring
