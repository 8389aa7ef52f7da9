// Where the characters stand that CSV gives a meaning: comma, quote, line feed, carriage return. 64 bytes a step.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pawl::csv {

inline constexpr std::size_t mark_step_bytes = 64;

// Bit i: text[i] is one of the four. REQUIRES: 64 readable bytes.
[[nodiscard]] inline std::uint64_t mark_bits(const char* text) noexcept {
  std::uint64_t bits = 0;
#if defined(__SSE2__)
  const __m128i comma = _mm_set1_epi8(','), quote = _mm_set1_epi8('"'), feed = _mm_set1_epi8('\n'), carriage = _mm_set1_epi8('\r');
  for (unsigned i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i * 16));
    const __m128i hits = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, comma), _mm_cmpeq_epi8(bytes, quote)),
                                      _mm_or_si128(_mm_cmpeq_epi8(bytes, feed), _mm_cmpeq_epi8(bytes, carriage)));
    bits |= static_cast<std::uint64_t>(static_cast<std::uint16_t>(_mm_movemask_epi8(hits))) << (i * 16);
  }
#else
  for (unsigned i = 0; i < mark_step_bytes; ++i) {
    const char c = text[i];
    bits |= static_cast<std::uint64_t>(c == ',' || c == '"' || c == '\n' || c == '\r') << i;
  }
#endif
  return bits;
}

// Writes the offset of every mark of text[0, length) and returns how many. REQUIRES: room for length + 8 offsets, and
// mark_step_bytes readable bytes after the text.
[[nodiscard]] inline std::size_t find_marks(const char* text, std::size_t length, std::uint32_t* offsets) noexcept {
  std::uint32_t* out = offsets;
  for (std::size_t base = 0; base < length; base += mark_step_bytes) {
    std::uint64_t bits = mark_bits(text + base);
    if (length - base < mark_step_bytes) bits &= (std::uint64_t{1} << (length - base)) - 1;
    for (; bits != 0; bits &= bits - 1) *out++ = static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(std::countr_zero(bits));
  }
  return static_cast<std::size_t>(out - offsets);
}

}  // namespace pawl::csv
