// LaneWord: the one word in which a lane's producer, its drainer and whoever closes it agree.
//
//    63                                      2    1        0
//   +-----------------------------------------+--------+--------+
//   |        cells accepted since start       | asleep | closed |
//   +-----------------------------------------+--------+--------+
//
// A cell counts as accepted by this word and by nothing else: not by lying in the queue. Accepting is a read-modify-write that fails
// once `closed` is set, and the drainer takes no more cells than the word counts; so closing, from any thread at any moment, cuts the
// stream at one exact cell, with no time in which a cell was accepted and is not drained. The same change tells the producer whether
// the drainer sleeps. PROTOCOL.md has the proof, tests/relacy the model.
#pragma once

#include <cstdint>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/policy.hpp"

namespace pawl::ring {

template <class Policy = StdAtomics>
class alignas(limits::writer_distance_bytes) LaneWord {
 public:
  struct Outcome {
    bool accepted;
    bool drainer_asleep;
  };

  // Counts `cells` more, unless closed. Release: the cells were filled before; pairs with view(). Acquire: pairs with arm(), so a wake
  // that follows comes after the drainer's prepare.
  // Thread: the producer. (A loop, because the drainer and the closer change their own bits: at most a few rounds.)
  [[nodiscard]] Outcome accept(std::uint64_t cells) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // a guess: compare_exchange decides
    for (;;) {
      if ((seen & closed_bit) != 0) return {.accepted = false, .drainer_asleep = false};
      if (word_.compare_exchange_weak(seen, seen + cells * one_cell, Policy::lane_accept, std::memory_order_relaxed)) {
        return {.accepted = true, .drainer_asleep = (seen & asleep_bit) != 0};
      }
    }
  }

  // Racy: true stays true; false may be out of date, and accept() has the last word.
  [[nodiscard]] bool was_closed() const noexcept { return (word_.load(std::memory_order_relaxed) & closed_bit) != 0; }

  struct View {
    std::uint64_t accepted;  // final, if closed
    bool closed;
  };
  // Acquire: the accepted cells' contents are visible. Pairs with accept().
  [[nodiscard]] View view() const noexcept { return as_view(word_.load(Policy::lane_load)); }

  // Release: for what the closer did before. The word carries all that the lane itself needs. Thread: any. Returns how many cells were accepted, for good.
  std::uint64_t close() noexcept { return as_view(word_.fetch_or(closed_bit, Policy::lane_close)).accepted; }

  // The drainer intends to sleep: from now on accept() says so to the producer. What it returns includes every cell whose producer did
  // not see the bit: if that is work, do not sleep. Release: the drainer's prepare of its park spot comes before; pairs with accept().
  // Thread: the drainer.
  [[nodiscard]] View arm() noexcept { return as_view(word_.fetch_or(asleep_bit, Policy::lane_arm)); }
  // Relaxed: says nothing of other memory; as a read-modify-write it does not cut the producer's chain of releases.
  void disarm() noexcept { static_cast<void>(word_.fetch_and(~asleep_bit, Policy::lane_disarm)); }

 private:
  static constexpr std::uint64_t closed_bit = 1;
  static constexpr std::uint64_t asleep_bit = 2;
  static constexpr std::uint64_t one_cell = 4;

  static View as_view(std::uint64_t word) noexcept { return {.accepted = word / one_cell, .closed = (word & closed_bit) != 0}; }

  typename Policy::template Atomic<std::uint64_t> word_{0};
};

}  // namespace pawl::ring
