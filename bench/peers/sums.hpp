// What results of different engines are compared by: of each feature the sum over all payments of its value times 2 id + 1, modulo 2^64; of
// a rule likewise, with 1 for an alert. It does not depend on the order of payments, and a value at the wrong payment changes it. A
// quotient counts by the bits of the double that is nearest to it.
#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <string>

namespace pawl::bench {

// By the name of a feature or rule.
using Sums = std::map<std::string, std::uint64_t>;

[[nodiscard]] constexpr std::uint64_t weighted(std::int64_t id, std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) * (2 * static_cast<std::uint64_t>(id) + 1);
}

// REQUIRES: both are below 2^53, so that the quotient is rounded once.
[[nodiscard]] constexpr std::int64_t quotient_bits(std::int64_t numerator, std::int64_t denominator) noexcept {
  return std::bit_cast<std::int64_t>(static_cast<double>(numerator) / static_cast<double>(denominator));
}

}  // namespace pawl::bench
