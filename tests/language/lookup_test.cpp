// What maps hold is found, soon even if the keys were chosen so that it would not be.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "pawl/core/language/lookup.hpp"

namespace lookup_test {

using namespace pawl;
using language::Lookup;

namespace {

constexpr Type integers{};
constexpr Type texts{.kind = Kind::text, .text_bytes = 40};

std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t found = odd;
  for (int i = 0; i < 6; ++i) found *= 2 - odd * found;
  return found;
}

// The key whose hash, without a seed, is that.
std::int64_t key_of(std::uint64_t hash) {
  hash = (hash ^ hash >> 33) * inverse(0xc4ce'b9fe'1a85'ec53U);
  hash = (hash ^ hash >> 33) * inverse(0xff51'afd7'ed55'8ccdU);
  return static_cast<std::int64_t>(hash ^ hash >> 33);
}

Lookup lookup_of(const std::vector<std::int64_t>& keys) {
  std::vector<Lookup::Entry> entries;
  for (const std::int64_t key : keys) entries.push_back({Value::of(key), Value::of(key / 2)});
  return Lookup::make(integers, integers, entries);
}

void check_finds(const Lookup& lookup, const std::vector<std::int64_t>& keys) {
  CHECK(lookup.steps() <= Lookup::steps_max);
  std::size_t found = 0;
  for (const std::int64_t key : keys) {
    const std::int64_t* const value = lookup.find(key);
    found += value != nullptr && *value == key / 2;
  }
  CHECK(found == keys.size());
  CHECK(lookup.find(key_of(std::uint64_t{1} << 60 | 0x1234)) == nullptr);
}

}  // namespace

TEST_CASE("keys that were chosen to stand in one place are found in few steps") {
  std::vector<std::int64_t> same, row;
  for (std::uint64_t i = 1; i <= 20'000; ++i) same.push_back(key_of(i << 32)), row.push_back(key_of(i));
  check_finds(lookup_of(same), same);
  check_finds(lookup_of(row), row);  // no gap between them: what is not there is missed soon as well
}

TEST_CASE("as many keys as there may be") {
  std::vector<std::int64_t> keys;
  for (std::size_t i = 0; i < Lookup::entries_max; ++i) keys.push_back(static_cast<std::int64_t>(i * 7));
  const Lookup lookup = lookup_of(keys);
  check_finds(lookup, keys);
  MESSAGE(lookup.steps(), " steps");
}

TEST_CASE("texts, as keys and as values") {
  std::vector<Lookup::Entry> entries;
  for (int i = 0; i < 1000; ++i) entries.push_back({Value::of_text("key " + std::to_string(i)), Value::of_text(std::string(static_cast<std::size_t>(i % 40), 'x') + std::to_string(i))});
  entries.push_back({Value::of_text(""), Value::of_text("")});
  const Lookup lookup = Lookup::make(texts, texts, entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::int64_t* const entry = lookup.find(std::string_view(entries[i].key.text));
    REQUIRE(entry != nullptr);
    CHECK(lookup.text_value(static_cast<std::size_t>(*entry)) == entries[i].value.text);
  }
  CHECK(lookup.find(std::string_view("key")) == nullptr);
}

}  // namespace lookup_test
