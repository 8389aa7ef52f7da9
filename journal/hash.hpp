// Hashes of the journal: SHA-256 for the chain, CONTROL and audit bodies; XXH3-128 for ordinary bodies.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>

#include "pawl/journal/format.hpp"

struct evp_md_ctx_st;
struct XXH3_state_s;

namespace pawl::journal {

// One reusable hashing state. Allocates when it is made, never afterwards. Thread: one at a time.
class Hasher {
 public:
  Hasher();

  // Of the pieces, one after the other.
  [[nodiscard]] Hash sha_256(std::initializer_list<std::span<const std::byte>> pieces);
  [[nodiscard]] Hash body(BodyHash algorithm, std::span<const std::byte> bytes);

 private:
  friend class BodySum;

  struct Free {
    void operator()(evp_md_ctx_st* state) const noexcept;
  };

  void begin();
  void add(std::span<const std::byte> bytes);
  [[nodiscard]] Hash end();

  std::unique_ptr<evp_md_ctx_st, Free> state_;
};

// CRC32C and hash of a body that is still being filled, piece by piece. Allocates when it is made, never afterwards. Thread: one at a time.
class BodySum {
 public:
  explicit BodySum(BodyHash algorithm);

  // Of nothing yet.
  void clear();
  void add(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint32_t crc() const noexcept { return crc_; }
  // Once; clear() follows.
  [[nodiscard]] Hash hash();

 private:
  struct FreeXxh3 {
    void operator()(XXH3_state_s* state) const noexcept;
  };

  BodyHash algorithm_;
  std::uint32_t crc_ = 0;
  Hasher sha_256_;
  std::unique_ptr<XXH3_state_s, FreeXxh3> xxh3_;
};

// What the nonces and the first chain value of a journal derive from.
class Identity {
 public:
  Identity(const Uuid& database, const Hash& secret) : database_(database), secret_(secret) {}

  [[nodiscard]] const Uuid& database() const noexcept { return database_; }
  [[nodiscard]] Nonce nonce(std::uint32_t epoch, Hasher& hasher) const;
  [[nodiscard]] Hash first_chain(Hasher& hasher) const;  // what stands for the chain of a block 0

 private:
  Uuid database_;
  Hash secret_;
};

// Unpredictable bytes from the operating system, through libcrypto. The default of Options::random.
void random_bytes(std::span<std::byte> into);

}  // namespace pawl::journal
