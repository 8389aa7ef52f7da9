#include "pawl/core/state/key_table.hpp"

namespace pawl::state {
namespace {

constexpr std::size_t freed_link_offset = sizeof(std::uint64_t);

std::uint64_t square_root(std::uint64_t n) noexcept {
  std::uint64_t root = 0;
  while ((root + 1) * (root + 1) <= n) ++root;
  return root;
}

std::uint32_t keys_of_partition(std::uint64_t keys_max) noexcept {
  const std::uint64_t even = (keys_max + limits::partitions - 1) / limits::partitions;
  return static_cast<std::uint32_t>(even + 6 * square_root(even) + 8);
}

}  // namespace

KeyTable::KeyTable(const KeyTableShape& shape, Arena& arena)
    : shape_(shape),
      partition_keys_max_(keys_of_partition(shape.keys_max)),
      bucket_mask_(std::bit_ceil(partition_keys_max_ * std::uint64_t{5} / (bucket_records * std::uint64_t{4}) + 1) - 1),
      partition_keys_(limits::partitions, 0) {
  PAWL_ASSERT(shape.record_bytes % limits::cache_line_bytes == 0);
  PAWL_ASSERT(shape.record_bytes >= freed_link_offset + sizeof(Index));
  PAWL_ASSERT(shape.keys_max >= 1);
  PAWL_ASSERT(shape.keys_max <= std::uint64_t{1} << 31);
  buckets_ = reinterpret_cast<Bucket*>(arena.take(limits::partitions * (bucket_mask_ + 1) * sizeof(Bucket)));
  records_ = arena.take(limits::partitions * std::size_t{partition_keys_max_} * shape.record_bytes);
}

KeyTable::Index KeyTable::find(std::uint64_t hash, const std::byte* key) const noexcept {
  Bucket* const partition = partition_buckets(hash);
  std::uint64_t at = hash & bucket_mask_;
  for (std::uint64_t probes = 0; probes <= bucket_mask_; ++probes, at = (at + step(hash)) & bucket_mask_) {
    const Bucket& bucket = partition[at];
    for (std::uint32_t fits = bucket.matches(tag_of(hash)); fits != 0; fits &= fits - 1) {
      const Index index = bucket.records[std::countr_zero(fits)];
      if (holds(index, hash, key)) return index;
    }
    if (bucket.passed == 0) return none;
  }
  return none;
}

KeyTable::Index KeyTable::insert(std::uint64_t hash, const std::byte* key) noexcept {
  std::uint32_t& keys = partition_keys_[partition_of(hash)];
  if (keys == partition_keys_max_) return none;
  Index index = freed_;
  if (index == none) {
    index = fresh_++;
  } else {
    std::memcpy(&freed_, record(index) + freed_link_offset, sizeof freed_);
  }
  ++keys;
  ++size_;
  write_head(index, hash, key);
  place(hash, index);
  return index;
}

void KeyTable::write_head(Index index, std::uint64_t hash, const std::byte* key) noexcept {
  std::memcpy(record(index), &hash, sizeof hash);
  std::memcpy(record(index) + shape_.key_offset, key, shape_.key_bytes);
}

KeyTable::Index KeyTable::restore(std::uint64_t hash, const std::byte* key, std::uint32_t place) noexcept {
  PAWL_ASSERT(freed_ == none);
  std::uint32_t& keys = partition_keys_[partition_of(hash)];
  Bucket* const partition = partition_buckets(hash);
  const std::uint64_t bucket = place / bucket_records;
  if (keys == partition_keys_max_ || bucket > bucket_mask_ || partition[bucket].tags[place % bucket_records] != 0) return none;
  std::uint64_t at = hash & bucket_mask_;
  for (std::uint64_t probes = 0; at != bucket; ++probes, at = (at + step(hash)) & bucket_mask_) {  // ends: a step reaches every bucket
    PAWL_ASSERT(probes <= bucket_mask_);
    ++partition[at].passed;
  }
  const Index index = fresh_++;
  ++keys;
  ++size_;
  write_head(index, hash, key);
  partition[bucket].records[place % bucket_records] = index;
  partition[bucket].tags[place % bucket_records] = tag_of(hash);
  return index;
}

void KeyTable::place(std::uint64_t hash, Index index) noexcept {
  Bucket* const partition = partition_buckets(hash);
  std::uint64_t at = hash & bucket_mask_;
  std::uint32_t free = partition[at].matches(0);
  while (free == 0) {  // ends: buckets hold more than partition_keys_max_
    ++partition[at].passed;
    at = (at + step(hash)) & bucket_mask_;
    free = partition[at].matches(0);
  }
  const auto slot = static_cast<std::size_t>(std::countr_zero(free));
  partition[at].records[slot] = index;
  partition[at].tags[slot] = tag_of(hash);
}

void KeyTable::erase(Index index) noexcept {
  std::uint64_t hash;
  std::memcpy(&hash, record(index), sizeof hash);
  Bucket* const partition = partition_buckets(hash);
  for (std::uint64_t at = hash & bucket_mask_, probes = 0;; at = (at + step(hash)) & bucket_mask_, ++probes) {
    PAWL_ASSERT(probes <= bucket_mask_);
    Bucket& bucket = partition[at];
    std::uint32_t fits = bucket.matches(tag_of(hash));
    while (fits != 0 && bucket.records[std::countr_zero(fits)] != index) fits &= fits - 1;
    if (fits != 0) {
      bucket.tags[std::countr_zero(fits)] = 0;
      break;
    }
    --bucket.passed;
  }
  --partition_keys_[partition_of(hash)];
  --size_;
  // No key has this hash and these key bytes: holds() says no to whoever still remembers the index.
  hash = ~hash;
  std::memcpy(record(index), &hash, sizeof hash);
  std::memcpy(record(index) + freed_link_offset, &freed_, sizeof freed_);
  freed_ = index;
}

KeyTable::Index KeyTable::next(std::size_t partition, std::uint32_t& hand) const noexcept {
  if (partition_keys_[partition] == 0) return none;
  const Bucket* const buckets = buckets_ + partition * (bucket_mask_ + 1);
  const auto places = static_cast<std::uint32_t>((bucket_mask_ + 1) * bucket_records);
  for (;;) {  // ends: the partition is not empty
    if (hand >= places) hand = 0;
    const std::uint32_t place = hand++;
    const Bucket& bucket = buckets[place / bucket_records];
    if (bucket.tags[place % bucket_records] != 0) return bucket.records[place % bucket_records];
  }
}

}  // namespace pawl::state
