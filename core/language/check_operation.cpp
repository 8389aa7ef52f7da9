// Operators: operands of one dimension, literals in the units of the other side.
#include <algorithm>

#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

using syntax::Node;

namespace {

std::string mismatch_cure(const Type& a, const Type& b) {
  const auto either = [&](Kind kind) { return a.kind == kind || b.kind == kind; };
  if (a.kind == Kind::money && b.kind == Kind::money) return "; amounts must have one scale and currency";
  if (either(Kind::time) && either(Kind::duration)) return "; did you mean a time since then, such as `at - t`?";
  if (either(Kind::money) && either(Kind::integer)) return "; multiply or divide by a number, or write the amount as a literal";
  if (either(Kind::duration) && either(Kind::integer)) return "; durations have a unit: `60s`, `5m`, `1h`; hours(d) is a number";
  if (either(Kind::text)) return "; remove the quotes, or compare with another field";
  return "";
}

}  // namespace

Typed Checker::operation(const Node& node, const Scope& scope) {
  switch (node.op) {
    case Op::logical_or:
    case Op::logical_and:
    case Op::logical_not: return logical(node, scope);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: return comparison(node, scope);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo: return arithmetic(node, scope);
    case Op::negate: return negation(node, scope);
    case Op::otherwise:
    case Op::choose: return alternative(node, scope);
    case Op::in_set: return in_set(node, scope);
    case Op::between: return between(node, scope);
    case Op::is_missing: return is_missing(node, scope);
    case Op::starts_with:
    case Op::matches: return text_test(node, scope);
    default: return {};
  }
}

// A literal in the type of `other`; anything else as it is.
Typed Checker::adapt(const Node& node, const Typed& other, const Scope& scope, std::string_view verb) {
  const auto literal = constant(node, scope);
  if (!literal || !other) return expression(node, scope);
  if (node.kind == syntax::NodeKind::name && !expression(node, scope)) return {};  // a let that cannot be read here
  return {convert(*literal, other.expr->type, other.labels, node.span, problems_, verb), other.labels};
}

bool Checker::pair(const Node& a, const Node& b, const Scope& scope, Typed& left, Typed& right, std::string_view verb) {
  const bool a_literal = constant(a, scope).has_value();
  if (a_literal && !constant(b, scope)) {
    right = expression(b, scope);
    left = adapt(a, right, scope, verb);
  } else {
    left = expression(a, scope);
    right = a_literal ? expression(b, scope) : adapt(b, left, scope, verb);
  }
  return left && right && compatible(left, right, join(a.span, b.span), verb);
}

bool Checker::compatible(const Typed& a, const Typed& b, Span span, std::string_view verb) {
  const Type& left = a.expr->type;
  const Type& right = b.expr->type;
  const std::string labels = std::string("cannot ") + std::string(verb) + " enums of different labels";
  if (!same_dimension(left, right)) {
    problems_.error(span, "E111", cannot(verb, to_string(left), to_string(right)) + mismatch_cure(left, right));
    return false;
  }
  const bool same_labels = left.kind != Kind::enumeration || a.labels == b.labels || (a.labels != nullptr && b.labels != nullptr && *a.labels == *b.labels);
  if (!same_labels) problems_.error(span, "E111", labels);
  return same_labels;
}

Typed Checker::logical(const Node& node, const Scope& scope) {
  Typed typed = make(node.op, boolean_type, node.span);
  const std::string what = node.op == Op::logical_not ? "what follows `not`" : std::string("each side of `") + std::string(symbol(node.op)) + "`";
  bool good = true;
  for (const auto& arg : node.args) {
    ExprPtr side = boolean(*arg, scope, what);
    good = good && side != nullptr;
    typed.expr->args.push_back(std::move(side));
  }
  return good ? std::move(typed) : Typed{};
}

Typed Checker::comparison(const Node& node, const Scope& scope) {
  Typed left, right;
  if (!pair(*node.args[0], *node.args[1], scope, left, right, "compare")) return {};
  const bool order = node.op != Op::equal && node.op != Op::not_equal;
  if (order && !is_ordered(left.expr->type)) {
    return error(node.span, "E114", to_string(left.expr->type) + " has no order; compare with `=` or `!=`");
  }
  Typed typed = make(node.op, boolean_type, node.span);
  typed.expr->args.push_back(std::move(left.expr));
  typed.expr->args.push_back(std::move(right.expr));
  return typed;
}

