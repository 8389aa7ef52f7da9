#include "pawl/core/rules/expiring_keys.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/window/hash.hpp"

namespace pawl::rules {
namespace {

constexpr std::uint64_t part_keys = 65'536;
// A record: | hash | last nanosecond at which it is held 8 | its place among the deadlines 4 | 0 4 | key |
constexpr std::size_t last_offset = sizeof(std::uint64_t);
constexpr std::size_t place_offset = last_offset + sizeof(Time);
constexpr std::size_t key_offset = place_offset + sizeof(std::uint64_t);

constexpr std::size_t record_bytes(std::size_t key_bytes) noexcept {
  return (key_offset + key_bytes + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes;
}

Time last_time(Time now, Duration ttl) noexcept {
  Time last;
  if (ttl == 0 || __builtin_add_overflow(now, ttl - 1, &last)) return INT64_MAX;
  return last;
}

}  // namespace

ExpiringKeys::ExpiringKeys(std::string name, std::size_t key_bytes, std::uint64_t keys_max, state::Arena& arena)
    : name_(std::move(name)), key_bytes_(key_bytes), table_({record_bytes(key_bytes), key_offset, key_bytes, keys_max}, arena),
      deadlines_(table_.records(), place_offset, table_.partition_keys_max(), arena) {}

Time ExpiringKeys::last_of(Index index) const noexcept {
  Time last;
  std::memcpy(&last, table_.record(index) + last_offset, sizeof last);
  return last;
}
const std::byte* ExpiringKeys::key_of(Index index) const noexcept { return table_.record(index) + key_offset; }

bool ExpiringKeys::holds(const std::byte* key, Time now) const noexcept {
  const Index index = table_.find(window::hash_bytes(key, key_bytes_), key);
  return index != state::KeyTable::none && now <= last_of(index);
}

bool ExpiringKeys::add(const std::byte* key, Time now, Duration ttl) noexcept {
  const std::uint64_t hash = window::hash_bytes(key, key_bytes_);
  const Time last = last_time(now, ttl);
  const Index index = table_.find(hash, key);
  if (index == state::KeyTable::none) {
    const bool has_room = insert(hash, key, now, last) != state::KeyTable::none;
    refused_ += has_room ? 0 : 1;
    return has_room;
  }
  const Time before = last_of(index);
  if (last > before) prolong(index, last);
  return before < now;
}

// What ran out first leaves its place to the new key.
ExpiringKeys::Index ExpiringKeys::insert(std::uint64_t hash, const std::byte* key, Time now, Time last) noexcept {
  const std::size_t partition = state::KeyTable::partition_of(hash);
  Index index = table_.insert(hash, key);
  if (index == state::KeyTable::none && !deadlines_.empty(partition) && deadlines_.first(partition).at < now) {
    erase(deadlines_.first(partition).key);
    index = table_.insert(hash, key);
  }
  if (index == state::KeyTable::none) return index;
  std::memcpy(table_.record(index) + last_offset, &last, sizeof last);
  if (last != INT64_MAX) deadlines_.add(partition, {last, index});
  else deadlines_.note_absent(index);
  return index;
}

// A key that runs out never stays among the deadlines as it was: else one event might have to catch up with all of them.
void ExpiringKeys::prolong(Index index, Time last) noexcept {
  const std::size_t partition = partition_of(index);
  std::memcpy(table_.record(index) + last_offset, &last, sizeof last);
  if (last != INT64_MAX) deadlines_.postpone(partition, index, last);
  else deadlines_.remove(partition, index);
}

void ExpiringKeys::erase(Index index) noexcept {
  deadlines_.remove(partition_of(index), index);
  table_.erase(index);
}

std::size_t ExpiringKeys::partition_of(Index index) const noexcept {
  std::uint64_t hash;
  std::memcpy(&hash, table_.record(index), sizeof hash);
  return state::KeyTable::partition_of(hash);
}

bool ExpiringKeys::remove(const std::byte* key, Time now) noexcept {
  const Index index = table_.find(window::hash_bytes(key, key_bytes_), key);
  // A key that has run out stays: the second pass may ask again about a moment before, when it was held.
  if (index == state::KeyTable::none || last_of(index) < now) return false;
  erase(index);
  return true;
}

// --- rows ---
//
// part 0   keys u64, refused u64, too long u64
// further  up to 65,536 keys each: key, last nanosecond at which it is held; by partition, then by the key's bytes

std::string ExpiringKeys::schema() const { return "expiring keys 1, " + name_ + ", key b" + std::to_string(key_bytes_); }

std::vector<ExpiringKeys::Index> ExpiringKeys::alive(Time now) const {
  std::vector<Index> all;
  for (std::size_t partition = 0; partition < limits::partitions; ++partition) {
    const auto first = static_cast<std::ptrdiff_t>(all.size());
    table_.each(partition, [&](std::uint32_t, Index index) {
      if (now <= last_of(index)) all.push_back(index);
    });
    std::sort(all.begin() + first, all.end(), [&](Index a, Index b) { return std::memcmp(key_of(a), key_of(b), key_bytes_) < 0; });
  }
  return all;
}

void ExpiringKeys::save(Time now, const PartSink& sink) const {
  const std::vector<Index> keys = alive(now);
  std::vector<std::byte> bytes;
  state::RowWriter rows(bytes);
  rows.put(static_cast<std::uint64_t>(keys.size()));
  rows.put(refused_);
  rows.put(too_long_);
  if (!sink(bytes)) return;
  for (std::size_t i = 0; i < keys.size();) {
    bytes.clear();
    for (const std::size_t end = std::min<std::size_t>(keys.size(), i + part_keys); i < end; ++i) {
      rows.put_bytes({key_of(keys[i]), key_bytes_});
      rows.put(last_of(keys[i]));
    }
    if (!sink(bytes)) return;
  }
}

bool ExpiringKeys::load(state::RowReader& part) {
  if (!head_loaded_) {
    to_load_ = part.take<std::uint64_t>();
    refused_ = part.take<std::uint64_t>();
    too_long_ = part.take<std::uint64_t>();
    head_loaded_ = true;
    return part.holds() && part.ended();
  }
  while (!part.ended()) {
    const std::span<const std::byte> key = part.take_bytes(key_bytes_);
    const Time last = part.take<Time>();
    if (!part.holds() || table_.size() == to_load_) return false;
    const std::uint64_t hash = window::hash_bytes(key.data(), key.size());
    if (table_.find(hash, key.data()) != state::KeyTable::none) return false;
    if (insert(hash, key.data(), INT64_MIN, last) == state::KeyTable::none) return false;
  }
  return true;
}

}  // namespace pawl::rules
