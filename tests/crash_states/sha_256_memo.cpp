// SHA-256 for a program that hashes the same bytes again and again: what was hashed before is looked up, by XXH3-128 of the bytes. A third of the
// time of a crash state was SHA-256 of CONTROL slots and sectors that thousands of states share. The linker puts these in the place of
// libcrypto's (--wrap), so what is tested is the library as it ships. Thread: one.
#include <openssl/evp.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include <array>
#include <cstring>
#include <vector>

extern "C" {
EVP_MD_CTX* __real_EVP_MD_CTX_new();
void __real_EVP_MD_CTX_free(EVP_MD_CTX* state);
int __real_EVP_DigestInit_ex2(EVP_MD_CTX* state, const EVP_MD* algorithm, const OSSL_PARAM* parameters);
int __real_EVP_DigestUpdate(EVP_MD_CTX* state, const void* bytes, std::size_t length);
int __real_EVP_DigestFinal_ex(EVP_MD_CTX* state, unsigned char* hash, unsigned* length);
}

namespace {

constexpr std::size_t hash_bytes = 32;

// What was hashed last, of each remainder of the key.
struct Known {
  XXH128_hash_t key{};
  std::array<unsigned char, hash_bytes> hash{};
  bool holds = false;
};
std::vector<Known> known(1U << 15U);

struct State {
  EVP_MD_CTX* real = __real_EVP_MD_CTX_new();
  const EVP_MD* algorithm = nullptr;
  std::vector<unsigned char> bytes;  // added so far
};

State& of(EVP_MD_CTX* state) { return *reinterpret_cast<State*>(state); }

}  // namespace

extern "C" {

EVP_MD_CTX* __wrap_EVP_MD_CTX_new() { return reinterpret_cast<EVP_MD_CTX*>(new State); }

void __wrap_EVP_MD_CTX_free(EVP_MD_CTX* state) {
  if (state == nullptr) return;
  __real_EVP_MD_CTX_free(of(state).real);
  delete &of(state);
}

int __wrap_EVP_DigestInit_ex2(EVP_MD_CTX* state, const EVP_MD* algorithm, const OSSL_PARAM*) {
  of(state).algorithm = algorithm;
  of(state).bytes.clear();
  return 1;
}

int __wrap_EVP_DigestUpdate(EVP_MD_CTX* state, const void* bytes, std::size_t length) {
  const auto* const first = static_cast<const unsigned char*>(bytes);
  of(state).bytes.insert(of(state).bytes.end(), first, first + length);
  return 1;
}

int __wrap_EVP_DigestFinal_ex(EVP_MD_CTX* state, unsigned char* hash, unsigned* length) {
  State& own = of(state);
  const XXH128_hash_t key = XXH3_128bits(own.bytes.data(), own.bytes.size());
  Known& entry = known[key.low64 % known.size()];
  if (!entry.holds || XXH128_isEqual(entry.key, key) == 0) {
    const bool hashed = __real_EVP_DigestInit_ex2(own.real, own.algorithm, nullptr) == 1 && __real_EVP_DigestUpdate(own.real, own.bytes.data(), own.bytes.size()) == 1 &&
                        __real_EVP_DigestFinal_ex(own.real, entry.hash.data(), nullptr) == 1;
    entry.key = key;
    entry.holds = hashed;
    if (!hashed) return 0;
  }
  std::memcpy(hash, entry.hash.data(), hash_bytes);
  if (length != nullptr) *length = hash_bytes;
  return 1;
}
}
