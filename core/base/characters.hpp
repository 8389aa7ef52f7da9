// Texts as `len` and `lower` see them: bytes of UTF-8, whose letters of ASCII alone have another case.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pawl/core/base/limits.hpp"

namespace pawl {

// How many characters begin in it: all bytes but 0x80 to 0xBF.
[[nodiscard]] constexpr std::int64_t characters(std::string_view text) noexcept {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; });
}

[[nodiscard]] constexpr char lower_letter(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// out: room for text.size() bytes. Returns the text there.
inline std::string_view write_lower(std::string_view text, char* out) noexcept {
  std::transform(text.begin(), text.end(), out, lower_letter);
  return {out, text.size()};
}

// A text where it stands, or how it reads in lower case: made only where it is looked at.
struct CasedText {
  std::string_view text{};
  bool lower = false;

  using Room = std::array<char, limits::text_bytes_max>;
  // Valid as long as the text and the room.
  [[nodiscard]] std::string_view in(Room& room) const noexcept { return lower ? write_lower(text, room.data()) : text; }
};

[[nodiscard]] inline int order_of(const CasedText& a, const CasedText& b) noexcept {
  if (!a.lower && !b.lower) return a.text.compare(b.text);
  CasedText::Room a_room, b_room;
  return a.in(a_room).compare(b.in(b_room));
}

}  // namespace pawl
