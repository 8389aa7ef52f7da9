#include "pawl/core/language/lookup.hpp"

#include "pawl/core/base/assert.hpp"

namespace pawl::language {

Lookup Lookup::make(const Type& from, const Type& to, const std::vector<Entry>& entries) {
  PAWL_ASSERT(entries.size() <= entries_max);
  const auto cell = [](const Type& type, const Value& value) { return type.kind == Kind::floating ? std::bit_cast<std::int64_t>(value.floating) : value.number; };
  Lookup made;
  made.texts_ = from.kind == Kind::text;
  made.floats_ = from.kind == Kind::floating;
  if (made.texts_) made.ends_.push_back(0);
  for (const Entry& entry : entries) {
    made.values_.push_back(cell(to, entry.value));
    if (made.texts_) made.chars_ += entry.key.text, made.ends_.push_back(static_cast<std::uint32_t>(made.chars_.size()));
    else made.keys_.push_back(made.normal(cell(from, entry.key)));
  }
  made.fill_slots();
  return made;
}

void Lookup::fill_slots() {
  slots_.assign(std::bit_ceil(2 * size() + 1), 0);
  for (std::size_t i = 0; i < size(); ++i) {
    std::size_t at = hash_of(i) & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = static_cast<Slot>(i + 1);
  }
}

const std::int64_t* Lookup::find(std::int64_t key) const noexcept {
  key = normal(key);
  for (std::size_t at = hash(key) & (slots_.size() - 1); slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (keys_[slots_[at] - 1] == key) return &values_[slots_[at] - 1];
  }
  return nullptr;
}

const std::int64_t* Lookup::find(std::string_view key) const noexcept {
  for (std::size_t at = hash(key) & (slots_.size() - 1); slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (text_key(slots_[at] - 1) == key) return &values_[slots_[at] - 1];
  }
  return nullptr;
}

// The finaliser of MurmurHash3.
std::uint64_t Lookup::hash(std::int64_t key) noexcept {
  auto mixed = static_cast<std::uint64_t>(key);
  mixed = (mixed ^ mixed >> 33) * 0xff51'afd7'ed55'8ccdU;
  mixed = (mixed ^ mixed >> 33) * 0xc4ce'b9fe'1a85'ec53U;
  return mixed ^ mixed >> 33;
}

// FNV-1a: keys are short.
std::uint64_t Lookup::hash(std::string_view key) noexcept {
  std::uint64_t mixed = 0xcbf2'9ce4'8422'2325U;
  for (const char c : key) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3U;
  return mixed ^ mixed >> 32;
}

}  // namespace pawl::language
