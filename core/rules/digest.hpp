// The decision digest: XXH3-128 over the canonical bytes of every decision and every `let` value, in order. Two runs that decided the
// same have the same digest, whatever their batches, threads or machines were.
//
// Canonical bytes, tile by tile (64 sequences, n of them present, n < 64 only in the log's last tile):
//   the mask of lanes that are events (8 bytes)
//   per let, in file order:  mask of valid lanes, then n cells: numbers 8 bytes; fractions 32 (numerator, denominator); booleans a mask
//   per rule, in file order: mask of lanes where it fired, mask of lanes where it could not be evaluated
//   n scores of 8 bytes
// The digest is chained: after every 65,536 sequences the hash starts anew with the 16 bytes it came to, so that replay can name the
// first interval that differs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "pawl/core/base/types.hpp"

namespace pawl::rules {

using Digest128 = std::array<std::byte, 16>;  // big-endian, as it is printed

// 32 lower-case hex digits.
[[nodiscard]] std::string to_hex(const Digest128& digest);

// Thread: one. Allocates in its constructor alone.
class ChainedHash {
 public:
  ChainedHash();
  ~ChainedHash();
  ChainedHash(const ChainedHash&) = delete;
  ChainedHash& operator=(const ChainedHash&) = delete;

  void absorb(const void* bytes, std::size_t count) noexcept;
  [[nodiscard]] Digest128 value() const noexcept;
  // Starts a new interval on top of value().
  void chain() noexcept;
  // A copy of the other's state: to look at what a partial tile would give without absorbing it for good.
  void copy_from(const ChainedHash& other) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pawl::rules
