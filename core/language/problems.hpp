// Where things stand in a source text, and the problems found there. Set-up only: allocates freely.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/language/check.hpp"
#include "pawl/core/language/pipeline.hpp"

namespace pawl::language {

// Bytes [begin, end) of the source.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

[[nodiscard]] constexpr Span join(Span a, Span b) noexcept { return {a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end}; }

// Collects diagnostics. Past `errors_max` errors it keeps quiet: nobody reads the two hundredth, and hostile input must not
// grow the report without bound.
class Problems {
 public:
  static constexpr std::size_t errors_max = 100;
  static constexpr std::size_t others_max = 1000;  // warnings and notes

  explicit Problems(std::string_view source);

  void error(Span span, std::string_view code, std::string message);
  void error(Place place, std::string_view code, std::string message);
  void warning(Span span, std::string_view code, std::string message);
  void warning(Place place, std::string_view code, std::string message);
  void note(Span span, std::string_view code, std::string message);
  void note(Place place, std::string_view code, std::string message);

  [[nodiscard]] bool any_error() const noexcept { return errors_ > 0; }
  // No further error will be shown: the checker may stop looking for suggestions, which cost more than the checks.
  [[nodiscard]] bool quiet() const noexcept { return errors_ >= errors_max; }
  [[nodiscard]] Place place(Span span) const;  // length ends with the line
  [[nodiscard]] std::string_view source() const noexcept { return source_; }

  // In order of place. Leaves the collector empty.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  void add(Severity severity, Place place, std::string_view code, std::string message);

  std::string_view source_;
  std::vector<std::uint32_t> line_starts_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
  std::size_t others_ = 0;
};

// E001. `what`: "the file"
[[nodiscard]] Diagnostic too_large(std::string_view what, std::size_t bytes);

// "`a`, `b` and `c`"
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names, std::string_view last_separator = " and ");

// " Did you mean `amount`?" if a candidate is close enough to be a slip of the fingers, else empty.
[[nodiscard]] std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace pawl::language
