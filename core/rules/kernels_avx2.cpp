// Compiled for AVX2: see kernel_loops.hpp for what that forbids. Runs only where the processor has it.
#if defined(__x86_64__)
#include <immintrin.h>

#include "pawl/core/rules/kernel_loops.hpp"

namespace pawl::rules {
namespace {

struct Avx2 {
  using Vector = __m256i;
  using Mask = __m256i;  // all ones or all zeros per lane
  static constexpr unsigned width = 4;

  static Vector load(Cells at) noexcept { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
  static void store(std::int64_t* at, Vector v) noexcept { _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), v); }
  static Vector set(std::int64_t value) noexcept { return _mm256_set1_epi64x(value); }
  static Vector add(Vector a, Vector b) noexcept { return _mm256_add_epi64(a, b); }
  static Vector subtract(Vector a, Vector b) noexcept { return _mm256_sub_epi64(a, b); }
  // Schoolbook in halves of 32 bits; the product of the high halves is beyond the low 64 bits.
  static Vector multiply(Vector a, Vector b) noexcept {
    const Vector crossed = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), b), _mm256_mul_epu32(a, _mm256_srli_epi64(b, 32)));
    return _mm256_add_epi64(_mm256_mul_epu32(a, b), _mm256_slli_epi64(crossed, 32));
  }
  static Vector sign(Vector v) noexcept { return _mm256_cmpgt_epi64(_mm256_setzero_si256(), v); }
  static Vector bit_and(Vector a, Vector b) noexcept { return _mm256_and_si256(a, b); }
  static Vector bit_or(Vector a, Vector b) noexcept { return _mm256_or_si256(a, b); }
  static Vector bit_xor(Vector a, Vector b) noexcept { return _mm256_xor_si256(a, b); }
  static Mask equal(Vector a, Vector b) noexcept { return _mm256_cmpeq_epi64(a, b); }
  static Mask less(Vector a, Vector b) noexcept { return _mm256_cmpgt_epi64(b, a); }
  static Mask less_equal(Vector a, Vector b) noexcept { return _mm256_xor_si256(_mm256_cmpgt_epi64(a, b), _mm256_set1_epi64x(-1)); }
  static Mask mask(Lanes bits) noexcept {
    const __m256i places = _mm256_set_epi64x(8, 4, 2, 1);
    return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(static_cast<long long>(bits)), places), places);
  }
  static Lanes bits(Mask mask) noexcept { return static_cast<Lanes>(static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(mask)))); }
  static Vector blend(Mask mask, Vector yes, Vector no) noexcept { return _mm256_blendv_epi8(no, yes, mask); }
};

}  // namespace

const Kernels& avx2_kernels() noexcept {
  static constexpr Kernels set = KernelLoops<Avx2>::kernels("avx2");
  return set;
}

}  // namespace pawl::rules
#endif