Typed Checker::between(const Node& node, const Scope& scope) {
  Typed value = expression(*node.args[0], scope);
  if (!value) return {};
  Typed low = adapt(*node.args[1], value, scope, "compare");
  Typed high = adapt(*node.args[2], value, scope, "compare");
  if (!low || !high) return {};
  if (!compatible(value, low, node.span, "compare") || !compatible(value, high, node.span, "compare")) return {};
  if (!is_ordered(value.expr->type)) return error(node.span, "E114", to_string(value.expr->type) + " has no order");
  Typed typed = make(Op::between, boolean_type, node.span);
  for (Typed* part : {&value, &low, &high}) typed.expr->args.push_back(std::move(part->expr));
  return typed;
}

Typed Checker::arithmetic(const Node& node, const Scope& scope) {
  const Node& a = *node.args[0];
  const Node& b = *node.args[1];
  Typed left, right;
  const bool same_units = node.op == Op::add || node.op == Op::subtract || node.op == Op::modulo;
  if (same_units && (constant(a, scope).has_value() != constant(b, scope).has_value())) {
    if (!pair(a, b, scope, left, right, symbol(node.op) == "%" ? "divide" : symbol(node.op) == "+" ? "add" : "subtract")) return {};
  } else {
    left = expression(a, scope);
    right = expression(b, scope);
    if (!left || !right) return {};
    const bool float_beside = (left.expr->type.kind == Kind::floating) != (right.expr->type.kind == Kind::floating);
    if (float_beside && constant(a, scope)) left = adapt(a, right, scope);
    if (float_beside && constant(b, scope)) right = adapt(b, left, scope);
    if (!left || !right) return {};
  }
  const std::optional<Type> type = arithmetic_type(node.op, left.expr->type, right.expr->type);
  if (!type) {
    return error(node.span, "E111", std::string("cannot compute ") + to_string(left.expr->type) + " " + std::string(symbol(node.op)) + " " + to_string(right.expr->type) + mismatch_cure(left.expr->type, right.expr->type));
  }
  Typed typed = make(node.op, *type, node.span);
  typed.expr->args.push_back(std::move(left.expr));
  typed.expr->args.push_back(std::move(right.expr));
  return typed;
}

Typed Checker::negation(const Node& node, const Scope& scope) {
  Typed inner = expression(*node.args[0], scope);
  if (!inner) return {};
  if (!is_number(inner.expr->type)) return error(node.span, "E114", to_string(inner.expr->type) + " has no negative");
  Typed typed = make(Op::negate, inner.expr->type, node.span);
  typed.expr->args.push_back(std::move(inner.expr));
  return typed;
}

// `a otherwise b`, `if c then a else b`.
Typed Checker::alternative(const Node& node, const Scope& scope) {
  const bool choose = node.op == Op::choose;
  ExprPtr condition = choose ? boolean(*node.args[0], scope, "what follows `if`") : nullptr;
  const std::size_t first = choose ? 1 : 0;
  Typed left, right;
  const bool good = pair(*node.args[first], *node.args[first + 1], scope, left, right, choose ? "choose between" : "replace");
  if (!good || (choose && condition == nullptr)) return {};
  Typed typed = make(node.op, joined(left.expr->type, right.expr->type), node.span);
  typed.labels = left.labels;
  if (choose) typed.expr->args.push_back(std::move(condition));
  typed.expr->args.push_back(std::move(left.expr));
  typed.expr->args.push_back(std::move(right.expr));
  return typed;
}

Typed Checker::in_set(const Node& node, const Scope& scope) {
  Typed value = expression(*node.args[0], scope);
  if (!value) return {};
  Typed typed = make(Op::in_set, boolean_type, node.span);
  typed.expr->args.push_back(nullptr);
  bool good = true;
  for (std::size_t i = 1; i < node.args.size(); ++i) {
    Typed element = adapt(*node.args[i], value, scope, "compare");
    if (element && element.expr->op != Op::literal) element = error(node.args[i]->span, "E117", "a set holds literals only; compare with `=` and `or`");
    good = good && element && compatible(value, element, node.args[i]->span, "compare");
    typed.expr->args.push_back(std::move(element.expr));
  }
  typed.expr->args[0] = std::move(value.expr);
  return good ? std::move(typed) : Typed{};
}

