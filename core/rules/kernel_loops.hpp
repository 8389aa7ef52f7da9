// The kernels' loops, written once over an instruction set `Isa`; each kernels_*.cpp instantiates them with its own.
//
// Isa: width, the number of lanes in a Vector; load, store, set; add, subtract, multiply (low 64 bits); sign (all ones if negative),
// bit_and, bit_or, bit_xor; equal, less, less_equal -> Mask; mask(bits), bits(mask), blend(mask, yes, no).
// In16, In32, In64: see condition_loops.hpp.
// Files that use this are compiled for processors that not every machine has, so nothing here may become a function that the linker
// could share with others: no calls of library templates, and every Isa is a type of its file alone.
#pragma once

#include "pawl/core/base/types.hpp"
#include "pawl/core/rules/condition_loops.hpp"
#include "pawl/core/rules/kernels.hpp"

namespace pawl::rules {

template <class Isa>
class KernelLoops {
 public:
  [[nodiscard]] static constexpr Kernels kernels(const char* name) noexcept {
    return {&compare<Equal>, &compare<Less>, &compare<LessEqual>, &compare_ratios<Equal>, &compare_ratios<Less>, &compare_ratios<LessEqual>,
            &add<Plus>, &add<Minus>, &multiply, &choose, &Conditions::template steps<In16>, &Conditions::template steps<In32>, &Conditions::template steps<In64>,
            &Conditions::narrow, &Conditions::pairs, &Conditions::scale, &Conditions::sums, &Conditions::non_zero, name};
  }

 private:
  using Vector = typename Isa::Vector;
  using Mask = typename Isa::Mask;
  using Conditions = ConditionLoops<Isa>;
  using In16 = typename Isa::In16;
  using In32 = typename Isa::In32;
  using In64 = typename Isa::In64;

  struct Equal {
    static Mask of(Vector a, Vector b) noexcept { return Isa::equal(a, b); }
    static bool of_wide(Int128 a, Int128 b) noexcept { return a == b; }
  };
  struct Less {
    static Mask of(Vector a, Vector b) noexcept { return Isa::less(a, b); }
    static bool of_wide(Int128 a, Int128 b) noexcept { return a < b; }
  };
  struct LessEqual {
    static Mask of(Vector a, Vector b) noexcept { return Isa::less_equal(a, b); }
    static bool of_wide(Int128 a, Int128 b) noexcept { return a <= b; }
  };
  // overflow: negative in lanes where a op b = out left 64 bits (Warren, Hacker's Delight, 2-13).
  struct Plus {
    static Vector of(Vector a, Vector b) noexcept { return Isa::add(a, b); }
    static Vector overflow(Vector a, Vector b, Vector out) noexcept { return Isa::bit_and(Isa::bit_xor(a, out), Isa::bit_xor(b, out)); }
  };
  struct Minus {
    static Vector of(Vector a, Vector b) noexcept { return Isa::subtract(a, b); }
    static Vector overflow(Vector a, Vector b, Vector out) noexcept { return Isa::bit_and(Isa::bit_xor(a, b), Isa::bit_xor(a, out)); }
  };

  // step(i) for each vector that holds a lane of the span; i is its first lane.
  template <class Step>
  static void each_vector(Lanes lanes, Step step) noexcept {
    const unsigned last = 63U - static_cast<unsigned>(__builtin_clzll(lanes));
    for (unsigned i = static_cast<unsigned>(__builtin_ctzll(lanes)) / Isa::width * Isa::width; i <= last; i += Isa::width) step(i);
  }

  static void store_lanes(std::int64_t* out, Mask written, Vector value) noexcept { Isa::store(out, Isa::blend(written, value, Isa::load(out))); }

  template <class Relation>
  static Lanes compare(Cells a, Cells b, Lanes lanes) noexcept {
    Lanes result = 0;
    each_vector(lanes, [&](unsigned i) { result |= Isa::bits(Relation::of(Isa::load(a + i), Isa::load(b + i))) << i; });
    return result;
  }

