#include "pawl/core/rules/digest.hpp"

#define XXH_STATIC_LINKING_ONLY  // for the size of its state
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // makes XXH3_128bits_update the widest form that the processor has
#endif

#include <cstring>

#include "pawl/core/base/assert.hpp"

namespace pawl::rules {

struct ChainedHash::State {
  XXH3_state_t xxh;
};

ChainedHash::ChainedHash() : state_(std::make_unique<State>()) { PAWL_ASSERT(XXH3_128bits_reset(&state_->xxh) == XXH_OK); }

ChainedHash::~ChainedHash() = default;

void ChainedHash::absorb(const void* bytes, std::size_t count) noexcept {
  PAWL_ASSERT(XXH3_128bits_update(&state_->xxh, bytes, count) == XXH_OK);
}

Digest128 ChainedHash::value() const noexcept {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_->xxh));
  Digest128 digest;
  static_assert(sizeof canonical.digest == sizeof digest);
  std::memcpy(digest.data(), canonical.digest, sizeof digest);
  return digest;
}

void ChainedHash::chain_behind(const Digest128& digest) noexcept {
  PAWL_ASSERT(XXH3_128bits_reset(&state_->xxh) == XXH_OK);
  absorb(digest.data(), digest.size());
}

void ChainedHash::copy_from(const ChainedHash& other) noexcept { XXH3_copyState(&state_->xxh, &other.state_->xxh); }

std::string to_hex(const Digest128& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : digest) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

}  // namespace pawl::rules
