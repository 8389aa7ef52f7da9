// Compiled for AVX-512 F, BW and DQ: see kernel_loops.hpp for what that forbids. Runs only where the processor has all three.
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

  // A column as `vectors` registers of `per_vector` cells.
  template <class Integer, class Compare>
  struct In {
    using Cell = Integer;
    static constexpr unsigned per_vector = 64 / sizeof(Cell), vectors = 64 / per_vector;
    struct Column { __m512i v[vectors]; };

    template <class Mask>
    static Lanes where(Mask mask) noexcept {
      Lanes lanes = 0;
      for (unsigned i = 0; i < vectors; ++i) lanes |= static_cast<Lanes>(mask(i)) << (i * per_vector);
      return lanes;
    }
    static Column load(const Cell* at) noexcept {
      Column column;
      for (unsigned i = 0; i < vectors; ++i) column.v[i] = _mm512_loadu_si512(at + i * per_vector);
      return column;
    }
    static Lanes less(const Column& a, const Column& b) noexcept { return where([&](unsigned i) { return Compare::less(a.v[i], b.v[i]); }); }
    static Lanes equal(const Column& a, const Column& b) noexcept { return where([&](unsigned i) { return Compare::equal(a.v[i], b.v[i]); }); }
    static Lanes below(const Column& a, Cell bound) noexcept {
      const __m512i all = Compare::set(bound);
      return where([&](unsigned i) { return Compare::less(a.v[i], all); });
    }
    static Column add(const Column& a, const Column& b) noexcept {
      Column sum;
      for (unsigned i = 0; i < vectors; ++i) sum.v[i] = _mm512_add_epi32(a.v[i], b.v[i]);
      return sum;
    }
  };
  struct Compare16 {
    static __mmask32 less(__m512i a, __m512i b) noexcept { return _mm512_cmplt_epi16_mask(a, b); }
    static __mmask32 equal(__m512i a, __m512i b) noexcept { return _mm512_cmpeq_epi16_mask(a, b); }
    static __m512i set(std::int16_t value) noexcept { return _mm512_set1_epi16(value); }
  };
  struct Compare32 {
    static __mmask16 less(__m512i a, __m512i b) noexcept { return _mm512_cmplt_epi32_mask(a, b); }
    static __mmask16 equal(__m512i a, __m512i b) noexcept { return _mm512_cmpeq_epi32_mask(a, b); }
    static __m512i set(std::int32_t value) noexcept { return _mm512_set1_epi32(value); }
  };
  struct Compare64 {
    static __mmask8 less(__m512i a, __m512i b) noexcept { return _mm512_cmplt_epi64_mask(a, b); }
    static __mmask8 equal(__m512i a, __m512i b) noexcept { return _mm512_cmpeq_epi64_mask(a, b); }
    static __m512i set(std::int64_t value) noexcept { return _mm512_set1_epi64(value); }
  };
  using In16 = In<std::int16_t, Compare16>;
  using In32 = In<std::int32_t, Compare32>;
  using In64 = In<std::int64_t, Compare64>;
};

}  // namespace

const Kernels& avx512_kernels() noexcept {
  static constexpr Kernels set = KernelLoops<Avx512>::kernels("avx512");
  return set;
}

}  // namespace pawl::rules
#endif
