#include "pawl/core/rules/kernels.hpp"

#include "pawl/core/rules/kernel_loops.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pawl::rules {

#if defined(__x86_64__)
// In files of their own, which are compiled for the processors that they need.
const Kernels& avx2_kernels() noexcept;
const Kernels& avx512_kernels() noexcept;
#endif

namespace {

// One lane at a time: the oracle of the others. Arithmetic is modulo 2^64, as in the vectors.
struct OneLane {
  using Vector = std::int64_t;
  using Mask = bool;
  static constexpr unsigned width = 1;

  static std::uint64_t word(Vector v) noexcept { return static_cast<std::uint64_t>(v); }
  static Vector load(Cells at) noexcept { return *at; }
  static void store(std::int64_t* at, Vector v) noexcept { *at = v; }
  static Vector set(std::int64_t value) noexcept { return value; }
  static Vector add(Vector a, Vector b) noexcept { return static_cast<Vector>(word(a) + word(b)); }
  static Vector subtract(Vector a, Vector b) noexcept { return static_cast<Vector>(word(a) - word(b)); }
  static Vector multiply(Vector a, Vector b) noexcept { return static_cast<Vector>(word(a) * word(b)); }
  static Vector sign(Vector v) noexcept { return v < 0 ? -1 : 0; }
  static Vector bit_and(Vector a, Vector b) noexcept { return a & b; }
  static Vector bit_or(Vector a, Vector b) noexcept { return a | b; }
  static Vector bit_xor(Vector a, Vector b) noexcept { return a ^ b; }
  static Mask equal(Vector a, Vector b) noexcept { return a == b; }
  static Mask less(Vector a, Vector b) noexcept { return a < b; }
  static Mask less_equal(Vector a, Vector b) noexcept { return a <= b; }
  static Mask mask(Lanes bits) noexcept { return (bits & 1U) != 0; }
  static Lanes bits(Mask mask) noexcept { return mask ? 1 : 0; }
  static Vector blend(Mask mask, Vector yes, Vector no) noexcept { return mask ? yes : no; }

  template <class Integer>
  struct In {
    using Cell = Integer;
    struct Column { Cell cells[limits::tile_events]; };
    template <class Holds>
    static Lanes where(Holds holds) noexcept {
      Lanes lanes = 0;
      for (std::size_t i = 0; i < limits::tile_events; ++i) lanes |= static_cast<Lanes>(holds(i)) << i;
      return lanes;
    }
    static Column load(const Cell* at) noexcept {
      Column column;
      for (std::size_t i = 0; i < limits::tile_events; ++i) column.cells[i] = at[i];
      return column;
    }
    static Lanes less(const Column& a, const Column& b) noexcept { return where([&](std::size_t i) { return a.cells[i] < b.cells[i]; }); }
    static Lanes equal(const Column& a, const Column& b) noexcept { return where([&](std::size_t i) { return a.cells[i] == b.cells[i]; }); }
    static Lanes below(const Column& a, Cell bound) noexcept { return where([&](std::size_t i) { return a.cells[i] < bound; }); }
    static Column add(const Column& a, const Column& b) noexcept {
      Column sum;
      for (std::size_t i = 0; i < limits::tile_events; ++i) sum.cells[i] = static_cast<Cell>(a.cells[i] + b.cells[i]);
      return sum;
    }
  };
  using In16 = In<std::int16_t>;
  using In32 = In<std::int32_t>;
  using In64 = In<std::int64_t>;
};

constexpr Kernels portable = KernelLoops<OneLane>::kernels("portable");

}  // namespace

std::size_t available_kernels(const Kernels* (&sets)[3]) noexcept {
  std::size_t count = 0;
  sets[count++] = &portable;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) sets[count++] = &avx2_kernels();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) sets[count++] = &avx512_kernels();
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
