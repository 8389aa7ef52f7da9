// Storage for the decision ring: records of a size known at run time, without stamps (emit waits for the disk, so a stamp's one line
// transfer would gain nothing).
#pragma once

#include <cstddef>
#include <span>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/limits.hpp"
#include "pawl/core/ring/policy.hpp"
#include "pawl/core/ring/prefetch.hpp"
#include "pawl/core/ring/storage.hpp"

namespace pawl {

// Memory: the caller's, aligned to 64, a power of two of records exactly; outlives the ring.
class RecordRing {
 public:
  using Policy = ring::StdAtomics;
  static constexpr bool has_stamp = false;

  RecordRing(std::span<std::byte> memory, std::size_t record_bytes) noexcept
      : base_(memory.data()), record_bytes_(record_bytes), mask_(static_cast<Sequence>(memory.size() / record_bytes) - 1) {
    PAWL_ASSERT(record_bytes % limits::cache_line_bytes == 0);
    PAWL_ASSERT(ring::is_power_of_two(mask_ + 1));
  }

  [[nodiscard]] std::int64_t capacity() const noexcept { return mask_ + 1; }
  [[nodiscard]] std::byte* operator[](Sequence index) const noexcept { return base_ + static_cast<std::size_t>(index & mask_) * record_bytes_; }
  void prefetch(Sequence index) const noexcept { ring::prefetch_to_read((*this)[index]); }

 private:
  std::byte* base_;
  std::size_t record_bytes_;
  Sequence mask_;
};

static_assert(ring::SlotStorage<RecordRing>);

}  // namespace pawl
