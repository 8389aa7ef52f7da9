// Compiled for AVX-512 F and DQ: see kernel_loops.hpp for what that forbids. Runs only where the processor has both.
#if defined(__x86_64__)
#include <immintrin.h>

#include "pawl/core/rules/kernel_loops.hpp"

namespace pawl::rules {
namespace {

struct Avx512 {
  using Vector = __m512i;
  using Mask = __mmask8;
  static constexpr unsigned width = 8;

  static Vector load(Cells at) noexcept { return _mm512_loadu_si512(at); }
  static void store(std::int64_t* at, Vector v) noexcept { _mm512_storeu_si512(at, v); }
  static Vector set(std::int64_t value) noexcept { return _mm512_set1_epi64(value); }
  static Vector add(Vector a, Vector b) noexcept { return _mm512_add_epi64(a, b); }
  static Vector subtract(Vector a, Vector b) noexcept { return _mm512_sub_epi64(a, b); }
  static Vector multiply(Vector a, Vector b) noexcept { return _mm512_mullo_epi64(a, b); }
  // The masked form with every lane: the plain one makes gcc 12 warn of what it leaves undefined inside.
  static Vector sign(Vector v) noexcept { return _mm512_maskz_srai_epi64(0xFF, v, 63); }
  static Vector bit_and(Vector a, Vector b) noexcept { return _mm512_and_si512(a, b); }
  static Vector bit_or(Vector a, Vector b) noexcept { return _mm512_or_si512(a, b); }
  static Vector bit_xor(Vector a, Vector b) noexcept { return _mm512_xor_si512(a, b); }
  static Mask equal(Vector a, Vector b) noexcept { return _mm512_cmpeq_epi64_mask(a, b); }
  static Mask less(Vector a, Vector b) noexcept { return _mm512_cmplt_epi64_mask(a, b); }
  static Mask less_equal(Vector a, Vector b) noexcept { return _mm512_cmple_epi64_mask(a, b); }
  static Mask mask(Lanes bits) noexcept { return static_cast<Mask>(bits); }
  static Lanes bits(Mask mask) noexcept { return mask; }
  static Vector blend(Mask mask, Vector yes, Vector no) noexcept { return _mm512_mask_blend_epi64(mask, no, yes); }
};

}  // namespace

const Kernels& avx512_kernels() noexcept {
  static constexpr Kernels set = KernelLoops<Avx512>::kernels("avx512");
  return set;
}

}  // namespace pawl::rules
#endif
