// Chunks of one size with a link to the next, from a bounded pool: the event rings of all keys are lists of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "pawl/core/state/arena.hpp"

namespace pawl::state {

// Thread: one. A chunk starts with the uint32 index of the next one and, if the caller says so, that of the one before; the rest is the caller's.
class ChunkPool {
 public:
  using Index = std::uint32_t;
  static constexpr Index none = 0xFFFF'FFFF;
  static constexpr std::size_t head_bytes = 8;

  // REQUIRES: chunk_bytes is a multiple of 64, chunks < none.
  ChunkPool(std::size_t chunk_bytes, std::uint64_t chunks, Arena& arena)
      : chunk_bytes_(chunk_bytes), chunks_max_(chunks), base_(arena.take(chunk_bytes * chunks)) {
    PAWL_ASSERT(chunk_bytes % limits::cache_line_bytes == 0);
    PAWL_ASSERT(chunks < none);
  }

  [[nodiscard]] std::byte* at(Index chunk) const noexcept { return base_ + chunk * chunk_bytes_; }
  [[nodiscard]] Index next(Index chunk) const noexcept {
    Index link;
    std::memcpy(&link, at(chunk), sizeof link);
    return link;
  }
  void link(Index chunk, Index following) noexcept { std::memcpy(at(chunk), &following, sizeof following); }
  // REQUIRES: link_back(chunk, ..) has said which one it is.
  [[nodiscard]] Index previous(Index chunk) const noexcept {
    Index link;
    std::memcpy(&link, at(chunk) + sizeof link, sizeof link);
    return link;
  }
  void link_back(Index chunk, Index previous) noexcept { std::memcpy(at(chunk) + sizeof previous, &previous, sizeof previous); }

  // none: all are in use.
  [[nodiscard]] Index take() noexcept {
    Index chunk = freed_;
    if (chunk != none) {
      freed_ = next(chunk);
    } else {
      if (fresh_ == chunks_max_) return none;
      chunk = static_cast<Index>(fresh_++);
    }
    ++used_;
    return chunk;
  }
  void give_back(Index chunk) noexcept {
    link(chunk, freed_);
    freed_ = chunk;
    --used_;
  }

  // A list of `count` chunks, each linked to the next one.
  void give_back(Index first, Index last, std::uint64_t count) noexcept {
    link(last, freed_);
    freed_ = first;
    used_ -= count;
  }

  // visit(word) for each word that the memory does not hold: memory and words as they were are the pool as it was.
  template <class Visit>
  void each_register(Visit&& visit) {
    visit(used_);
    visit(fresh_);
    visit(freed_);
  }

  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }

 private:
  std::size_t chunk_bytes_;
  std::uint64_t chunks_max_;
  std::byte* base_;
  std::uint64_t used_ = 0;
  std::uint64_t fresh_ = 0;  // chunks from here on were never used
  Index freed_ = none;
};

}  // namespace pawl::state
