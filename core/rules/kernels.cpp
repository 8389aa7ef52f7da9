#include "pawl/core/rules/kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pawl::rules {
namespace {

struct Equal { static bool of(std::int64_t a, std::int64_t b) noexcept { return a == b; } };
struct Less { static bool of(std::int64_t a, std::int64_t b) noexcept { return a < b; } };
struct LessEqual { static bool of(std::int64_t a, std::int64_t b) noexcept { return a <= b; } };

template <class Compare>
Lanes compare_portable(const std::int64_t* a, const std::int64_t* b, std::size_t first, std::size_t last) noexcept {
  Lanes result = 0;
  for (std::size_t i = first; i <= last; ++i) result |= static_cast<Lanes>(Compare::of(a[i], b[i])) << i;
  return result;
}

constexpr Kernels portable{&compare_portable<Equal>, &compare_portable<Less>, &compare_portable<LessEqual>, "portable"};

#if defined(__x86_64__)
// Up to this many lanes a scalar loop is faster than the whole tile.
constexpr std::size_t few_lanes = 4;

template <int Predicate>
__attribute__((target("avx512f"))) Lanes tile_avx512(const std::int64_t* a, const std::int64_t* b) noexcept {
  Lanes result = 0;
  for (unsigned i = 0; i < limits::tile_events; i += 8) {
    result |= static_cast<Lanes>(_mm512_cmp_epi64_mask(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i), Predicate)) << i;
  }
  return result;
}

__attribute__((target("avx2"))) inline Lanes quad_mask(__m256i lanes) noexcept {
  return static_cast<Lanes>(static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(lanes))));
}

template <class Compare>
__attribute__((target("avx2"))) Lanes tile_avx2(const std::int64_t* a, const std::int64_t* b) noexcept;

template <>
__attribute__((target("avx2"))) Lanes tile_avx2<Equal>(const std::int64_t* a, const std::int64_t* b) noexcept {
  Lanes result = 0;
  for (unsigned i = 0; i < limits::tile_events; i += 4) {
    const auto x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + i));
    const auto y = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + i));
    result |= quad_mask(_mm256_cmpeq_epi64(x, y)) << i;
  }
  return result;
}

template <>
__attribute__((target("avx2"))) Lanes tile_avx2<Less>(const std::int64_t* a, const std::int64_t* b) noexcept {
  Lanes result = 0;
  for (unsigned i = 0; i < limits::tile_events; i += 4) {
    const auto x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + i));
    const auto y = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + i));
    result |= quad_mask(_mm256_cmpgt_epi64(y, x)) << i;
  }
  return result;
}

template <>
__attribute__((target("avx2"))) Lanes tile_avx2<LessEqual>(const std::int64_t* a, const std::int64_t* b) noexcept {
  return ~tile_avx2<Less>(b, a);
}

template <class Compare, Lanes (*Tile)(const std::int64_t*, const std::int64_t*) noexcept>
Lanes compare_wide(const std::int64_t* a, const std::int64_t* b, std::size_t first, std::size_t last) noexcept {
  if (last - first < few_lanes) return compare_portable<Compare>(a, b, first, last);
  return Tile(a, b);
}

constexpr Kernels avx512{&compare_wide<Equal, &tile_avx512<_MM_CMPINT_EQ>>, &compare_wide<Less, &tile_avx512<_MM_CMPINT_LT>>,
                         &compare_wide<LessEqual, &tile_avx512<_MM_CMPINT_LE>>, "avx512"};
constexpr Kernels avx2{&compare_wide<Equal, &tile_avx2<Equal>>, &compare_wide<Less, &tile_avx2<Less>>,
                       &compare_wide<LessEqual, &tile_avx2<LessEqual>>, "avx2"};
#endif

}  // namespace

std::size_t available_kernels(const Kernels* (&sets)[3]) noexcept {
  std::size_t count = 0;
  sets[count++] = &portable;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) sets[count++] = &avx2;
  if (__builtin_cpu_supports("avx512f")) sets[count++] = &avx512;
#endif
  return count;
}

const Kernels& best_kernels() noexcept {
  const Kernels* sets[3];
  return *sets[available_kernels(sets) - 1];
}

Lanes lanes_of_bytes(const std::uint8_t* valid) noexcept {
  Lanes result = 0;
#if defined(__x86_64__)
  const __m128i zero = _mm_setzero_si128();
  for (unsigned i = 0; i < limits::tile_events; i += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(valid + i));
    const auto empty = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, zero)));
    result |= static_cast<Lanes>(~empty & 0xFFFFU) << i;
  }
#else
  for (unsigned i = 0; i < limits::tile_events; ++i) result |= static_cast<Lanes>(valid[i] != 0) << i;
#endif
  return result;
}

}  // namespace pawl::rules
