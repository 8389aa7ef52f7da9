// Hands out pieces of one block of memory, once, at set-up. Nothing is ever given back: the state is made once and dies with its block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"

namespace pawl::state {

// Two uses of one carving function: over a real block, and over none, to measure how large the block must be.
// Thread: one, at set-up. Lifetime: the pieces live as long as the block, which belongs to the caller.
class Arena {
 public:
  // Measures: take() returns null pointers and used_bytes() grows.
  Arena() = default;
  // REQUIRES: `block` is zeroed and starts at a cache line.
  explicit Arena(std::span<std::byte> block) noexcept : base_(block.data()), size_(block.size()) {
    PAWL_ASSERT(reinterpret_cast<std::uintptr_t>(base_) % limits::cache_line_bytes == 0);
  }

  [[nodiscard]] bool measuring() const noexcept { return base_ == nullptr; }
  [[nodiscard]] std::size_t used_bytes() const noexcept { return used_; }

  // `bytes` zero bytes at the start of a cache line; null when measuring. REQUIRES: the block is large enough.
  [[nodiscard]] std::byte* take(std::size_t bytes) noexcept {
    const std::size_t at = used_;
    used_ += (bytes + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes;
    if (measuring()) return nullptr;
    PAWL_ASSERT(used_ <= size_);
    return base_ + at;
  }

 private:
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace pawl::state
