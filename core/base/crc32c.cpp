#include "pawl/core/base/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pawl {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    table[i] = crc;
  }
  return table;
}

constexpr auto table = make_table();

#if defined(__x86_64__)
template <class Word>
Word load(const std::byte* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t tail_sse42(const std::byte* at, std::size_t length, std::uint64_t crc) noexcept {
  auto narrow = static_cast<std::uint32_t>(crc);
  if (length >= 4) {
    narrow = _mm_crc32_u32(narrow, load<std::uint32_t>(at));
    at += 4;
    length -= 4;
  }
  for (; length > 0; --length, ++at) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return ~narrow;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::byte> bytes, std::uint32_t seed) noexcept {
  std::uint64_t crc = ~seed;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) crc = _mm_crc32_u64(crc, load<std::uint64_t>(at));
  return tail_sse42(at, left, crc);
}

__attribute__((target("sse4.2"))) void crc32c_4_sse42(const std::byte* const (&pieces)[4], std::size_t length,
                                                      std::uint32_t (&crcs)[4]) noexcept {
  std::uint64_t a = ~0U, b = ~0U, c = ~0U, d = ~0U;
  std::size_t done = 0;
  for (; done + 8 <= length; done += 8) {
    a = _mm_crc32_u64(a, load<std::uint64_t>(pieces[0] + done));
    b = _mm_crc32_u64(b, load<std::uint64_t>(pieces[1] + done));
    c = _mm_crc32_u64(c, load<std::uint64_t>(pieces[2] + done));
    d = _mm_crc32_u64(d, load<std::uint64_t>(pieces[3] + done));
  }
  crcs[0] = tail_sse42(pieces[0] + done, length - done, a);
  crcs[1] = tail_sse42(pieces[1] + done, length - done, b);
  crcs[2] = tail_sse42(pieces[2] + done, length - done, c);
  crcs[3] = tail_sse42(pieces[3] + done, length - done, d);
}

// Long pieces by folding (Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009): a register
// of 128 bits, moved ahead by n bits, is congruent to the sum of two carry-less products of its halves with constants of n.
//
//   x^n modulo the polynomial, reflected: bit j is the coefficient of x^(31 - j).
consteval std::uint32_t power(int n) {
  std::uint32_t value = 0x80000000U;
  for (int i = 0; i < n; ++i) value = (value >> 1) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
  return value;
}
static_assert(power(128 + 31) == 0xF20C0DFEU && power(128 - 33) == 0x493C7D27U, "the published constants for 16 bytes");

#define PAWL_FOLDING __attribute__((target("pclmul,sse4.2")))
#define PAWL_FOLDING_256 __attribute__((target("avx2,vpclmulqdq,pclmul,sse4.2")))
#define PAWL_FOLDING_512 __attribute__((target("avx512f,avx512vl,vpclmulqdq,pclmul,sse4.2")))

template <int bits>
PAWL_FOLDING inline __m128i constants() noexcept {
  return _mm_set_epi64x(power(bits - 33), power(bits + 31));
}
template <int bits>
PAWL_FOLDING_256 inline __m256i constants_32() noexcept {
  constexpr std::int64_t low = power(bits + 31), high = power(bits - 33);
  return _mm256_set_epi64x(high, low, high, low);
}
template <int bits>
PAWL_FOLDING_512 inline __m512i constants_64() noexcept {
  constexpr std::int64_t low = power(bits + 31), high = power(bits - 33);
  return _mm512_set_epi64(high, low, high, low, high, low, high, low);
}
PAWL_FOLDING_256 inline __m256i load_32(const std::byte* at) noexcept { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
PAWL_FOLDING_512 inline __m512i load_64(const std::byte* at) noexcept { return _mm512_loadu_si512(at); }

PAWL_FOLDING inline __m128i fold(__m128i ahead, __m128i by, __m128i onto) noexcept {
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(ahead, by, 0x00), _mm_clmulepi64_si128(ahead, by, 0x11)), onto);
}
PAWL_FOLDING_256 inline __m256i fold(__m256i ahead, __m256i by, __m256i onto) noexcept {
  return _mm256_xor_si256(_mm256_xor_si256(_mm256_clmulepi64_epi128(ahead, by, 0x00), _mm256_clmulepi64_epi128(ahead, by, 0x11)), onto);
}
PAWL_FOLDING_512 inline __m512i fold(__m512i ahead, __m512i by, __m512i onto) noexcept {
  constexpr int xor_of_three = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(ahead, by, 0x00), _mm512_clmulepi64_epi128(ahead, by, 0x11), onto, xor_of_three);
}

