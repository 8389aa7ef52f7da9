// The decision digest: XXH3-128 over the canonical bytes of every decision and every `let` value, in order. Two runs that decided the
// same have the same digest, whatever their batches, threads or machines were.
//
// Canonical bytes, tile by tile (64 sequences, n of them present, n < 64 only in the log's last tile):
//   masks of 8 bytes, bit i for lane i: the lanes that are events; per let, in file order: those with a value, and then of a boolean
//     the true ones, of a fraction those whose parts need more than 64 bits; per rule, in file order: where it fired, where it could
//     not be evaluated, of a rule with a cooldown where that suppressed it, of one that is live for a share where it fired in shadow
//   per let, in file order, n cells (0, or 0/1, where there is no value): of a number 8 bytes each; of a fraction n numerators and n
//     denominators of 8 bytes (0/1 where they need more), and 32 bytes for each that needs more; of a boolean nothing; of a text, whose
//     masks are a boolean's that is true where it has a value, as many bytes as the longest has for each value, padded with zeros
//   if a rule fired: n scores of 8 bytes
//   if there is a policy: n decisions, a byte each (DecisionRecord)
// Lets and rules that are not evaluated have no cells, the lets no masks either. Timed outputs of a tile's inputs stand before it, in their order:
// 8 bytes each of the sequence, the first sequence and the score; 4 each of output and rule; a byte each that says whether the rule fired, could not
// be evaluated, was suppressed, fired in shadow, and one for the decision; 3 zeros; the key, as long as the pattern's group has it.
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
  void chain() noexcept { chain_behind(value()); }
  // The same on top of what another hash came to.
  void chain_behind(const Digest128& digest) noexcept;
  // A copy of the other's state: to look at what a partial tile would give without absorbing it for good.
  void copy_from(const ChainedHash& other) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pawl::rules
