// Keys that run out, against a map: both edges of the time, refusals at the bound, rows.
#include "pawl/core/rules/expiring_keys.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "pawl/core/window/hash.hpp"

using namespace pawl;
using rules::ExpiringKeys;

namespace {

using Key = std::int64_t;
const std::byte* bytes(const Key& key) { return reinterpret_cast<const std::byte*>(&key); }

struct Memory {
  explicit Memory(std::uint64_t keys_max) {
    state::Arena measure;
    (void)ExpiringKeys("list x", sizeof(Key), keys_max, measure);
    words.resize(measure.used_bytes() / sizeof(Line));
    arena = state::Arena(std::as_writable_bytes(std::span(words)));
  }
  struct alignas(64) Line { std::array<std::byte, 64> bytes{}; };
  std::vector<Line> words;
  state::Arena arena;
};

struct Keys {
  explicit Keys(std::uint64_t keys_max) : memory(keys_max), keys("list x", sizeof(Key), keys_max, memory.arena) {}
  Memory memory;
  ExpiringKeys keys;
};

std::vector<std::vector<std::byte>> rows_of(const ExpiringKeys& keys, Time now) {
  std::vector<std::vector<std::byte>> parts;
  keys.save(now, [&](std::span<const std::byte> part) { return parts.emplace_back(part.begin(), part.end()), true; });
  return parts;
}

bool load(ExpiringKeys& keys, const std::vector<std::vector<std::byte>>& parts) {
  for (const auto& part : parts) {
    state::RowReader reader(part);
    if (!keys.load(reader) || !reader.holds() || !reader.ended()) return false;
  }
  return keys.loaded();
}

// Until when each key is held, and what a partition refuses.
struct Naive {
  std::map<Key, Int128> until;
  std::uint64_t refused = 0;

  static std::size_t partition(Key key) { return state::KeyTable::partition_of(window::hash_bytes(&key, sizeof key)); }
  bool holds(Key key, Time now) const {
    const auto found = until.find(key);
    return found != until.end() && now < found->second;
  }
  bool add(Key key, Time now, Duration ttl, std::size_t most) {
    const bool held = holds(key, now);
    std::size_t others = 0;
    for (const auto& [other, end] : until) others += partition(other) == partition(key) && now < end;
    if (!held && others == most) return ++refused, false;
    const Int128 end = ttl == 0 ? Int128{1} << 100 : Int128{now} + ttl;
    until[key] = held ? std::max(until[key], end) : end;
    return !held;
  }
};

}  // namespace

TEST_CASE("a key is held from its time on, and no more when its duration has passed") {
  Keys one(16);
  CHECK_FALSE(one.keys.holds(bytes(7), 100));
  CHECK(one.keys.add(bytes(7), 100, 10));
  CHECK(one.keys.holds(bytes(7), 100));
  CHECK(one.keys.holds(bytes(7), 109));
  CHECK_FALSE(one.keys.holds(bytes(7), 110));
  CHECK_FALSE(one.keys.add(bytes(7), 109, 5));  // still held, and for longer now
  CHECK(one.keys.holds(bytes(7), 113));
  CHECK_FALSE(one.keys.holds(bytes(7), 114));
  CHECK_FALSE(one.keys.remove(bytes(7), 114));  // there, but run out
  CHECK(one.keys.add(bytes(7), 114, 0));
  CHECK(one.keys.holds(bytes(7), INT64_MAX));
  CHECK(one.keys.remove(bytes(7), 115));
  CHECK_FALSE(one.keys.holds(bytes(7), 115));
  CHECK(one.keys.add(bytes(8), INT64_MAX - 1, 1));
  CHECK_FALSE(one.keys.holds(bytes(8), INT64_MAX));
  CHECK(one.keys.add(bytes(9), INT64_MAX - 1, 2));
  CHECK(one.keys.holds(bytes(9), INT64_MAX));
}

