// What a map of the language holds: found by its hash, in a bounded number of steps whoever chose the keys. Constant once made.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/event/type.hpp"

namespace pawl::language {

// Immutable after make(); any thread. No allocation in find().
class Lookup {
 public:
  static constexpr std::size_t entries_max = 1 << 20;

  static constexpr std::int64_t no_entry = -1;
  static constexpr std::size_t steps_max = 128;  // of find(): far more than keys that nobody chose need

  // Literals of the map's types. A float is kept as the bits of its double, a boolean as 0 or 1, a text as the number of its entry.
  struct Entry {
    Value key, value;
  };
  // REQUIRES: at most entries_max; no key twice.
  [[nodiscard]] static Lookup make(const Type& from, const Type& to, const std::vector<Entry>& entries);

  // The value, or null: there is no such key. Of a float's two zeros either is found.
  [[nodiscard]] const std::int64_t* find(std::int64_t key) const noexcept;
  [[nodiscard]] const std::int64_t* find(std::string_view key) const noexcept;

  [[nodiscard]] std::size_t steps() const noexcept { return steps_; }  // of find(), at most
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return slots_.size() * sizeof(Slot) + (keys_.size() + values_.size()) * 8 + ends_.size() * 4 + chars_.size() + text_values_.size() + value_ends_.size() * 4; }
  // As entry `i` was given.
  [[nodiscard]] std::int64_t number_key(std::size_t i) const noexcept { return keys_[i]; }
  [[nodiscard]] std::string_view text_key(std::size_t i) const noexcept { return std::string_view(chars_).substr(ends_[i], ends_[i + 1] - ends_[i]); }
  [[nodiscard]] std::int64_t value(std::size_t i) const noexcept { return values_[i]; }
  [[nodiscard]] std::string_view text_value(std::size_t i) const noexcept { return std::string_view(text_values_).substr(value_ends_[i], value_ends_[i + 1] - value_ends_[i]); }

 private:
  using Slot = std::uint32_t;  // an entry's number and one; 0: free

  [[nodiscard]] bool fill_slots();
  template <class IsKey> [[nodiscard]] const std::int64_t* search(std::uint64_t hash, IsKey is_key) const noexcept;
  [[nodiscard]] std::uint64_t hash_of(std::size_t entry) const noexcept { return texts_ ? hash(text_key(entry)) : hash(keys_[entry]); }
  [[nodiscard]] std::uint64_t hash(std::int64_t key) const noexcept;
  [[nodiscard]] std::uint64_t hash(std::string_view key) const noexcept;
  [[nodiscard]] std::int64_t normal(std::int64_t key) const noexcept { return floats_ && std::bit_cast<double>(key) == 0 ? 0 : key; }

  bool texts_ = false, floats_ = false;
  std::vector<std::int64_t> keys_, values_;
  std::string chars_;                // of all keys that are texts
  std::vector<std::uint32_t> ends_;  // of each in chars_, behind a 0
  std::string text_values_;          // of all values that are texts
  std::vector<std::uint32_t> value_ends_;
  std::vector<Slot> slots_;          // a power of two, at least twice as many as there are entries
  std::uint64_t seed_ = 0;           // of the hash: the first of a fixed row with which every key is found in steps_max
  std::size_t steps_ = 0;            // in which every key is found
};

}  // namespace pawl::language
