// Open runs in memory: a key's runs are a list through one pool, oldest first.
//
//   key:  | hash 8 | patterns 8 | first run 4 | last run 4 | hints 5 x 4 | next hint 4 | key ... |     64 bytes and more
//   run:  | next 4 | pattern 2 | step 1 | free 1 | closed 4 | count 4 | first te 8 | first sequence 8 | valid 8 | captures ... |
//
// In a group with patterns that end with `no`, each run ends with what Waiting says.
//
// `patterns` says which patterns the runs are of, a bit for each modulo 64: most events concern none of them, and the runs are not touched.
// Hints are the places of runs that were added last: they are fetched ahead, and may be stale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/pattern/plan.hpp"
#include "pawl/core/state/arena.hpp"

namespace pawl::pattern {

using RunIndex = std::uint32_t;
inline constexpr RunIndex no_run = 0xFFFF'FFFF;

struct RunHead {
  RunIndex next;
  std::uint16_t pattern;  // index among those of its group
  std::uint8_t step;      // that took the last event
  std::uint8_t reserved;
  StepMask closed;        // steps that cannot be entered until an event is taken
  std::uint32_t count;    // events that `step` took
  Time first_te;
  Sequence first_sequence;
  std::uint64_t valid;    // of the captures
};
static_assert(sizeof(RunHead) == 40);

struct Waiting {
  Time deadline;         // past it nothing breaks the run any more
  std::uint32_t record;  // of its key
  std::uint32_t place;   // among the deadlines of its group, see deadlines.hpp; no_place: among none
};
inline constexpr std::uint32_t no_place = 0xFFFF'FFFF;
static_assert(sizeof(Waiting) == 16);

struct KeyHead {
  static constexpr std::size_t hints_max = 5;
  std::uint64_t hash;
  std::uint64_t patterns;
  RunIndex first, last;
  std::array<RunIndex, hints_max> hints;
  std::uint32_t next_hint;
};
static_assert(sizeof(KeyHead) == 48);

[[nodiscard]] constexpr std::uint64_t pattern_bit(std::size_t pattern) noexcept { return std::uint64_t{1} << (pattern % 64); }

[[nodiscard]] inline std::byte* captures_of(RunHead* run) noexcept { return reinterpret_cast<std::byte*>(run + 1); }
[[nodiscard]] inline const std::byte* captures_of(const RunHead* run) noexcept { return reinterpret_cast<const std::byte*>(run + 1); }

// Runs of one size, with a bound per partition of the keys' hash: so what is refused depends on the keys alone.
class RunPool {
 public:
  RunPool(std::size_t captures_bytes, std::uint64_t runs_max, state::Arena& arena)
      : run_bytes_(rounded(sizeof(RunHead) + captures_bytes)),
        partition_runs_max_(runs_of_partition(runs_max)),
        memory_(arena.take(limits::partitions * std::size_t{partition_runs_max_} * run_bytes_)) {}

  [[nodiscard]] RunHead* operator[](RunIndex index) const noexcept { return reinterpret_cast<RunHead*>(memory_ + index * run_bytes_); }
  [[nodiscard]] std::size_t run_bytes() const noexcept { return run_bytes_; }
  // Of a run of the pool, or a copy of one. REQUIRES: runs have room for it.
  [[nodiscard]] Waiting& waiting(RunHead& run) const noexcept { return *reinterpret_cast<Waiting*>(reinterpret_cast<std::byte*>(&run) + run_bytes_ - sizeof(Waiting)); }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_full(std::size_t partition) const noexcept { return used_[partition] == partition_runs_max_; }
  [[nodiscard]] std::size_t runs_max() const noexcept { return limits::partitions * std::size_t{partition_runs_max_}; }

  // REQUIRES: !is_full(partition).
  [[nodiscard]] RunIndex take(std::size_t partition) noexcept {
    ++used_[partition];
    ++size_;
    if (freed_ == no_run) return fresh_++;
    const RunIndex index = freed_;
    freed_ = (*this)[index]->next;
    return index;
  }
  void give_back(RunIndex index, std::size_t partition) noexcept {
    --used_[partition];
    --size_;
    (*this)[index]->next = freed_;
    freed_ = index;
  }

  // visit(word) for each word that the memory does not hold.
  template <class Visit>
  void each_register(Visit&& visit) {
    visit(size_);
    visit(fresh_);
    visit(freed_);
    for (std::uint32_t& used : used_) visit(used);
  }

 private:
  // An even share, and slack for what a hash leaves uneven.
  static constexpr std::uint32_t runs_of_partition(std::uint64_t runs_max) noexcept {
    const std::uint64_t even = (runs_max + limits::partitions - 1) / limits::partitions;
    return static_cast<std::uint32_t>(even + even / 8 + 64);
  }
  static constexpr std::size_t rounded(std::size_t bytes) noexcept {
    return (bytes + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes;
  }

  std::size_t run_bytes_;
  std::uint32_t partition_runs_max_;
  std::byte* memory_;
  std::uint64_t size_ = 0;
  RunIndex fresh_ = 0, freed_ = no_run;
  std::array<std::uint32_t, limits::partitions> used_{};
};

}  // namespace pawl::pattern
