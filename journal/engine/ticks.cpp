#include "pawl/journal/engine/ticks.hpp"

#include "pawl/journal/engine/control.hpp"

namespace pawl::journal {

std::int64_t Ticks::fill(const SlotRun& run) {
  if (!begun_.requested()) return 0;
  const auto decided = decided_.load();
  // Acquire is more than is needed: this thread publishes it.
  if (!decided || decided->deadline == INT64_MAX || decided->sequence != sequenced_.load_acquire()) return 0;
  const Time now = clock_.now();
  if (began_ == INT64_MIN) began_ = last_tick_ = now;
  const Time since = decided->ingest != INT64_MIN ? decided->ingest : began_;  // all events lie before the snapshot that was gone on from
  if (now - std::max(since, last_tick_) < interval_) return 0;
  Time at;
  if (__builtin_add_overflow(decided->effective, now - since, &at) || at <= decided->deadline) return 0;
  last_tick_ = now;
  write_head(run.slot(0), static_cast<std::uint16_t>(InputType::tick), 0, at, 0);
  return 1;
}

}  // namespace pawl::journal
