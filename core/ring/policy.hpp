// What the protocols of this folder are built from: atomics, and the memory order of each edge by name. A policy is a type, so that the
// very same code runs on std::atomic in production and on a model checker's atomics in tests/relacy, where each order is also weakened,
// one at a time, to show that the checker notices. There are no stand-alone fences. The proofs are in PROTOCOL.md.
#pragma once

#include <atomic>

namespace pawl::ring {

// The orders the protocols need. A test's policy derives from this and hides one member with a weaker order.
struct Orders {
  // Cursors. Released by the one writer of a cursor after its last access to the slots it passes on; acquired by whoever follows it.
  static constexpr std::memory_order cursor_store = std::memory_order_release;
  static constexpr std::memory_order cursor_load = std::memory_order_acquire;
  // Stamps. Released after the slot's event is complete; acquired by readers that watch the stamp instead of the cursor.
  static constexpr std::memory_order stamp_store = std::memory_order_release;
  static constexpr std::memory_order stamp_load = std::memory_order_acquire;
  // Lane words. Every change is a read-modify-write, so the changes of producer, drainer and closer form one chain.
  static constexpr std::memory_order lane_change = std::memory_order_acq_rel;
  static constexpr std::memory_order lane_load = std::memory_order_acquire;
  // Park words. As above: whoever comes second in the chain sees what the first did before.
  static constexpr std::memory_order park_prepare = std::memory_order_acq_rel;
  static constexpr std::memory_order park_cancel = std::memory_order_acq_rel;
  static constexpr std::memory_order park_wake = std::memory_order_acq_rel;
};

// The policy of production.
struct StdAtomics : Orders {
  template <class T>
  using Atomic = std::atomic<T>;
  // Plain memory that the protocols guard. The model checker replaces it by memory that reports data races.
  template <class T>
  using Cell = T;
};

}  // namespace pawl::ring
