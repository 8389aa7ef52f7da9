// What the protocols of this folder are built from: atomics, and the memory order of each edge by name. A policy is a type, so that the
// very same code runs on std::atomic in production and on a model checker's atomics in tests/relacy, where each order is also weakened,
// one at a time, to show that the checker notices. There are no stand-alone fences. The proofs are in PROTOCOL.md.
#pragma once

#include <atomic>

namespace pawl::ring {

// The orders the protocols need. A test's policy derives from this and hides one member with a weaker order.
struct Orders {
  // Cursors, forward: a writer publishes slots, readers poll them.
  static constexpr std::memory_order publish_store = std::memory_order_release;
  static constexpr std::memory_order poll_load = std::memory_order_acquire;
  // Cursors, backward: a reader releases slots, the writer (or, in a pipeline, the next reader) takes them over.
  static constexpr std::memory_order release_store = std::memory_order_release;
  static constexpr std::memory_order gate_load = std::memory_order_acquire;
  // Stamps: the slot's event is complete; for readers that watch the stamp instead of the cursor.
  static constexpr std::memory_order stamp_store = std::memory_order_release;
  static constexpr std::memory_order stamp_load = std::memory_order_acquire;
  // Lane words. Every change is a read-modify-write, so those of producer, drainer and closer form one chain.
  static constexpr std::memory_order lane_accept = std::memory_order_acq_rel;
  static constexpr std::memory_order lane_load = std::memory_order_acquire;
  static constexpr std::memory_order lane_arm = std::memory_order_release;
  static constexpr std::memory_order lane_disarm = std::memory_order_relaxed;
  static constexpr std::memory_order lane_close = std::memory_order_release;
  // Park words. As above: whoever comes second in the chain sees what the first did before.
  static constexpr std::memory_order park_prepare = std::memory_order_acquire;
  static constexpr std::memory_order park_cancel = std::memory_order_relaxed;
  static constexpr std::memory_order park_wake = std::memory_order_release;
  // Latest: a value of several words, read whole or not at all.
  static constexpr std::memory_order latest_word_store = std::memory_order_release;
  static constexpr std::memory_order latest_version_store = std::memory_order_release;
  static constexpr std::memory_order latest_version_load = std::memory_order_acquire;
  static constexpr std::memory_order latest_word_load = std::memory_order_acquire;
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
