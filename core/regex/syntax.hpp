// An expression as it is written, as a tree. Between parser and table only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pawl/core/regex/regex.hpp"

namespace pawl::regex {

using Rune = std::uint32_t;
inline constexpr Rune rune_max = 0x10FFFF;

struct Runes {
  Rune first, last;
};

enum class Assertion : std::uint8_t { begin, end, boundary, inside };  // ^ $ \b \B

struct Tree {
  enum class Kind : std::uint8_t { runes, assertion, all_of, one_of, repeat } kind = Kind::all_of;  // all_of without parts: the empty text
  std::vector<Runes> runes;
  Assertion assertion = Assertion::begin;
  std::vector<Tree> parts;
  std::size_t at_least = 0, at_most = 0;  // repeat; at_most SIZE_MAX: no bound

  // It takes no byte and asks for nothing.
  [[nodiscard]] bool is_empty() const {
    if (kind == Kind::runes || kind == Kind::assertion) return false;
    if (kind == Kind::repeat && at_most == 0) return true;
    for (const Tree& part : parts) {
      if (!part.is_empty()) return false;
    }
    return true;
  }
};

// Nothing: `problem` says why.
[[nodiscard]] std::optional<Tree> parse(std::string_view pattern, Problem& problem);

[[nodiscard]] constexpr bool is_word(unsigned c) noexcept { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

}  // namespace pawl::regex
