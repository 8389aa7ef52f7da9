// Records by key: open addressing with tags, in 256 fixed partitions of the hash, each with its own bound.
//
// A bucket is one cache line:   | 12 x uint32 record | 12 x uint8 tag, 0 = free | uint32 passed |
// `passed` counts the records that would stand here but probed on, so a search knows where to stop and erasing needs no
// tombstones. After F14 (Bronson and Shi, Facebook 2019). Records are handed out densely, so few keys touch few pages.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/state/arena.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pawl::state {

// What the table is told at set-up. A record starts with its uint64 hash; its key stands at key_offset.
struct KeyTableShape {
  std::size_t record_bytes = 0;  // a multiple of 64
  std::size_t key_offset = 0;
  std::size_t key_bytes = 0;
  std::uint64_t keys_max = 0;    // 1 to 2^31
};

// The records as such, for loops that go from one to the next.
struct Records {
  std::byte* base;
  std::size_t record_bytes;
  [[nodiscard]] std::byte* operator[](std::uint32_t index) const noexcept { return base + index * record_bytes; }
};

// Thread: one. No allocation after construction.
class KeyTable {
 public:
  using Index = std::uint32_t;
  static constexpr Index none = 0xFFFF'FFFF;

  // Carves its memory from `arena`; when that only measures, the table must not be used.
  KeyTable(const KeyTableShape& shape, Arena& arena);

  [[nodiscard]] std::byte* record(Index index) const noexcept { return records()[index]; }
  [[nodiscard]] Records records() const noexcept { return {records_, shape_.record_bytes}; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t records_max() const noexcept { return limits::partitions * std::uint64_t{partition_keys_max_}; }
  // Keys that a partition takes: a 256th of keys_max and slack for what a hash leaves uneven (six standard deviations).
  [[nodiscard]] std::uint32_t partition_keys_max() const noexcept { return partition_keys_max_; }
  [[nodiscard]] std::uint32_t partition_keys(std::size_t partition) const noexcept { return partition_keys_[partition]; }
  [[nodiscard]] static std::size_t partition_of(std::uint64_t hash) noexcept { return hash >> 56; }

  void prefetch(std::uint64_t hash) const noexcept { __builtin_prefetch(&home(hash)); }

  // The first record whose tag fits, without touching records: to prefetch it. May be another key's.
  [[nodiscard]] Index candidate(std::uint64_t hash) const noexcept {
    const Bucket& bucket = home(hash);
    const std::uint32_t fits = bucket.matches(tag_of(hash));
    return fits == 0 ? none : bucket.records[std::countr_zero(fits)];
  }

  [[nodiscard]] bool holds(Index index, std::uint64_t hash, const std::byte* key) const noexcept {
    const std::byte* const at = record(index);
    if (std::memcmp(at, &hash, sizeof hash) != 0) return false;
    if (shape_.key_bytes == 8) [[likely]] return std::memcmp(at + shape_.key_offset, key, 8) == 0;  // the usual key: one compare of words
    return std::memcmp(at + shape_.key_offset, key, shape_.key_bytes) == 0;
  }

  [[nodiscard]] Index find(std::uint64_t hash, const std::byte* key) const noexcept;

  // A record for a new key, hash and key written, the rest as the last owner left it; none if its partition is full.
  // REQUIRES: the key is not in the table.
  [[nodiscard]] Index insert(std::uint64_t hash, const std::byte* key) noexcept;
  void erase(Index index) noexcept;

  // The next record of a partition behind `hand`, a place in the partition's buckets that is moved past it; none if the
  // partition is empty. For the clock that looks for keys to forget.
  [[nodiscard]] Index next(std::size_t partition, std::uint32_t& hand) const noexcept;

  // visit(place, index) for each record of a partition, in the order of places. For snapshots.
  template <class Visit>
  void each(std::size_t partition, Visit visit) const {
    const Bucket* const buckets = buckets_ + partition * (bucket_mask_ + 1);
    std::uint64_t left = partition_keys_[partition];
    for (std::uint32_t place = 0; left != 0; ++place) {
      if (buckets[place / bucket_records].tags[place % bucket_records] == 0) continue;
      visit(place, buckets[place / bucket_records].records[place % bucket_records]);
      --left;
    }
  }

  // visit(word) for each word that the memory does not hold: memory and words as they were are the table as it was.
  template <class Visit>
  void each_register(Visit&& visit) {
    visit(size_);
    visit(fresh_);
    visit(freed_);
    for (std::uint32_t& keys : partition_keys_) visit(keys);
  }

  // insert(), at the place the key had in a table of the same bounds: the clock then comes to keys in the same order. none if such a table
  // can't have had it there. REQUIRES: nothing was ever erased; the key is not in the table.
  [[nodiscard]] Index restore(std::uint64_t hash, const std::byte* key, std::uint32_t place) noexcept;

 private:
  static constexpr std::size_t bucket_records = 12;

  struct Bucket {
    std::uint32_t records[bucket_records];
    std::uint8_t tags[bucket_records];
    std::uint32_t passed;

    // Bit i: record i has this tag.
    [[nodiscard]] std::uint32_t matches(std::uint8_t tag) const noexcept {
#if defined(__SSE2__)
      const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(tags));
      return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(tag))))) & 0xFFFU;
#else
      std::uint32_t fits = 0;
      for (std::uint32_t i = 0; i < bucket_records; ++i) fits |= static_cast<std::uint32_t>(tags[i] == tag) << i;
      return fits;
#endif
    }
  };
  static_assert(sizeof(Bucket) == limits::cache_line_bytes, "a bucket is one cache line");
  static_assert(offsetof(Bucket, tags) % 16 == 0, "the tags are one aligned vector");

  // Partition: bits 56 to 63; tag: 48 to 55; step: 40 to 47; bucket: from 0. Disjoint up to 2^40 buckets a partition.
  [[nodiscard]] static std::uint8_t tag_of(std::uint64_t hash) noexcept {
    const auto tag = static_cast<std::uint8_t>(hash >> 48);
    return tag == 0 ? std::uint8_t{1} : tag;
  }
  [[nodiscard]] static std::uint64_t step(std::uint64_t hash) noexcept { return ((hash >> 40) & 0xFF) | 1; }  // odd: reaches every bucket
  [[nodiscard]] Bucket* partition_buckets(std::uint64_t hash) const noexcept { return buckets_ + partition_of(hash) * (bucket_mask_ + 1); }
  [[nodiscard]] Bucket& home(std::uint64_t hash) const noexcept { return partition_buckets(hash)[hash & bucket_mask_]; }
  void place(std::uint64_t hash, Index index) noexcept;
  void write_head(Index index, std::uint64_t hash, const std::byte* key) noexcept;

  KeyTableShape shape_;
  std::uint32_t partition_keys_max_;
  std::uint64_t bucket_mask_;
  Bucket* buckets_ = nullptr;
  std::byte* records_ = nullptr;
  std::uint64_t size_ = 0;
  Index fresh_ = 0;          // records from here on were never used
  Index freed_ = none;       // a list through the second word of erased records
  std::vector<std::uint32_t> partition_keys_;
};

}  // namespace pawl::state
