#include "pawl/core/language/literal.hpp"

#include <algorithm>
#include <numeric>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/language/lexer.hpp"

namespace pawl::language {

namespace {

using ExprPtr = std::unique_ptr<Expr>;

std::optional<Constant> number(const std::optional<Fraction>& fraction, int digits) {
  if (!fraction) return {};
  const Fraction lowest = reduced(*fraction);
  if (!fits_64(lowest.numerator) || !fits_64(lowest.denominator)) return {};
  return Constant{Constant::Kind::number, static_cast<std::int64_t>(lowest.numerator), static_cast<std::int64_t>(lowest.denominator), digits, {}};
}

Fraction fraction_of(const Constant& constant) { return {constant.numerator, constant.denominator}; }

ExprPtr literal(const Type& type, Value value, Span span, Problems& problems) {
  auto expr = std::make_unique<Expr>();
  expr->op = Op::literal;
  expr->type = type;
  expr->value = std::move(value);
  expr->place = problems.place(span);
  return expr;
}

ExprPtr integer(const Constant& constant, const Type& target, Span span, Problems& problems) {
  Type type = target;
  type.ratio = target.ratio || constant.denominator != 1;
  return literal(type, Value::of(constant.numerator, constant.denominator), span, problems);
}

ExprPtr scaled(const Constant& constant, const Type& target, Span span, Problems& problems) {
  const auto units = number(multiply(fraction_of(constant), {static_cast<Int128>(power_of_ten(target.scale)), 1}), 0);
  if (!units) {
    problems.error(span, "E113", std::string("the number is too large for ") + to_string(target));
    return nullptr;
  }
  const bool too_fine = constant.kind == Constant::Kind::number ? constant.digits > target.scale : units->denominator != 1;
  if (too_fine && !target.ratio) {
    problems.error(span, "E113", to_string(target) + " has " + std::to_string(target.scale) + " digits after the point; write no more than that");
    return nullptr;
  }
  return literal(target, Value::of(units->numerator, units->denominator), span, problems);
}

ExprPtr floating(const Constant& constant, const Type& target, Span span, Problems& problems) {
  Value value = Value::of(0);
  value.floating = nearest_double(fraction_of(constant));
  return literal(target, std::move(value), span, problems);
}

ExprPtr text(const Constant& constant, const Type& target, Span span, Problems& problems) {
  if (constant.text.size() > target.text_bytes) {
    problems.error(span, "E115", std::string("the text has ") + std::to_string(constant.text.size()) + " bytes and can never equal " + to_string(target) + ", which has at most " +
                                     std::to_string(target.text_bytes));
    return nullptr;
  }
  return literal(target, Value::of_text(constant.text), span, problems);
}

ExprPtr label(const Constant& constant, const Type& target, const std::vector<std::string>* labels, Span span, Problems& problems) {
  static const std::vector<std::string> none;
  const std::vector<std::string>& all = labels == nullptr ? none : *labels;
  const auto found = std::find(all.begin(), all.end(), constant.text);
  if (found == all.end()) {
    const std::string known = all.size() <= 12 ? std::string("; the labels are ") + quoted_list(all) : std::string();
    problems.error(span, "E116", std::string("the enum has no label `") + constant.text + "`" + known + "." + suggestion(constant.text, all));
    return nullptr;
  }
  Value value = Value::of(found - all.begin());
  value.text = constant.text;  // for printing: a type does not know its labels
  return literal(target, std::move(value), span, problems);
}

// What to write instead of a constant that `type` has no place for; empty: it has.
std::string_view cure(const Constant& constant, const Type& target) {
  if (constant.kind == Constant::Kind::text) {
    switch (target.kind) {
      case Kind::text:
      case Kind::enumeration: return "";
      case Kind::time: return "remove the quotes and write `2018-08-08T10:00:00Z`";
      case Kind::duration: return "remove the quotes and write a duration such as `5m`";
      case Kind::boolean: return "remove the quotes and write `true` or `false`";
      default: return "remove the quotes";
    }
  }
  switch (target.kind) {
    case Kind::money: return constant.kind == Constant::Kind::percent ? "write a part of an amount, such as `5% * amount`" : "";
    case Kind::duration: return "durations have a unit: `60s`, `5m`, `1h`";
    case Kind::time: return "times are written `2018-08-08T10:00:00Z`";
    case Kind::boolean: return "write `true` or `false`";
    case Kind::text: return "write it in quotes";
    case Kind::enumeration: return "write one of its labels in quotes";
    default: return "";
  }
}

}  // namespace

std::string describe(const Constant& constant) {
  switch (constant.kind) {
    case Constant::Kind::number: return "a number";
    case Constant::Kind::percent: return "a percentage";
    case Constant::Kind::text: return "text";
  }
  return {};
}

std::optional<Constant> constant_of(const syntax::Node& node) {
  if (node.kind == syntax::NodeKind::text) return Constant{Constant::Kind::text, 0, 1, 0, node.text};
  if (node.kind != syntax::NodeKind::number && node.kind != syntax::NodeKind::percent) return {};
  auto constant = number(Fraction{node.number, static_cast<Int128>(power_of_ten(node.digits))}, node.digits);
  if (constant && node.kind == syntax::NodeKind::percent) constant->kind = Constant::Kind::percent;
  return constant;
}

std::optional<Constant> negated(const Constant& constant) {
  if (constant.kind == Constant::Kind::text) return {};
  Constant result = constant;
  result.numerator = -result.numerator;  // never INT64_MIN: literals are written without a sign and sums are checked to fit both ways
  return result;
}

std::optional<Constant> combined(Op op, const Constant& a, const Constant& b) {
  if (a.kind != Constant::Kind::number || b.kind != Constant::Kind::number) return {};
  std::optional<Constant> result;
  if (op == Op::add) result = number(add(fraction_of(a), fraction_of(b)), std::max(a.digits, b.digits));
  else if (op == Op::subtract) result = number(subtract(fraction_of(a), fraction_of(b)), std::max(a.digits, b.digits));
  else if (op == Op::multiply) result = number(multiply(fraction_of(a), fraction_of(b)), a.digits + b.digits);
  if (result && (result->numerator == INT64_MIN || result->digits > literal_digits_max)) return {};
  return result;
}

std::string cannot(std::string_view verb, const std::string& left, const std::string& right) {
  const bool between = verb.ends_with("between");
  return std::string("cannot ") + std::string(verb) + ' ' + left + (between ? " and " : " with ") + right;
}

ExprPtr convert(const Constant& constant, const Type& target, const std::vector<std::string>* labels, Span span, Problems& problems, std::string_view verb) {
  if (const std::string_view cure_text = cure(constant, target); !cure_text.empty()) {
    const std::string what = verb == "use" ? std::string("cannot use ") + describe(constant) + " as " + to_string(target) : cannot(verb, to_string(target), describe(constant));
    problems.error(span, "E111", what + "; " + std::string(cure_text));
    return nullptr;
  }
  switch (target.kind) {
    case Kind::integer: return integer(constant, target, span, problems);
    case Kind::money:
    case Kind::decimal: return scaled(constant, target, span, problems);
    case Kind::floating: return floating(constant, target, span, problems);
    case Kind::text: return text(constant, target, span, problems);
    case Kind::enumeration: return label(constant, target, labels, span, problems);
    default: return nullptr;  // cured above
  }
}

ExprPtr convert(const Constant& constant, Span span, Problems& problems) {
  Type type;
  if (constant.kind == Constant::Kind::text) {
    if (constant.text.size() > limits::text_bytes_max) {
      problems.error(span, "E115", std::string("a text has at most ") + std::to_string(limits::text_bytes_max) + " bytes");
      return nullptr;
    }
    type.kind = Kind::text;
    type.text_bytes = static_cast<std::uint16_t>(std::max<std::size_t>(constant.text.size(), 1));
    return literal(type, Value::of_text(constant.text), span, problems);
  }
  type.ratio = constant.kind == Constant::Kind::percent || constant.denominator != 1;
  return literal(type, Value::of(constant.numerator, constant.denominator), span, problems);
}

}  // namespace pawl::language
