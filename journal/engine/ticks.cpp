#include "pawl/journal/engine/ticks.hpp"

#include <algorithm>

#include "pawl/journal/engine/control.hpp"

namespace pawl::journal {

std::int64_t Ticks::fill(const SlotRun& run) {
  if (!begun_.requested()) return 0;
  const auto decided = decided_.load();
  if (!decided) return 0;
  const std::int64_t now = clock_.monotonic_ns();
  if (!ingest_) last_tick_ns_ = now;
  if (ingest_ != decided->ingest) {
    ingest_ = decided->ingest;
    passed_ = decided->ingest == INT64_MIN ? 0 : std::max<Duration>(clock_.now() - decided->ingest, 0);  // INT64_MIN: it lies before the snapshot that was gone on from
    looked_ns_ = now;
  }
  const Duration passed = passed_ + (now - looked_ns_);
  // Acquire is more than is needed: this thread publishes it.
  if (decided->deadline == INT64_MAX || decided->sequence != sequenced_.load_acquire()) return 0;
  if (passed < interval_ || now - last_tick_ns_ < interval_) return 0;
  Time at;
  if (__builtin_add_overflow(decided->effective, passed, &at) || at <= decided->deadline) return 0;
  last_tick_ns_ = now;
  write_head(run.slot(0), static_cast<std::uint16_t>(InputType::tick), 0, at, 0);
  return 1;
}

}  // namespace pawl::journal