Typed Checker::in_list(const Node& node, const Scope& scope) {
  if (scope.aggregate) return error(node.span, "E152", "an aggregate sees only fields of the windowed events and constants; ask the list outside of it");
  const auto found = list_index_.find(node.name.text);
  if (found == list_index_.end()) {
    if (file_.lost_item) return {};
    std::vector<std::string> names;
    for (const List& list : out_.lists) names.push_back(list.name);
    const std::string known = names.empty() ? " There is none; a set of values is written `in (1, 2)`." : suggestion(node.name.text, names);
    return error(node.name.span, "E141", std::string("unknown list `") + node.name.string() + "`." + known);
  }
  const List& list = out_.lists[found->second];
  Typed wanted = make(Op::literal, list.type, node.span);
  Typed value = adapt(*node.args[0], wanted, scope);
  if (!value) return {};
  if (!same_dimension(value.expr->type, list.type) || value.expr->type.ratio) {
    return error(node.args[0]->span, "E140", std::string("list `") + list.name + "` holds " + to_string(list.type) + ", but this is " + to_string(value.expr->type));
  }
  Typed typed = make(Op::in_list, boolean_type, node.span);
  typed.expr->index = found->second;
  typed.expr->args.push_back(std::move(value.expr));
  return typed;
}

Typed Checker::text_test(const Node& node, const Scope& scope) {
  Typed value = expression(*node.args[0], scope);
  if (!value) return {};
  if (value.expr->type.kind != Kind::text) return error(node.span, "E111", std::string("only text can start with or match something, but this is ") + to_string(value.expr->type));
  if (node.op == Op::starts_with && node.text.size() > value.expr->type.text_bytes) {
    return error(node.span, "E115", to_string(value.expr->type) + " is shorter than this beginning and can never start with it");
  }
  std::shared_ptr<const regex::Regex> regex = node.op == Op::matches ? regular_expression(node) : nullptr;
  if (node.op == Op::matches && regex == nullptr) return {};
  Typed typed = make(node.op, boolean_type, node.span);
  typed.expr->value = Value::of_text(node.text);
  typed.expr->regex = std::move(regex);
  typed.expr->args.push_back(std::move(value.expr));
  return typed;
}

namespace {

// Bytes [begin, end) of the expression as bytes of the source, where a quote is written with a backslash. `written`: between the quotes.
Span in_source(std::string_view written, Span span, std::size_t begin, std::size_t end) {
  const auto source_byte = [&](std::size_t wanted) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < wanted && at < written.size(); ++i) at += written.substr(at, 2) == "\\\"" ? 2U : 1U;
    return span.begin + static_cast<std::uint32_t>(at);
  };
  return {source_byte(begin), source_byte(end)};
}

constexpr std::size_t regex_work_max = 8 * regex::work_max;  // of a file

}  // namespace

// Each once, however often it stands in the file. Null: reported.
std::shared_ptr<const regex::Regex> Checker::regular_expression(const Node& node) {
  const auto [known, fresh] = regexes_.try_emplace(node.name.text);
  if (!fresh) return known->second;
  const std::size_t left = regex_work_max - std::min(regex_work_, regex_work_max);
  regex::Compiled made = regex::compile(node.text, left);
  regex_work_ += made.work;
  known->second = std::move(made.regex);
  if (known->second != nullptr) return known->second;
  const Span span = in_source(node.name.text, node.name.span, made.problem.begin, made.problem.end);
  if (made.problem.too_large && left < regex::work_max) {
    problems_.error(span, "E182", "the regular expressions before this one took nearly all that one file may use: bound their repeats lower, or write fewer");
    return nullptr;
  }
  problems_.error(span, made.problem.too_large ? "E182" : "E181", std::string("in this regular expression: ") + made.problem.text);
  return nullptr;
}

Typed Checker::is_missing(const Node& node, const Scope& scope) {
  Typed value = expression(*node.args[0], scope);
  if (!value) return {};
  Typed typed = make(Op::is_missing, boolean_type, node.span);
  typed.expr->args.push_back(std::move(value.expr));
  return typed;
}

}  // namespace pawl::language
