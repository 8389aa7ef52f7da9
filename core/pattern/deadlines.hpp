// Runs of patterns that end with `no`, by deadline. A group has two such orders: one of runs that wait at their pattern's end, and one of those
// that may still come to wait before their time is over.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/pattern/runs.hpp"
#include "pawl/core/state/heap.hpp"

namespace pawl::pattern {

// Of runs with one deadline the one that began first comes first, then that of the rule which does in the file: no place in memory decides.
struct Deadline {
  Time at;
  Sequence first_sequence;
  std::uint32_t rule;
  RunIndex run;

  [[nodiscard]] static bool is_before(const Deadline& a, const Deadline& b) noexcept {
    if (a.at != b.at) return a.at < b.at;
    return a.first_sequence != b.first_sequence ? a.first_sequence < b.first_sequence : a.rule < b.rule;
  }
};

// Thread: one. No allocation after construction. The pool outlives it.
class Deadlines {
 public:
  enum class Of : std::uint32_t { waiting = 0, others = 1U << 31 };  // the bit that places have

  // For `runs_max` runs; carves its memory from `arena`; when that only measures, it must not be used.
  Deadlines(Of which, const RunPool& pool, std::size_t runs_max, state::Arena& arena)
      : bit_(static_cast<std::uint32_t>(which)), pool_(pool), heap_(reinterpret_cast<Deadline*>(arena.take(runs_max * sizeof(Deadline)))), runs_max_(runs_max) {}

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  // REQUIRES: !empty().
  [[nodiscard]] const Deadline& first() const noexcept { return heap_[0]; }

  [[nodiscard]] bool holds(RunHead& run) const noexcept {
    const std::uint32_t place = pool_.waiting(run).place;
    return place != no_place && (place & static_cast<std::uint32_t>(Of::others)) == bit_;
  }

  // Nothing changes if it is here with that deadline. REQUIRES: it is here, or in no order.
  void add(RunIndex index, std::size_t rule) noexcept {
    RunHead& run = *pool_[index];
    const Time at = pool_.waiting(run).deadline;
    if (holds(run) && heap_[pool_.waiting(run).place ^ bit_].at == at) return;
    remove(run);
    PAWL_ASSERT(size_ < runs_max_);
    state::heap_rise(heap_, size_++, Deadline{at, run.first_sequence, static_cast<std::uint32_t>(rule), index}, Deadline::is_before, Put{*this});
  }
  // If it is here.
  void remove(RunHead& run) noexcept {
    if (!holds(run)) return;
    const std::uint32_t place = pool_.waiting(run).place ^ bit_;
    pool_.waiting(run).place = no_place;
    const Deadline moved = heap_[--size_];
    if (place != size_) state::heap_settle(heap_, size_, place, moved, Deadline::is_before, Put{*this});
  }

 private:
  struct Put {
    Deadlines& deadlines;
    void operator()(std::uint32_t place, const Deadline& deadline) const noexcept {
      deadlines.heap_[place] = deadline;
      deadlines.pool_.waiting(*deadlines.pool_[deadline.run]).place = place | deadlines.bit_;
    }
  };

  std::uint32_t bit_;
  const RunPool& pool_;
  Deadline* heap_;
  std::size_t runs_max_;
  std::uint32_t size_ = 0;
};

}  // namespace pawl::pattern
