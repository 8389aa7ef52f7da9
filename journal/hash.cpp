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

// Fetched once in a process: a fetch, which an implicit one at every use would be too, allocates and costs more than most hashes.
const EVP_MD* sha_256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PAWL_ASSERT(algorithm != nullptr);
  return algorithm;
}

}  // namespace

Hasher::Hasher() : state_(EVP_MD_CTX_new()) {
  PAWL_ASSERT(state_ != nullptr);
  begin();
}

void Hasher::begin() { PAWL_ASSERT(EVP_DigestInit_ex2(state_.get(), sha_256_algorithm(), nullptr) == 1); }

void Hasher::add(std::span<const std::byte> bytes) { PAWL_ASSERT(EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()) == 1); }

Hash Hasher::end() {
  Hash hash{};
  PAWL_ASSERT(EVP_DigestFinal_ex(state_.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1);
  return hash;
}

Hash Hasher::sha_256(std::initializer_list<std::span<const std::byte>> pieces) {
  begin();
  for (const auto piece : pieces) add(piece);
  return end();
}

void Hasher::Free::operator()(evp_md_ctx_st* state) const noexcept { EVP_MD_CTX_free(state); }

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
  if (algorithm_ == BodyHash::sha_256) return sha_256_.begin();
  PAWL_ASSERT(XXH3_128bits_reset(xxh3_.get()) == XXH_OK);
}

void BodySum::add(std::span<const std::byte> bytes) {
  crc_ = crc32c(bytes, crc_);
  if (algorithm_ == BodyHash::sha_256) return sha_256_.add(bytes);
  PAWL_ASSERT(XXH3_128bits_update(xxh3_.get(), bytes.data(), bytes.size()) == XXH_OK);
}

Hash BodySum::hash() { return algorithm_ == BodyHash::sha_256 ? sha_256_.end() : canonical(XXH3_128bits_digest(xxh3_.get())); }

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
