// The canonical layout of a pipeline file: line breaks and spaces follow from what it says alone, so one text for one sequence of tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/language/check.hpp"

namespace pawl::language {

inline constexpr std::size_t line_bytes_max = 120;  // of what can be broken; a long text in quotes cannot

struct Reformatted {
  std::optional<std::string> text;      // empty if the file cannot be read
  std::vector<Diagnostic> diagnostics;  // then why
};

// The same tokens and comments in canonical layout; what was laid out comes back byte for byte. Types and names are not looked at, so a
// file with errors of that kind is laid out too. Pure: no I/O.
//   An item stands on one line if it fits and holds no comment; else a block has a line for each of its clauses, two spaces in, and
//   anything else goes on four spaces further in, broken at the outermost `and`, `or`, `then` or comma. Of blank lines between items and
//   clauses one is kept. A comment keeps its words, and its place: on lines of its own before what it stood before, or behind it.
[[nodiscard]] Reformatted reformat(std::string_view source);

}  // namespace pawl::language
