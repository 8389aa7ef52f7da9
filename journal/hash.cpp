#include "pawl/journal/hash.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // XXH3 by the widest vectors that the processor has
#else
#include <xxhash.h>
#endif

#include <algorithm>
#include <string_view>
#include <utility>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/crc32c.hpp"

namespace pawl::journal {
namespace {

Hash canonical(XXH128_hash_t value) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, value);
  Hash hash{};
  std::transform(std::begin(bytes.digest), std::end(bytes.digest), hash.begin(), [](unsigned char byte) { return std::byte{byte}; });
  return hash;
}

}  // namespace

// Fetched once: an implicit fetch at every use would allocate.
Hasher::Hasher() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), state_(EVP_MD_CTX_new()) {
  PAWL_ASSERT(algorithm_ != nullptr);
  PAWL_ASSERT(state_ != nullptr);
}

Hasher::~Hasher() {
  EVP_MD_CTX_free(state_);
  EVP_MD_free(algorithm_);
}

Hasher::Hasher(Hasher&& other) noexcept : algorithm_(std::exchange(other.algorithm_, nullptr)), state_(std::exchange(other.state_, nullptr)) {}

Hasher& Hasher::operator=(Hasher&& other) noexcept {
  std::swap(algorithm_, other.algorithm_);
  std::swap(state_, other.state_);
  return *this;
}

Hash Hasher::sha_256(std::initializer_list<std::span<const std::byte>> pieces) {
  Hash hash{};
  bool ok = EVP_DigestInit_ex2(state_, algorithm_, nullptr) == 1;
  for (const auto piece : pieces) ok = ok && EVP_DigestUpdate(state_, piece.data(), piece.size()) == 1;
  ok = ok && EVP_DigestFinal_ex(state_, reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1;
  PAWL_ASSERT(ok);
  return hash;
}

Hash Hasher::body(BodyHash algorithm, std::span<const std::byte> bytes) {
  if (algorithm == BodyHash::sha_256) return sha_256({bytes});
  return canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

BodySum::BodySum(BodyHash algorithm) : algorithm_(algorithm), xxh3_(XXH3_createState()) {
  PAWL_ASSERT(xxh3_ != nullptr);
  clear();
}

void BodySum::clear() {
  crc_ = 0;
  const bool ok = algorithm_ == BodyHash::sha_256 ? EVP_DigestInit_ex2(sha_256_.state_, sha_256_.algorithm_, nullptr) == 1
                                                  : XXH3_128bits_reset(xxh3_.get()) == XXH_OK;
  PAWL_ASSERT(ok);
}

void BodySum::add(std::span<const std::byte> bytes) {
  crc_ = crc32c(bytes, crc_);
  const bool ok = algorithm_ == BodyHash::sha_256 ? EVP_DigestUpdate(sha_256_.state_, bytes.data(), bytes.size()) == 1
                                                  : XXH3_128bits_update(xxh3_.get(), bytes.data(), bytes.size()) == XXH_OK;
  PAWL_ASSERT(ok);
}

Hash BodySum::hash() {
  if (algorithm_ == BodyHash::xxh3_128) return canonical(XXH3_128bits_digest(xxh3_.get()));
  Hash hash{};
  PAWL_ASSERT(EVP_DigestFinal_ex(sha_256_.state_, reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1);
  return hash;
}

void BodySum::FreeXxh3::operator()(XXH3_state_s* state) const noexcept { XXH3_freeState(state); }

Nonce Identity::nonce(std::uint32_t epoch, Hasher& hasher) const {
  const Hash hash = hasher.sha_256({secret_, std::as_bytes(std::span(&epoch, 1))});
  Nonce nonce;
  std::copy_n(hash.begin(), nonce.size(), nonce.begin());
  return nonce;
}

Hash Identity::first_chain(Hasher& hasher) const {
  static constexpr std::string_view domain = "pawl journal";
  return hasher.sha_256({std::as_bytes(std::span(domain)), database_});
}

void random_bytes(std::span<std::byte> into) {
  PAWL_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(into.data()), static_cast<int>(into.size())) == 1);
}

}  // namespace pawl::journal
