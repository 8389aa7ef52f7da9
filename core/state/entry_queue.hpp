// A bounded queue of entries of one size, appended at one end, read by several cursors, and freed behind the last of them.
// It lies in chunks that are used again at once, so its memory stays as small as what it holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "pawl/core/base/types.hpp"
#include "pawl/core/state/chunk_pool.hpp"

namespace pawl::state {

// Thread: one. An entry starts with a word that tells its time; behind the newest one stands a word that is later than all of them, so a
// cursor that looks for entries up to a time needs no other bound.
class EntryQueue {
 public:

  struct Cursor {
    std::byte* at = nullptr;   // the next entry, or the sentinel behind them
    std::byte* end = nullptr;  // of its chunk
    ChunkPool::Index chunk = ChunkPool::none;

    [[nodiscard]] std::uint64_t first_word() const noexcept {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      return word;
    }
  };

  // When `arena` only measures, the queue must not be used. entries_max 0: no memory, must not be used either.
  EntryQueue(std::size_t entry_bytes, std::uint64_t sentinel, std::uint64_t entries_max, Arena& arena)
      : entry_bytes_(entry_bytes),
        sentinel_(sentinel),
        entries_max_(entries_max),
        chunk_entries_((chunk_bytes - ChunkPool::head_bytes) / entry_bytes),
        // One chunk more for the sentinel, one partly read, one being taken.
        chunks_(chunk_bytes, entries_max == 0 ? 0 : entries_max / chunk_entries_ + 3, arena) {
    if (entries_max == 0 || arena.measuring()) return;
    enter(append_, chunks_.take());
    put_sentinel();
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ >= entries_max_; }

  // Where the next entry will stand: for a cursor that has read all there is.
  [[nodiscard]] Cursor end() const noexcept { return append_; }

  // The place of a new entry, for the caller to write whole. REQUIRES: not full, but for a chunk's worth of second halves of entries.
  [[nodiscard]] std::byte* append() noexcept {
    std::byte* const entry = append_.at;
    append_.at += entry_bytes_;
    if (append_.at == append_.end) {
      const ChunkPool::Index chunk = chunks_.take();
      PAWL_ASSERT(chunk != ChunkPool::none);
      chunks_.link(append_.chunk, chunk);
      enter(append_, chunk);
    }
    put_sentinel();
    ++size_;
    return entry;
  }

  // The places of new entries, at most `count` of them, as many as stand in a row: one at least. For the caller to write whole.
  // REQUIRES: so many are free; `entry_bytes` is what the queue was made with (a constant, where the caller knows it).
  [[nodiscard]] std::span<std::byte> append(std::size_t count, std::size_t entry_bytes) noexcept {
    const std::size_t bytes = std::min(count * entry_bytes, static_cast<std::size_t>(append_.end - append_.at));
    std::byte* const first = append_.at;
    append_.at += bytes - entry_bytes;
    size_ += bytes / entry_bytes - 1;
    (void)append();
    return {first, bytes};
  }

  // To the next entry. REQUIRES: the cursor does not stand at the sentinel.
  void step(Cursor& cursor) const noexcept {
    cursor.at += entry_bytes_;
    if (cursor.at == cursor.end) [[unlikely]] enter(cursor, chunks_.next(cursor.chunk));
  }

  // The entry behind the cursor's.
  [[nodiscard]] const std::byte* behind(Cursor cursor) const noexcept {
    step(cursor);
    return cursor.at;
  }
  // From the end of its chunk, for a caller that steps by itself.
  void enter_next(Cursor& cursor) const noexcept { enter(cursor, chunks_.next(cursor.chunk)); }

  // Lets go of what stands between two places of the last cursor; `entries` of them. REQUIRES: no cursor needs them any more.
  void release(ChunkPool::Index from, ChunkPool::Index to, std::uint64_t entries) noexcept {
    size_ -= entries;
    while (from != to) {
      const ChunkPool::Index next = chunks_.next(from);
      chunks_.give_back(from);
      from = next;
    }
  }

  // As ChunkPool's. REQUIRES: entries_max > 0.
  template <class Visit>
  void each_register(Visit&& visit) {
    chunks_.each_register(visit);
    each_register(append_, visit);
    visit(size_);
  }
  // Of a cursor of this queue.
  template <class Visit>
  void each_register(Cursor& cursor, Visit&& visit) const {
    auto entry = static_cast<std::uint64_t>(cursor.at - (chunks_.at(cursor.chunk) + ChunkPool::head_bytes)) / entry_bytes_;
    visit(cursor.chunk);
    visit(entry);
    enter(cursor, cursor.chunk);
    cursor.at += entry * entry_bytes_;
  }

  // The entry `count` behind the cursor's, or the cursor's own if that stands in another chunk; may not have been written yet. For prefetching.
  [[nodiscard]] const std::byte* ahead(const Cursor& cursor, std::size_t count) const noexcept {
    const std::byte* const entry = cursor.at + count * entry_bytes_;
    return entry < cursor.end ? entry : cursor.at;
  }

 private:
  static constexpr std::size_t chunk_bytes = std::size_t{64} << 10;

  void enter(Cursor& cursor, ChunkPool::Index chunk) const noexcept {
    std::byte* const first = chunks_.at(chunk) + ChunkPool::head_bytes;
    cursor = {first, first + chunk_entries_ * entry_bytes_, chunk};
  }
  void put_sentinel() noexcept { std::memcpy(append_.at, &sentinel_, sizeof sentinel_); }

  std::size_t entry_bytes_;
  std::uint64_t sentinel_;
  std::uint64_t entries_max_;
  std::size_t chunk_entries_;
  ChunkPool chunks_;
  Cursor append_;
  std::uint64_t size_ = 0;
};

}  // namespace pawl::state
