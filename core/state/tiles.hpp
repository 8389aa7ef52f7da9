// Features beside the ring: a ring of tiles, each holding the cells of 64 consecutive sequences, column by column.
//
//   tile slot s = (sequence / 64) & mask:   | column 0: 64 x int64 | column 1 | ... | column 0: 64 validity bytes | column 1 | ... |
//
// A column of a tile starts at a cache line, so columns with different writers share none.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"

namespace pawl::state {

// Thread: each column has one writer; a reader reads cells of sequences that the writer's cursor has published, and the
// writer reuses a tile only when all its readers have released it. Both are the business of the stages, not of this class.
class Tiles {
 public:
  static constexpr std::size_t events = limits::tile_events;

  [[nodiscard]] static constexpr std::size_t memory_bytes(std::size_t columns, std::size_t tiles) noexcept {
    return columns * tiles * column_bytes;
  }

  // REQUIRES: `tiles` is a power of two; `memory` starts at a cache line, has memory_bytes(columns, tiles) and outlives this.
  Tiles(std::span<std::byte> memory, std::size_t columns, std::size_t tiles) noexcept
      : base_(memory.data()), columns_(columns), mask_(tiles - 1), tile_bytes_(columns * column_bytes) {
    PAWL_ASSERT(std::has_single_bit(tiles));
    PAWL_ASSERT(memory.size() >= memory_bytes(columns, tiles));
    PAWL_ASSERT(reinterpret_cast<std::uintptr_t>(base_) % limits::cache_line_bytes == 0);
  }

  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] std::size_t tiles() const noexcept { return mask_ + 1; }

  // The 64 cells of `column` in the tile that holds `sequence`; its own cell is [sequence & 63]. REQUIRES: column < columns().
  [[nodiscard]] std::int64_t* numbers(std::size_t column, Sequence sequence) const noexcept {
    return reinterpret_cast<std::int64_t*>(tile(sequence) + column * numbers_bytes);
  }
  // 1 = the cell has a value, 0 = missing (its number is then 0).
  [[nodiscard]] std::uint8_t* valid(std::size_t column, Sequence sequence) const noexcept {
    return reinterpret_cast<std::uint8_t*>(tile(sequence) + columns_ * numbers_bytes + column * valid_bytes);
  }

 private:
  static constexpr std::size_t numbers_bytes = events * sizeof(std::int64_t);
  static constexpr std::size_t valid_bytes = events;
  static constexpr std::size_t column_bytes = numbers_bytes + valid_bytes;
  static_assert(valid_bytes % limits::cache_line_bytes == 0, "columns of different writers share no cache line");

  [[nodiscard]] std::byte* tile(Sequence sequence) const noexcept {
    return base_ + ((static_cast<std::uint64_t>(sequence) / events) & mask_) * tile_bytes_;
  }

  std::byte* base_;
  std::size_t columns_;
  std::uint64_t mask_;
  std::size_t tile_bytes_;
};

}  // namespace pawl::state
