// The digest is XXH3-128 as its authors define it, whatever form of it this processor runs and however the bytes come.
#include <doctest/doctest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <random>
#include <vector>

#include "pawl/core/rules/digest.hpp"

using namespace pawl::rules;

namespace {

std::vector<std::byte> random_bytes(std::size_t count) {
  std::mt19937_64 engine(count);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine());
  return bytes;
}

Digest128 reference(const std::vector<std::byte>& bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  Digest128 digest;
  std::memcpy(digest.data(), canonical.digest, sizeof digest);
  return digest;
}

}  // namespace

TEST_CASE("pieces of any size give the hash of the whole") {
  for (const unsigned count : {0U, 1U, 16U, 240U, 241U, 256U, 1024U, 5000U, 70'000U}) {
    const auto bytes = random_bytes(count);
    for (const unsigned piece : {8U, 100U, 512U, 4096U}) {
      ChainedHash hash;
      for (std::size_t at = 0; at < count; at += piece) hash.absorb(bytes.data() + at, std::min<std::size_t>(piece, count - at));
      CHECK(hash.value() == reference(bytes));
    }
  }
}

TEST_CASE("a chain begins each interval with the hash so far; a copy leaves its origin alone") {
  const auto bytes = random_bytes(1000);
  ChainedHash hash;
  hash.absorb(bytes.data(), bytes.size());
  hash.chain();
  const Digest128 before = reference(bytes);
  std::vector<std::byte> next(before.begin(), before.end());
  CHECK(hash.value() == reference(next));

  ChainedHash copy;
  copy.copy_from(hash);
  copy.absorb(bytes.data(), 7);
  CHECK(hash.value() == reference(next));
  next.insert(next.end(), bytes.begin(), bytes.begin() + 7);
  CHECK(copy.value() == reference(next));
}