constexpr std::size_t folded_bytes_min = 512;  // shorter pieces gain nothing

// What is left of a message: these 16 bytes and its tail.
PAWL_FOLDING std::uint32_t finish(__m128i last, const std::byte* at, std::size_t length) noexcept {
  std::uint64_t crc = _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(last)));
  crc = _mm_crc32_u64(crc, static_cast<std::uint64_t>(_mm_extract_epi64(last, 1)));
  for (; length >= 8; length -= 8, at += 8) crc = _mm_crc32_u64(crc, load<std::uint64_t>(at));
  return tail_sse42(at, length, crc);
}

// REQUIRES: length >= 128.
PAWL_FOLDING_256 std::uint32_t crc32c_folded_256(const std::byte* at, std::size_t length, std::uint32_t seed) noexcept {
  __m256i a = _mm256_xor_si256(load_32(at), _mm256_zextsi128_si256(_mm_cvtsi32_si128(static_cast<int>(~seed))));
  __m256i b = load_32(at + 32), c = load_32(at + 64), d = load_32(at + 96);
  const __m256i by_128 = constants_32<1024>();
  for (at += 128, length -= 128; length >= 128; at += 128, length -= 128) {
    a = fold(a, by_128, load_32(at));
    b = fold(b, by_128, load_32(at + 32));
    c = fold(c, by_128, load_32(at + 64));
    d = fold(d, by_128, load_32(at + 96));
  }
  const __m256i by_32 = constants_32<256>();
  d = fold(fold(fold(a, by_32, b), by_32, c), by_32, d);
  for (; length >= 32; at += 32, length -= 32) d = fold(d, by_32, load_32(at));
  return finish(fold(_mm256_castsi256_si128(d), constants<128>(), _mm256_extracti128_si256(d, 1)), at, length);
}

// REQUIRES: length >= 256.
PAWL_FOLDING_512 std::uint32_t crc32c_folded_512(const std::byte* at, std::size_t length, std::uint32_t seed) noexcept {
  __m512i a = _mm512_xor_si512(load_64(at), _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~seed))));
  __m512i b = load_64(at + 64), c = load_64(at + 128), d = load_64(at + 192);
  const __m512i by_256 = constants_64<2048>();
  for (at += 256, length -= 256; length >= 256; at += 256, length -= 256) {
    a = fold(a, by_256, load_64(at));
    b = fold(b, by_256, load_64(at + 64));
    c = fold(c, by_256, load_64(at + 128));
    d = fold(d, by_256, load_64(at + 192));
  }
  const __m512i by_64 = constants_64<512>();
  d = fold(fold(fold(a, by_64, b), by_64, c), by_64, d);
  for (; length >= 64; at += 64, length -= 64) d = fold(d, by_64, load_64(at));
  const __m128i by_16 = constants<128>();
  __m128i quarters[4];
  _mm512_storeu_si512(quarters, d);
  return finish(fold(fold(fold(quarters[0], by_16, quarters[1]), by_16, quarters[2]), by_16, quarters[3]), at, length);
}

// Asked once, at start; constant from then on.
const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
const bool has_folding_256 = has_sse42 && __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("vpclmulqdq") != 0;
const bool has_folding_512 = has_folding_256 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0;
#endif

}  // namespace

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  for (const std::byte byte : bytes) crc = table[(crc ^ static_cast<std::uint32_t>(byte)) & 0xFFU] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed) noexcept {
#if defined(__x86_64__)
  if (bytes.size() >= folded_bytes_min) {
    if (has_folding_512) return crc32c_folded_512(bytes.data(), bytes.size(), seed);
    if (has_folding_256) return crc32c_folded_256(bytes.data(), bytes.size(), seed);
  }
  if (has_sse42) return crc32c_sse42(bytes, seed);
#endif
  return crc32c_portable(bytes, seed);
}

void crc32c_4(const std::byte* const (&pieces)[4], std::size_t length, std::uint32_t (&crcs)[4]) noexcept {
#if defined(__x86_64__)
  if (has_sse42) return crc32c_4_sse42(pieces, length, crcs);
#endif
  for (std::size_t i = 0; i < 4; ++i) crcs[i] = crc32c_portable({pieces[i], length}, 0);
}

}  // namespace pawl
