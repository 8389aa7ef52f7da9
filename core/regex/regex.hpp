// Regular expressions as one table each: a step per byte of the text, whatever the expression is.
//
// An expression is searched for in the text, as grep does; `^` and `$` tie it to the text's ends. It is of UTF-8 characters: `.` and
// classes take whole ones, and nothing but what stands in front of a match passes over bytes that are none. LANGUAGE.md has the syntax.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::regex {

inline constexpr std::size_t pattern_bytes_max = 1000;
inline constexpr std::size_t repeats_max = 1000;       // {n,m}
inline constexpr std::size_t nesting_max = 50;         // groups in groups
inline constexpr std::size_t instructions_max = 8000;  // of the automaton that the table is made of
inline constexpr std::size_t states_max = 16 * 1024;
inline constexpr std::size_t cells_max = 128 * 1024;   // of the table, 2 bytes each
inline constexpr std::size_t work_max = 8'000'000;     // steps of making one table

// What is wrong with an expression, and where: bytes [begin, end) of it.
struct Problem {
  std::size_t begin = 0, end = 0;
  std::string text;
  bool too_large = false;  // nothing wrong, but more than the bounds above
};

// Immutable; any thread.
class Regex {
 public:
  // No allocation; as many steps as the text has bytes, at most.
  [[nodiscard]] bool matches(std::string_view text) const noexcept {
    std::uint16_t state = start_;
    for (const char c : text) {
      if (state <= matched) break;
      state = table_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
    }
    return at_end_[state] != 0;
  }

  // No text matches; every text does.
  [[nodiscard]] bool never() const noexcept { return start_ == failed; }
  [[nodiscard]] bool always() const noexcept { return start_ == matched; }
  [[nodiscard]] std::size_t states() const noexcept { return at_end_.size(); }
  [[nodiscard]] std::size_t table_bytes() const noexcept { return table_.size() * sizeof table_[0] + at_end_.size() + class_of_.size(); }

 private:
  friend class Table;
  static constexpr std::uint16_t failed = 0, matched = 1;  // states that no byte changes

  std::array<std::uint8_t, 256> class_of_{};  // bytes that no part of the expression tells apart have one class
  std::size_t classes_ = 1;
  std::uint16_t start_ = failed;
  std::vector<std::uint16_t> table_;          // by state and class: the next state
  std::vector<std::uint8_t> at_end_;          // by state: the text matches if it ends here
};

struct Compiled {
  std::shared_ptr<const Regex> regex;  // null: see problem
  Problem problem;
  std::size_t work = 0;                // steps it took
};

// Set-up only: allocates. `work`: at most so many steps, and never more than work_max.
[[nodiscard]] Compiled compile(std::string_view pattern, std::size_t work = work_max);

}  // namespace pawl::regex
