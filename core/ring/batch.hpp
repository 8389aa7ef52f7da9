// Batch: a run of sequences, the unit in which slots are claimed, published, polled and released.
#pragma once

#include <cstdint>

#include "pawl/core/base/types.hpp"

namespace pawl::ring {

// Sequences first .. last, both included. Empty (last < first) is an expected outcome: full for a writer, nothing yet for a reader.
struct [[nodiscard]] Batch {
  Sequence first = 0;
  Sequence last = no_sequence;

  [[nodiscard]] constexpr bool empty() const noexcept { return last < first; }
  [[nodiscard]] constexpr std::int64_t size() const noexcept { return last - first + 1; }
  explicit constexpr operator bool() const noexcept { return !empty(); }
  friend constexpr bool operator==(const Batch&, const Batch&) = default;
};

}  // namespace pawl::ring
