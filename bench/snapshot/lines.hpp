// A state to take images of: lines of 64 bytes that each event changes at six random places. Made from the events alone, so that the state
// behind any of them can be made again and compared.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "harness/fail.hpp"
#include "pawl/io/memory.hpp"

namespace pawl::bench {

inline constexpr std::size_t line_words = 8, line_bytes = 64, touches = 6;
inline constexpr std::size_t lines_per_chunk = 16'384, chunk_bytes = lines_per_chunk * line_bytes;
using LineIndex = std::uint32_t;

// Thread: one changes lines; others may read them meanwhile, word by word.
class Lines {
 public:
  // REQUIRES: `bytes` is a power of two of at least a chunk.
  explicit Lines(std::size_t bytes) : memory_(or_fail(io::Region::map({.bytes = bytes, .best_pages = io::Pages::transparent_huge}))), mask_(bytes / line_bytes - 1) {}

  [[nodiscard]] std::size_t count() const noexcept { return mask_ + 1; }
  [[nodiscard]] std::size_t chunks() const noexcept { return count() / lines_per_chunk; }
  [[nodiscard]] std::uint64_t* line(std::size_t index) const noexcept { return reinterpret_cast<std::uint64_t*>(memory_.bytes().data()) + index * line_words; }

  [[nodiscard]] LineIndex place(std::int64_t event, std::size_t touch) const noexcept {
    std::uint64_t mixed = (static_cast<std::uint64_t>(event) * touches + touch + 1) * 0x9E37'79B9'7F4A'7C15;
    mixed = (mixed ^ mixed >> 31) * 0xBF58'476D'1CE4'E5B9;
    return static_cast<LineIndex>((mixed ^ mixed >> 29) & mask_);
  }
  void fetch(LineIndex index) const noexcept { __builtin_prefetch(line(index), 1); }
  // Relaxed: whoever reads beside it orders itself (see the ways).
  void change(LineIndex index, std::int64_t event) const noexcept {
    std::uint64_t* const words = line(index);
    for (const std::size_t word : {std::size_t{0}, 1 + static_cast<std::size_t>(event) % (line_words - 1)}) {
      const std::atomic_ref at(words[word]);
      at.store(at.load(std::memory_order_relaxed) * 3 + static_cast<std::uint64_t>(event) + 1, std::memory_order_relaxed);
    }
  }
  // As they are at this moment, each word for itself.
  void copy(std::size_t first, std::size_t count, std::uint64_t* to) const noexcept {
    std::uint64_t* const from = line(first);
    for (std::size_t i = 0; i < count * line_words; ++i) to[i] = std::atomic_ref(from[i]).load(std::memory_order_relaxed);
  }

 private:
  io::Region memory_;
  std::size_t mask_;
};

}  // namespace pawl::bench
