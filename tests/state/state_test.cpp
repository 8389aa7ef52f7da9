#include <doctest/doctest.h>

#include <random>
#include <set>
#include <unordered_map>
#include <vector>

#include "pawl/core/state/arena.hpp"
#include "pawl/core/state/chunk_pool.hpp"
#include "pawl/core/state/key_table.hpp"
#include "pawl/core/state/tiles.hpp"
#include "tests/twin/memory.hpp"

namespace pawl::state {
namespace {

// Crowds a few buckets and tags, so that probing and erasing meet each other all the time.
std::uint64_t crowded(std::uint64_t key) { return (key % 3) << 56 | (key % 5) << 48 | (key % 7) << 40 | key % 4; }
std::uint64_t spread(std::uint64_t key) { return key * 0x9E37'79B9'7F4A'7C15; }

void compare_with_map(std::uint64_t (*hash)(std::uint64_t), std::uint64_t keys_max, std::uint64_t keys) {
  const KeyTableShape shape{.record_bytes = 64, .key_offset = 16, .key_bytes = 8, .keys_max = keys_max};
  Arena measure;
  { const KeyTable table(shape, measure); }
  const twin::Memory memory(measure.used_bytes());
  Arena arena(memory.span());
  KeyTable table(shape, arena);
  std::unordered_map<std::uint64_t, KeyTable::Index> twin;
  std::vector<std::uint32_t> of_partition(limits::partitions, 0);
  std::mt19937_64 random(7);
  for (int i = 0; i < 60'000; ++i) {
    const std::uint64_t key = random() % keys, h = hash(key);
    const auto* bytes = reinterpret_cast<const std::byte*>(&key);
    const KeyTable::Index index = table.find(h, bytes);
    const auto known = twin.find(key);
    REQUIRE((index == KeyTable::none) == (known == twin.end()));
    if (known != twin.end()) REQUIRE(index == known->second);
    std::uint32_t& used = of_partition[KeyTable::partition_of(h)];
    if (index != KeyTable::none && random() % 2 == 0) {
      table.erase(index);
      CHECK_FALSE(table.holds(index, h, bytes));
      twin.erase(key);
      --used;
    } else if (index == KeyTable::none) {
      const KeyTable::Index made = table.insert(h, bytes);
      REQUIRE((made == KeyTable::none) == (used == table.partition_keys_max()));
      if (made == KeyTable::none) continue;
      twin[key] = made;
      ++used;
    }
    REQUIRE(table.size() == twin.size());
  }
  std::set<KeyTable::Index> seen;
  for (std::size_t partition = 0; partition < limits::partitions; ++partition) {
    std::uint32_t hand = 0;
    for (std::uint32_t n = 0; n < table.partition_keys(partition); ++n) seen.insert(table.next(partition, hand));
  }
  CHECK(seen.size() == twin.size());  // one turn of the hand meets every record
}

}  // namespace

TEST_CASE("the key table equals a map, with keys that crowd and keys that spread, full and not") {
  compare_with_map(crowded, 64, 100);
  compare_with_map(crowded, 1, 100);
  compare_with_map(spread, 1 << 14, 20'000);
  compare_with_map(spread, 1024, 20'000);
}

TEST_CASE("a pool hands each chunk out once, until it is given back") {
  Arena measure;
  { const ChunkPool pool(128, 5, measure); }
  const twin::Memory memory(measure.used_bytes());
  Arena arena(memory.span());
  ChunkPool pool(128, 5, arena);
  std::set<ChunkPool::Index> taken;
  for (int i = 0; i < 5; ++i) taken.insert(pool.take());
  CHECK(taken.size() == 5);
  CHECK(pool.take() == ChunkPool::none);
  pool.give_back(3);
  CHECK(pool.used() == 4);
  CHECK(pool.take() == 3);
}

TEST_CASE("columns of a tile stand apart, tiles come round") {
  const twin::Memory memory(Tiles::memory_bytes(3, 4));
  const Tiles tiles(memory.span(), 3, 4);
  CHECK(tiles.numbers(1, 0) - tiles.numbers(0, 0) == 64);
  CHECK(tiles.numbers(1, 63) == tiles.numbers(1, 0));
  CHECK(tiles.numbers(1, 64) != tiles.numbers(1, 0));
  CHECK(tiles.numbers(1, 256) == tiles.numbers(1, 0));
  std::set<std::uintptr_t> lines;
  for (std::size_t column = 0; column < 3; ++column) {
    for (Sequence s = 0; s < 256; s += 64) {
      lines.insert(reinterpret_cast<std::uintptr_t>(tiles.numbers(column, s)) / 64);
      lines.insert(reinterpret_cast<std::uintptr_t>(tiles.valid(column, s)) / 64);
    }
  }
  CHECK(lines.size() == 24);
}

}  // namespace pawl::state
