#include "pawl/core/base/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
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

// Asked once, at start; constant from then on.
const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  for (const std::byte byte : bytes) crc = table[(crc ^ static_cast<std::uint32_t>(byte)) & 0xFFU] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed) noexcept {
#if defined(__x86_64__)
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
