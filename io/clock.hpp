// The clocks, as a seam: the state machine never reads one; ingest and the journal's timers do.
#pragma once

#include "pawl/core/base/types.hpp"

namespace pawl::io {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock, for ingest times. May step.
  [[nodiscard]] virtual Time now() = 0;
  // Never steps back; for timers and latencies. Unrelated to now().
  [[nodiscard]] virtual std::int64_t monotonic_ns() = 0;
};

}  // namespace pawl::io
