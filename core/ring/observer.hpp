// A lossy observer: a dashboard may look at the stream and can't slow it down. The tap is a gated stage like any other, so nobody reads a
// slot that the writer may reuse; it copies into a queue of its own and drops, counted, what does not fit.
//
//   ring ==> [tap] --copies--> queue --> observer's thread
//              |                 full: dropped + 1
#pragma once

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/batch.hpp"
#include "pawl/core/ring/reader.hpp"

namespace pawl::ring {

// Project: (const slot&, sequence) -> Copy, what the observer needs of an event. Allocates at construction only.
// Thread: poll and finished, the tap's loop; take, the observer's; was_dropped, any. Lifetime: the reader outlives the tap.
template <SlotStorage Storage, class Copy, class Project>
class ObserverTap {
 public:
  ObserverTap(Reader<Storage>& reader, std::size_t queue_capacity, Project project)
      : reader_(reader), project_(std::move(project)), queue_(queue_capacity) {}

  std::int64_t poll(std::int64_t budget) {
    const Batch batch = reader_.poll(budget);
    if (batch.empty()) return 0;
    std::uint64_t dropped = 0;
    reader_.for_each(batch, [&](const auto& slot, Sequence s) {
      if (!queue_.push(project_(slot, s))) ++dropped;
    });
    reader_.release(batch.last);
    // One writer, so load and store need not be one change; relaxed, because the count guards nothing.
    if (dropped > 0) dropped_.store(dropped_.load(std::memory_order_relaxed) + dropped, std::memory_order_relaxed);
    return batch.size();
  }

  [[nodiscard]] bool finished() const noexcept { return reader_.finished(); }

  // The next copy, if there is one. Thread: the observer's.
  bool take(Copy& into) { return queue_.pop(into); }

  [[nodiscard]] std::uint64_t was_dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  Reader<Storage>& reader_;
  Project project_;
  boost::lockfree::spsc_queue<Copy> queue_;
  alignas(limits::writer_distance_bytes) std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace pawl::ring
