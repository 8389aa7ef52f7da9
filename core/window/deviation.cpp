#include "pawl/core/window/deviation.hpp"

#include <bit>
#include <cmath>
#include <compare>
#include <optional>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/ratio.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pawl::window {
namespace {

// 512 bits, the least significant first: a variance times the square of a number of 54 bits.
using Limbs = std::array<std::uint64_t, 8>;

Limbs limbs_of(const Uint256& value) noexcept {
  return {static_cast<std::uint64_t>(value.low), static_cast<std::uint64_t>(value.low >> 64), static_cast<std::uint64_t>(value.high), static_cast<std::uint64_t>(value.high >> 64)};
}

Limbs times(const Limbs& a, std::uint64_t factor) noexcept {
  Limbs result{};
  Uint128 carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    carry += static_cast<Uint128>(a[i]) * factor;
    result[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  return result;
}

Limbs shifted(const Limbs& a, unsigned bits) noexcept {
  Limbs result{};
  for (std::size_t i = bits / 64; i < a.size(); ++i) {
    const std::size_t from = i - bits / 64;
    result[i] = a[from] << bits % 64;
    if (bits % 64 != 0 && from != 0) result[i] |= a[from - 1] >> (64 - bits % 64);
  }
  return result;
}

std::strong_ordering compare(const Limbs& a, const Limbs& b) noexcept {
  for (std::size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] <=> b[i];
  }
  return std::strong_ordering::equal;
}

struct Variance {
  Uint256 numerator, denominator;
};
struct SmallVariance {  // nearly all are
  Uint128 numerator;  // below 2^81
  std::uint64_t denominator;
};

// Whether the root is rounded to a double behind the one of these bits: it lies behind the middle of that and the next, or there, and the next is even.
bool lies_behind(const Variance& variance, std::uint64_t bits) noexcept {
  const std::uint64_t middle = ((bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1} << 52) * 2 + 1;
  const int exponent = 2 * (static_cast<int>(bits >> 52) - 1023 - 53);  // of the square: middle^2 * 2^exponent
  Limbs value = limbs_of(variance.numerator), scaled = times(times(limbs_of(variance.denominator), middle), middle);
  (exponent < 0 ? value : scaled) = shifted(exponent < 0 ? value : scaled, static_cast<unsigned>(exponent < 0 ? -exponent : exponent));
  const std::strong_ordering order = compare(value, scaled);
  return order > 0 || (order == 0 && (bits & 1) != 0);
}

// The same. Both sides have up to 64 bits more than the square of the middle: 172.
bool lies_behind(const SmallVariance& variance, std::uint64_t bits) noexcept {
  const std::uint64_t middle = ((bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1} << 52) * 2 + 1;
  const int exponent = 2 * (static_cast<int>(bits >> 52) - 1023 - 53);  // below 0, as the root is below 2^41
  const Uint256 value = shift_left({0, variance.numerator}, -exponent), scaled = multiply_wide(static_cast<Uint128>(middle) * middle, variance.denominator);
  return scaled < value || (scaled == value && (bits & 1) != 0);
}

double approximate(Uint128 value) noexcept {
  if (value >> 63 == 0) [[likely]] return static_cast<double>(static_cast<std::int64_t>(value));
  return static_cast<double>(static_cast<std::uint64_t>(value >> 64)) * 0x1p64 + static_cast<double>(static_cast<std::uint64_t>(value));
}
double approximate(std::uint64_t value) noexcept { return static_cast<double>(value); }
double approximate(const Uint256& value) noexcept { return static_cast<double>(value.high) * 0x1p128 + static_cast<double>(value.low); }

constexpr unsigned mantissa_bits = 52;

// The guess brought to the double nearest to the root, or nothing: doubles around it are not equally far apart. With the guess m * 2^e, the root is x * 2^e of an x that is
// at most 3 from m, so the rest r = (x^2 - m^2) * denominator is below 2^120, and needs no more than the low 128 bits of what it is the difference of. x > m + 1/2 says
// 4 r > (4 m + 1) * denominator. It never is m + 1/2: the square of that has 107 digits of which the last is no 0, and the numerator has 81.
std::optional<std::uint64_t> settled(const SmallVariance& variance, std::uint64_t bits) noexcept {
  constexpr std::uint64_t first = std::uint64_t{1} << mantissa_bits, margin = 8;
  const std::uint64_t exponent = bits >> mantissa_bits;
  std::uint64_t m = (bits & (first - 1)) | first;
  if (m - first < margin || 2 * first - m < margin) [[unlikely]] return std::nullopt;
  const unsigned shift = 2 * (1023 + mantissa_bits - static_cast<unsigned>(exponent));  // -2 e: the root is below 2^41
  const std::uint64_t by = variance.denominator;
  const Uint128 scaled = shift < 128 ? variance.numerator << shift : 0;
  auto rest = static_cast<Int128>((scaled - static_cast<Uint128>(m) * m * by) << 2);
  const auto bound = [&](std::uint64_t fours) { return static_cast<Int128>(static_cast<Uint128>(fours) * by); };
  while (rest > bound(4 * m + 1)) rest -= bound(4 * (2 * m + 1)), ++m;
  while (-rest > bound(4 * m - 1)) rest += bound(4 * (2 * m - 1)), --m;
  return exponent << mantissa_bits | (m & (first - 1));
}
std::optional<std::uint64_t> settled(const Variance&, std::uint64_t) noexcept { return std::nullopt; }

// The double nearest to the root. The first guess is a few steps away at most, and which it is shows nowhere.
template <class Variance>
double root(const Variance& variance) noexcept {
  if (variance.numerator == decltype(variance.numerator){}) return 0;
  auto bits = std::bit_cast<std::uint64_t>(std::sqrt(approximate(variance.numerator) / approximate(variance.denominator)));
  if (const auto nearest = settled(variance, bits)) return std::bit_cast<double>(*nearest);
  while (lies_behind(variance, bits)) ++bits;
  while (!lies_behind(variance, bits - 1)) --bits;
  return std::bit_cast<double>(bits);
}

Uint256 square(const std::array<std::uint64_t, 2>& sum) noexcept {
  const Uint128 magnitude = pawl::magnitude(static_cast<Int128>(static_cast<Uint128>(sum[1]) << 64 | sum[0]));
  return multiply_wide(magnitude, magnitude);
}

Uint256 times(const std::array<std::uint64_t, 3>& squares, std::uint64_t count) noexcept {
  const Uint256 low = multiply_wide(static_cast<Uint128>(squares[1]) << 64 | squares[0], count);
  return add_wide(low, {static_cast<Uint128>(squares[2]) * count, 0});
}

constexpr std::array<std::uint64_t, 5> small_units{1, 100, 10'000, 1'000'000, 100'000'000};  // 10^(2 * scale)

// Nothing: too large to be sure that it is small.
std::optional<SmallVariance> small_variance(std::uint64_t count, const Moments& moments, unsigned scale) noexcept {
  constexpr std::uint64_t count_max = std::uint64_t{1} << 17;  // squared, and times the largest unit, it fits in 64 bits
  const auto sum = static_cast<std::int64_t>(moments.sum[0]);
  const bool narrow = moments.sum[1] == static_cast<std::uint64_t>(sum >> 63) && moments.squares[1] == 0 && moments.squares[2] == 0;
  if (!narrow || count > count_max || scale >= small_units.size()) return std::nullopt;
  const Uint128 whole = static_cast<Uint128>(moments.squares[0]) * count, square = magnitude(sum) * magnitude(sum);
  return SmallVariance{whole < square ? 0 : whole - square, count * (count - 1) * small_units[scale]};  // it is not, but in a snapshot that lies
}

// Variances of a batch whose numerators and denominators are doubles as they are; nearly all.
struct Fractions {
  static constexpr std::uint64_t exact_max = std::uint64_t{1} << 53;
  alignas(32) std::array<double, samples_max> numerators, denominators;

  // False: it has none. Without branches, as how many values a window holds is chance. `unit`: of small_units.
  bool take(std::size_t i, const Sample& sample, std::uint64_t unit) noexcept {
    const auto& [count, moments] = sample;
    const std::uint64_t sum = moments.sum[0];
    std::uint64_t whole, pairs, denominator;
    const bool wide = ((moments.sum[1] ^ (0 - (sum >> 63))) | moments.squares[1] | moments.squares[2]) != 0;
    unsigned unfit = wide ? 1 : 0;
    unfit += __builtin_mul_overflow(moments.squares[0], count, &whole);
    unfit += __builtin_mul_overflow(count, count - 1, &pairs);
    unfit += __builtin_mul_overflow(pairs, unit, &denominator);
    const std::uint64_t numerator = whole - sum * sum;  // the square is not above `whole`
    numerators[i] = static_cast<double>(static_cast<std::int64_t>(numerator));
    denominators[i] = static_cast<double>(static_cast<std::int64_t>(denominator));
    unfit += numerator >= exact_max;
    unfit += denominator >= exact_max;
    return unfit == 0;
  }
};

#if defined(__x86_64__)
bool has_fma() noexcept { return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0; }

// The roots s of n / d that are sure to be the nearest doubles: bit i of the result. With u from s down to the double below it, the root is nearer to s than u / 2 if
// n - d s^2 is nearer to 0 than d s u. That is computed with an error below 2^-48 of it: s^2 and its product with d are taken in two parts each, exact but for the last.
[[gnu::target("avx2,fma")]] std::uint32_t nearest_roots(const Fractions& fractions, std::size_t count, double* to) noexcept {
  std::uint32_t sure = 0;
  for (std::size_t i = 0; i < count; i += 4) {
    const __m256d n = _mm256_load_pd(fractions.numerators.data() + i), d = _mm256_load_pd(fractions.denominators.data() + i);
    const __m256d s = _mm256_sqrt_pd(_mm256_div_pd(n, d));
    const __m256d square = _mm256_mul_pd(s, s), square_low = _mm256_fmsub_pd(s, s, square);
    const __m256d product = _mm256_mul_pd(d, square), product_low = _mm256_fmsub_pd(d, square, product);
    const __m256d rest = _mm256_sub_pd(_mm256_sub_pd(_mm256_sub_pd(n, product), product_low), _mm256_mul_pd(d, square_low));
    const __m256d below = _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(s), _mm256_set1_epi64x(-1)));
    const __m256d bound = _mm256_mul_pd(_mm256_mul_pd(d, s), _mm256_mul_pd(_mm256_sub_pd(s, below), _mm256_set1_pd(1 - 0x1p-20)));
    const __m256d size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), rest);
    sure |= static_cast<std::uint32_t>(_mm256_movemask_pd(_mm256_cmp_pd(size, bound, _CMP_LT_OQ))) << i;
    for (std::size_t lane = 0; lane < 4 && i + lane < count; ++lane) to[i + lane] = s[static_cast<int>(lane)];
  }
  return sure;
}
#else
bool has_fma() noexcept { return false; }
std::uint32_t nearest_roots(const Fractions&, std::size_t, double*) noexcept { return 0; }
#endif

}  // namespace

