// Loops that are compiled twice, for processors with registers of 32 bytes too.
#pragma once

#if defined(__x86_64__)
#define PAWL_AVX2 [[gnu::target("avx2,bmi,bmi2")]]
#else
#define PAWL_AVX2
#endif

namespace pawl::window {

// Asked once, at set-up.
[[nodiscard]] inline bool has_avx2() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0;
#else
  return false;
#endif
}

}  // namespace pawl::window
