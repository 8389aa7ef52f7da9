// The clocks of the machine.
#pragma once

#include "pawl/io/clock.hpp"

namespace pawl::io {

// CLOCK_REALTIME and CLOCK_MONOTONIC; some 25 ns a call where the kernel answers without a system call (`pawl doctor` says).
// Thread: any.
class SystemClock final : public Clock {
 public:
  Time now() override;
  std::int64_t monotonic_ns() override;
};

}  // namespace pawl::io
