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

  static Lanes bytes(__m256i v) noexcept { return static_cast<std::uint32_t>(_mm256_movemask_epi8(v)); }

  // Of each width: one bit of each cell of a mask per vector, 32 lanes at a time. Packing interleaves halves of its operands; a permutation puts
  // them in order.
  struct Compare16 {
    using Cell = std::int16_t;
    static __m256i greater(__m256i a, __m256i b) noexcept { return _mm256_cmpgt_epi16(a, b); }
    static __m256i equal(__m256i a, __m256i b) noexcept { return _mm256_cmpeq_epi16(a, b); }
    static __m256i set(Cell value) noexcept { return _mm256_set1_epi16(value); }
    template <class Masks>
    static Lanes lanes32(Masks mask, unsigned i) noexcept { return bytes(_mm256_permute4x64_epi64(_mm256_packs_epi16(mask(2 * i), mask(2 * i + 1)), 0xD8)); }
  };
  struct Compare32 {
    using Cell = std::int32_t;
    static __m256i greater(__m256i a, __m256i b) noexcept { return _mm256_cmpgt_epi32(a, b); }
    static __m256i equal(__m256i a, __m256i b) noexcept { return _mm256_cmpeq_epi32(a, b); }
    static __m256i set(Cell value) noexcept { return _mm256_set1_epi32(value); }
    template <class Masks>
    static Lanes lanes32(Masks mask, unsigned i) noexcept {
      const __m256i low = _mm256_packs_epi32(mask(4 * i), mask(4 * i + 1)), high = _mm256_packs_epi32(mask(4 * i + 2), mask(4 * i + 3));
      return bytes(_mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
    }
  };
  struct Compare64 {
    using Cell = std::int64_t;
    static __m256i greater(__m256i a, __m256i b) noexcept { return Avx2::less(b, a); }
    static __m256i equal(__m256i a, __m256i b) noexcept { return Avx2::equal(a, b); }
    static __m256i set(Cell value) noexcept { return Avx2::set(value); }
    template <class Masks>
    static Lanes lanes32(Masks mask, unsigned i) noexcept {
      Lanes lanes = 0;
      for (unsigned j = 0; j < 8; ++j) lanes |= bits(mask(8 * i + j)) << (4 * j);
      return lanes;
    }
  };

  template <class Compare>
  struct In {
    using Cell = typename Compare::Cell;
    static constexpr unsigned per_vector = 32 / sizeof(Cell), vectors = 64 / per_vector;
    struct Column { __m256i v[vectors]; };

    static Column load(const Cell* at) noexcept {
      Column column;
      for (unsigned i = 0; i < vectors; ++i) column.v[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + i * per_vector));
      return column;
    }
    template <class Masks>
    static Lanes where(Masks mask) noexcept { return Compare::lanes32(mask, 0) | Compare::lanes32(mask, 1) << 32; }
    static Lanes less(const Column& a, const Column& b) noexcept { return where([&](unsigned i) { return Compare::greater(b.v[i], a.v[i]); }); }
    static Lanes equal(const Column& a, const Column& b) noexcept { return where([&](unsigned i) { return Compare::equal(a.v[i], b.v[i]); }); }
    static Lanes below(const Column& a, Cell bound) noexcept {
      const __m256i all = Compare::set(bound);
      return where([&](unsigned i) { return Compare::greater(all, a.v[i]); });
    }
    static Column add(const Column& a, const Column& b) noexcept {
      Column sum;
      for (unsigned i = 0; i < vectors; ++i) sum.v[i] = _mm256_add_epi32(a.v[i], b.v[i]);
      return sum;
    }
  };
  using In16 = In<Compare16>;
  using In32 = In<Compare32>;
  using In64 = In<Compare64>;
};

}  // namespace

const Kernels& avx2_kernels() noexcept {
  static constexpr Kernels set = KernelLoops<Avx2>::kernels("avx2");
  return set;
}

}  // namespace pawl::rules
#endif