// (n * sum of squares - square of the sum) / (n * (n - 1)), in units; its root divided by 10^scale.
double deviation(std::uint64_t count, const Moments& moments, unsigned scale) noexcept {
  if (const auto variance = small_variance(count, moments, scale)) return root(*variance);
  Uint128 units = 1;
  for (unsigned i = 0; i < 2 * scale; ++i) units *= 10;
  return root(Variance{subtract_wide(times(moments.squares, count), square(moments.sum)), multiply_wide(static_cast<Uint128>(count) * (count - 1), units)});
}

void deviations(std::span<const Sample> samples, unsigned scale, double* to) noexcept {
  PAWL_ASSERT(samples.size() <= samples_max);
  std::uint64_t left = (std::uint64_t{1} << samples.size()) - 1;  // bit i: of sample i
  if (scale < small_units.size() && has_fma()) {
    Fractions fractions;
    for (std::size_t i = 0; i < samples.size(); ++i) left &= ~(std::uint64_t{fractions.take(i, samples[i], small_units[scale])} << i);
    for (std::size_t i = samples.size(); i % 4 != 0; ++i) fractions.numerators[i] = fractions.denominators[i] = 1;
    left |= ~std::uint64_t{nearest_roots(fractions, samples.size(), to)} & ((std::uint64_t{1} << samples.size()) - 1);
  }
  for (std::size_t i = 0; i < samples.size(); ++i) left &= ~(std::uint64_t{samples[i].count < 2} << i);
  for (; left != 0; left &= left - 1) {
    const Sample& sample = samples[static_cast<std::size_t>(std::countr_zero(left))];
    to[&sample - samples.data()] = deviation(sample.count, sample.moments, scale);
  }
}

}  // namespace pawl::window