  // Below which power of two all magnitudes of the span's vectors lie: -2^result <= cell < 2^result.
  static unsigned magnitude_bits(Cells cells, Lanes lanes) noexcept {
    Vector any = Isa::set(0);
    each_vector(lanes, [&](unsigned i) {
      const Vector cell = Isa::load(cells + i);
      any = Isa::bit_or(any, Isa::bit_xor(cell, Isa::sign(cell)));
    });
    alignas(64) std::int64_t parts[Isa::width];
    Isa::store(parts, any);
    std::uint64_t all = 1;
    for (const std::int64_t part : parts) all |= static_cast<std::uint64_t>(part);
    return 64U - static_cast<unsigned>(__builtin_clzll(all));
  }

  // Sufficient, and cheap to know: magnitudes of products are at most 2^62.
  static bool products_fit(Cells a, Cells b, Lanes lanes) noexcept { return magnitude_bits(a, lanes) + magnitude_bits(b, lanes) <= 62; }

  template <class Relation>
  static Lanes compare_ratios(RatioCells a, RatioCells b, Lanes lanes) noexcept {
    Lanes result = 0;
    if (products_fit(a.numerators, b.denominators, lanes) && products_fit(b.numerators, a.denominators, lanes)) {
      each_vector(lanes, [&](unsigned i) {
        const Vector left = Isa::multiply(Isa::load(a.numerators + i), Isa::load(b.denominators + i));
        const Vector right = Isa::multiply(Isa::load(b.numerators + i), Isa::load(a.denominators + i));
        result |= Isa::bits(Relation::of(left, right)) << i;
      });
      return result;
    }
    for (Lanes left = lanes; left != 0; left &= left - 1) {
      const int i = __builtin_ctzll(left);
      const bool holds = Relation::of_wide(static_cast<Int128>(a.numerators[i]) * b.denominators[i], static_cast<Int128>(b.numerators[i]) * a.denominators[i]);
      result |= static_cast<Lanes>(holds) << i;
    }
    return result;
  }

  template <class Operation>
  static Lanes add(Cells a, Cells b, std::int64_t* out, Lanes lanes, Lanes valid) noexcept {
    const Vector zero = Isa::set(0);
    Lanes overflowed = 0;
    each_vector(lanes, [&](unsigned i) {
      const Vector x = Isa::load(a + i), y = Isa::load(b + i), sum = Operation::of(x, y);
      const Lanes over = Isa::bits(Isa::less(Operation::overflow(x, y, sum), zero));
      overflowed |= over << i;
      store_lanes(out + i, Isa::mask(lanes >> i), Isa::blend(Isa::mask(valid >> i & ~over), sum, zero));
    });
    return overflowed & lanes & valid;
  }

  static bool multiply(Cells a, Cells b, std::int64_t* out, Lanes lanes, Lanes valid, std::int64_t empty) noexcept {
    if (!products_fit(a, b, lanes)) return false;
    const Vector none = Isa::set(empty);
    each_vector(lanes, [&](unsigned i) {
      const Vector product = Isa::multiply(Isa::load(a + i), Isa::load(b + i));
      store_lanes(out + i, Isa::mask(lanes >> i), Isa::blend(Isa::mask(valid >> i), product, none));
    });
    return true;
  }

  static void choose(Cells a, Cells b, std::int64_t* out, Lanes lanes, Lanes take_a, Lanes valid, std::int64_t empty) noexcept {
    const Vector none = Isa::set(empty);
    each_vector(lanes, [&](unsigned i) {
      const Vector taken = Isa::blend(Isa::mask(take_a >> i), Isa::load(a + i), Isa::load(b + i));
      store_lanes(out + i, Isa::mask(lanes >> i), Isa::blend(Isa::mask(valid >> i), taken, none));
    });
  }
};

}  // namespace pawl::rules
