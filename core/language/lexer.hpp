// From bytes to tokens. Keywords are contextual, so names and keywords are one kind of token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/language/problems.hpp"

namespace pawl::language {

enum class TokenKind : std::uint8_t {
  end,
  name,       // [a-z_][a-z0-9_]*: a name or a contextual keyword
  type_name,  // [A-Z][A-Za-z0-9]*: an event, a reason code, a currency
  integer,    // number
  decimal,    // number in units of 10^-digits
  percent,    // 3% 0.5% 50bps: number in units of 10^-digits (a plain fraction: 3% is 3, digits 2)
  duration,   // number in ns
  time,       // number in ns since 1970 UTC
  text,       // with its quotes
  left_paren, right_paren, left_brace, right_brace, left_bracket, right_bracket,
  comma, colon, dot, question, plus, minus, star, slash, modulo,
  equal, not_equal, less, less_equal, greater, greater_equal,
  bad,        // already reported
};

// What a token is to the layout of the file (reformat.hpp). The parser knows, and says so of valid text.
enum class Mark : std::uint8_t {
  item = 1,     // begins one
  clause = 2,   // begins what has a line of its own in a block that does not fit into one
  opens = 4,    // a block
  closes = 8,
  tight = 16,   // no space before it
  prefix = 32,  // nor behind it
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::uint8_t digits = 0;
  std::uint8_t marks = 0;
  bool starts_line = false;  // first token of its line: where recovery may assume a new item
  Span span;
  std::int64_t number = 0;

  [[nodiscard]] bool is(Mark mark) const noexcept { return (marks & static_cast<std::uint8_t>(mark)) != 0; }
};

inline constexpr int literal_digits_max = 18;                                  // after the point
inline constexpr Duration duration_max = Duration{36'525} * 86'400 * one_second;  // 100 years: any two add up without overflow

// All of the source but a byte order mark.
[[nodiscard]] Span span_of_text(std::string_view source) noexcept;

// Tokens of source bytes [part.begin, part.end), closed by one `end`. In a template (`{expr}` inside a string) quotes are written \".
[[nodiscard]] std::vector<Token> lex(std::string_view source, Span part, bool in_template, Problems& problems);

// The text of a string token without quotes and escapes; `raw` keeps all escapes but \" (regular expressions).
[[nodiscard]] std::string unescape(std::string_view inner, bool raw);

}  // namespace pawl::language
