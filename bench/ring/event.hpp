// The payload of every channel that is compared, and how it is filled and checked: 64 bytes; every word is written and read.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>

#include "pawl/core/base/types.hpp"
#include "pawl/core/ring/byte_ring.hpp"
#include "pawl/core/ring/wait.hpp"

namespace pawl::bench {

struct alignas(64) Event {
  std::array<std::uint64_t, 8> words;
};

// Straight into a slot: with the widest stores that the target has. Of eight single words only a few events fit into a core's store
// queue, and that, not the ring, would be measured (by a factor of two to four on the machine this was written on).
using Words [[gnu::vector_size(sizeof(Event))]] = std::uint64_t;

inline void fill_slot(Event& slot, Sequence sequence) {
  const Words words = Words{0, 1, 2, 3, 4, 5, 6, 7} + static_cast<std::uint64_t>(sequence);
  std::memcpy(&slot, &words, sizeof words);
}

// The same event without its first word, in whose place a ByteRing has the stamp.
inline void fill_body(std::span<std::byte> body, Sequence sequence) {
  const Words words = Words{1, 2, 3, 4, 5, 6, 7, 0} + static_cast<std::uint64_t>(sequence);
  std::memcpy(body.data(), &words, sizeof(Event) - ring::ByteSlot::stamp_bytes);
}

// Into a local event that is then copied: word by word, which is the faster way for Boost's queue. Each contender at its best.
inline void fill_local(Event& event, Sequence sequence) {
  for (std::size_t i = 0; i < event.words.size(); ++i) event.words[i] = static_cast<std::uint64_t>(sequence) + i;
}

inline std::uint64_t sum(const Event& event) {
  std::uint64_t total = 0;
  for (const std::uint64_t word : event.words) total += word;
  return total;
}

// What read must return for `total` events: 8 s + 28 each.
inline std::uint64_t expected_sum(std::int64_t total) {
  const auto n = static_cast<std::uint64_t>(total);
  return 8 * (n / 2 * (n - 1) + (n % 2) * ((n - 1) / 2)) + 28 * n;
}

struct Batches {
  std::int64_t write;       // events per claim and publish, or per push
  std::int64_t read;        // at most so many per poll, or per pop
  std::int64_t gather = 0;  // after a poll of fewer events the reader lets more gather (ring::Gather); 0: it does not
};

// A wait that also makes progress when both threads share one CPU.
struct Waiter {
  void operator()() {
    if (++spins % 4096 == 0) std::this_thread::yield();
    ring::cpu_relax();
  }
  std::uint32_t spins = 0;
};

}  // namespace pawl::bench
