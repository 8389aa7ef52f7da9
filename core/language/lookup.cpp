#include "pawl/core/language/lookup.hpp"

#include <algorithm>

#include "pawl/core/base/assert.hpp"

namespace pawl::language {

Lookup Lookup::make(const Type& from, const Type& to, const std::vector<Entry>& entries) {
  PAWL_ASSERT(entries.size() <= entries_max);
  const auto cell = [](const Type& type, const Value& value) { return type.kind == Kind::floating ? std::bit_cast<std::int64_t>(value.floating) : value.number; };
  Lookup made;
  made.texts_ = from.kind == Kind::text;
  made.floats_ = from.kind == Kind::floating;
  const bool to_texts = to.kind == Kind::text;
  if (made.texts_) made.ends_.push_back(0);
  if (to_texts) made.value_ends_.push_back(0);
  for (const Entry& entry : entries) {
    made.values_.push_back(to_texts ? static_cast<std::int64_t>(made.values_.size()) : cell(to, entry.value));
    if (to_texts) made.text_values_ += entry.value.text, made.value_ends_.push_back(static_cast<std::uint32_t>(made.text_values_.size()));
    if (made.texts_) made.chars_ += entry.key.text, made.ends_.push_back(static_cast<std::uint32_t>(made.chars_.size()));
    else made.keys_.push_back(made.normal(cell(from, entry.key)));
  }
  for (int seeds = 0; !made.fill_slots(); ++seeds) {
    PAWL_ASSERT(seeds < 1000);  // keys that were chosen against one seed are nothing special to the next
    made.seed_ += 0x9e37'79b9'7f4a'7c15U;
  }
  return made;
}

// False: a key came too far from its place.
bool Lookup::fill_slots() {
  slots_.assign(std::bit_ceil(2 * size() + 1), 0);
  steps_ = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    std::size_t at = hash_of(i) & (slots_.size() - 1), steps = 1;
    for (; slots_[at] != 0 && steps <= steps_max; ++steps) at = (at + 1) & (slots_.size() - 1);
    if (steps > steps_max) return false;
    slots_[at] = static_cast<Slot>(i + 1);
    steps_ = std::max(steps_, steps);
  }
  return true;
}

// is_key(entry).
template <class IsKey>
const std::int64_t* Lookup::search(std::uint64_t hash, IsKey is_key) const noexcept {
  std::size_t at = hash & (slots_.size() - 1);
  for (std::size_t steps = 0; steps < steps_ && slots_[at] != 0; ++steps, at = (at + 1) & (slots_.size() - 1)) {
    if (is_key(slots_[at] - 1)) return &values_[slots_[at] - 1];
  }
  return nullptr;
}

const std::int64_t* Lookup::find(std::int64_t key) const noexcept {
  key = normal(key);
  return search(hash(key), [&](std::size_t entry) { return keys_[entry] == key; });
}

const std::int64_t* Lookup::find(std::string_view key) const noexcept {
  return search(hash(key), [&](std::size_t entry) { return text_key(entry) == key; });
}

// The finaliser of MurmurHash3.
std::uint64_t Lookup::hash(std::int64_t key) const noexcept {
  auto mixed = static_cast<std::uint64_t>(key) ^ seed_;
  mixed = (mixed ^ mixed >> 33) * 0xff51'afd7'ed55'8ccdU;
  mixed = (mixed ^ mixed >> 33) * 0xc4ce'b9fe'1a85'ec53U;
  return mixed ^ mixed >> 33;
}

// FNV-1a: keys are short.
std::uint64_t Lookup::hash(std::string_view key) const noexcept {
  std::uint64_t mixed = 0xcbf2'9ce4'8422'2325U ^ seed_;
  for (const char c : key) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3U;
  return mixed ^ mixed >> 32;
}

}  // namespace pawl::language
