// Values as keys of lists: the one place that says which bytes a value is.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "pawl/core/base/limits.hpp"

namespace pawl::rules {

// Room for the longest.
using ListKey = std::array<std::byte, limits::text_bytes_max>;

// A column's cell: its 8 bytes. Of a float's two zeros it is the positive one.
inline const std::byte* number_key(std::int64_t cell, bool floating, ListKey& room) noexcept {
  if (floating && std::bit_cast<double>(cell) == 0) cell = 0;
  std::memcpy(room.data(), &cell, sizeof cell);
  return room.data();
}

// A text, padded with zeros to the list's length; null: it is longer, and so in no such list.
inline const std::byte* text_key(std::string_view text, std::size_t bytes, ListKey& room) noexcept {
  if (text.size() > bytes) return nullptr;
  std::memcpy(room.data(), text.data(), text.size());
  std::memset(room.data() + text.size(), 0, bytes - text.size());
  return room.data();
}

}  // namespace pawl::rules
