// The machine's own condition, read at the begin of every round: what has changed when figures have.
#pragma once

namespace pawl::bench {

struct Condition {
  double step_ns = 0;       // of a chain of multiplications: the CPU's speed
  double line_ns = 0;       // L, one line from core to core
  double lost_percent = 0;  // of an empty loop's time: taken by other processes, the kernel, the hypervisor
};

// Takes some 10 ms.
[[nodiscard]] Condition read_condition();

}  // namespace pawl::bench
