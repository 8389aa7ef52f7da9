// Literals take the units of their context: 220.00 is 22000 beside money, a fraction beside a ratio, 2.2e4 beside a float.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pawl/core/language/problems.hpp"
#include "pawl/core/language/syntax.hpp"

namespace pawl::language {

// A number, percentage or text as written, before it has a type. A fraction in lowest terms.
struct Constant {
  enum class Kind : std::uint8_t { number, percent, text };
  Kind kind = Kind::number;
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;
  int digits = 0;    // after the point, as written: 220.00 has two
  std::string text;
};

[[nodiscard]] std::optional<Constant> constant_of(const syntax::Node& literal);             // number, percent, text; else empty
[[nodiscard]] std::optional<Constant> negated(const Constant& constant);
// + - * of two numbers; empty for anything else, or if the result does not fit.
[[nodiscard]] std::optional<Constant> combined(Op op, const Constant& a, const Constant& b);

// The literal in units of `target`, or an error (reported, and null). `labels`: of an enumeration.
// An integer beside a fraction becomes the fraction; the type of what is returned says so. `verb`: of the error, "compare", "add".
[[nodiscard]] std::unique_ptr<Expr> convert(const Constant& constant, const Type& target, const std::vector<std::string>* labels, Span span, Problems& problems,
                                            std::string_view verb = "use");
// "cannot compare money with text", "cannot choose between money and text"
[[nodiscard]] std::string cannot(std::string_view verb, const std::string& left, const std::string& right);
// Without context: int, ratio, or text of its own length.
[[nodiscard]] std::unique_ptr<Expr> convert(const Constant& constant, Span span, Problems& problems);

// As in messages: "a number", "a percentage", "text".
[[nodiscard]] std::string describe(const Constant& constant);

}  // namespace pawl::language