TEST_CASE("any order of additions, removals and questions equals a map, refusals at the bound too, and goes on from rows") {
  std::uint64_t refused = 0, swept = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    constexpr std::uint64_t keys_max = 4;
    constexpr std::size_t most = 1 + 6 + 8;  // keys of a partition: see KeyTable
    std::vector<Key> crowd;                  // of one partition, and a few of others
    for (Key key = 0; crowd.size() < 40; ++key) {
      if (Naive::partition(key) == 3 || key < 6) crowd.push_back(key);
    }
    auto product = std::make_unique<Keys>(keys_max);
    Naive naive;
    Time now = 0;
    for (int step = 0; step < 4000; ++step) {
      const Key key = crowd[random() % crowd.size()];
      const auto choice = random() % 100;
      if (choice < 30) now += static_cast<Time>(random() % 4);
      if (choice < 60) {
        const auto ttl = static_cast<Duration>(random() % 20);
        REQUIRE(product->keys.add(bytes(key), now, ttl == 0 && seed % 2 == 0 ? 1 : ttl) == naive.add(key, now, ttl == 0 && seed % 2 == 0 ? 1 : ttl, most));
      } else if (choice < 70) {
        REQUIRE(product->keys.remove(bytes(key), now) == naive.holds(key, now));
        naive.until.erase(key);
      }
      for (const Key other : crowd) REQUIRE(product->keys.holds(bytes(other), now) == naive.holds(other, now));
      REQUIRE(product->keys.counters().refused == naive.refused);
      if (choice != 99) continue;
      const auto rows = rows_of(product->keys, now);
      auto again = std::make_unique<Keys>(keys_max);
      REQUIRE(load(again->keys, rows));
      REQUIRE(rows_of(again->keys, now) == rows);
      swept += product->keys.counters().keys - again->keys.counters().keys;
      product = std::move(again);
    }
    refused += naive.refused;
  }
  CHECK(refused > 100);
  CHECK(swept > 100);  // rows hold none that have run out
}

namespace {

// Of the best of five runs, in ns: a value is added where the partition is full, and one runs out before each.
double full_add_ns(std::uint64_t keys_max) {
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    Keys keys(keys_max);
    constexpr int adds = 2000;
    const auto count = static_cast<std::int64_t>(keys_max / limits::partitions + keys_max / limits::partitions / 8 + 1000);
    std::vector<Key> crowd;  // of one partition
    for (Key key = 0; static_cast<std::int64_t>(crowd.size()) < count + adds; ++key) {
      if (Naive::partition(key) == 3) crowd.push_back(key);
    }
    Time now = 0;
    std::size_t next = 0;
    for (; next < static_cast<std::size_t>(count); ++next) keys.keys.add(bytes(crowd[next]), ++now, count);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < adds; ++i, ++next) keys.keys.add(bytes(crowd[next]), ++now, count);
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / adds);
  }
  return best;
}

}  // namespace

TEST_CASE("a full partition takes a few steps for each value, however many it holds") {
  const double few = full_add_ns(100 * limits::partitions), many = full_add_ns(3200 * limits::partitions);
  CAPTURE(few);
  CAPTURE(many);
  CHECK(many < 8 * few);  // 32 times as many keys: looking at all of them would take some 20 times as long
}

TEST_CASE("values that are added again and again, and others that end, run out when they have to") {
  Keys keys(256);
  std::map<Key, Int128> until;
  std::mt19937_64 random(5);
  Time now = 0;
  for (int step = 0; step < 200'000; ++step) {
    now += static_cast<Time>(random() % 3);
    const auto key = static_cast<Key>(random() % 6000);
    if (random() % 8 == 0) {
      keys.keys.remove(bytes(key), now);
      until.erase(key);
      continue;
    }
    const auto ttl = static_cast<Duration>(1 + random() % 4000);
    const std::uint64_t refused = keys.keys.counters().refused;
    keys.keys.add(bytes(key), now, ttl);
    if (keys.keys.counters().refused != refused) continue;
    until[key] = until.contains(key) && now < until[key] ? std::max(until[key], Int128{now} + ttl) : Int128{now} + ttl;
    const auto other = static_cast<Key>(random() % 6000);
    REQUIRE(keys.keys.holds(bytes(other), now) == (until.contains(other) && now < until[other]));
  }
  CHECK(keys.keys.counters().refused > 0);
}

TEST_CASE("rows that are cut short, lengthened, repeated or too many are refused") {
  Keys keys(64);
  for (Key key = 0; key < 50; ++key) REQUIRE(keys.keys.add(bytes(key), 0, 100));
  const auto rows = rows_of(keys.keys, 0);
  REQUIRE(rows.size() == 2);
  for (std::size_t part = 0; part < rows.size(); ++part) {
    for (const int change : {-1, 1}) {
      auto changed = rows;
      changed[part].resize(changed[part].size() + static_cast<std::size_t>(change));
      Keys other(64);
      CHECK_FALSE(load(other.keys, changed));
    }
  }
  const auto refused = [&](auto change) {
    auto changed = rows;
    change(changed);
    Keys other(64);
    CHECK_FALSE(load(other.keys, changed));
  };
  refused([](auto& parts) { parts.pop_back(); });
  refused([](auto& parts) { parts.push_back(parts.back()); });
  refused([](auto& parts) { std::memcpy(parts[1].data() + 16, parts[1].data(), 8); });  // the same key twice
}
