// One text for one meaning, as an s-expression. Spelling is gone by now: the checker has put literals into units.
#include <array>

#include "pawl/core/event/format.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string literal(const Expr& expr) {
  if (expr.type.kind == Kind::text) return in_quotes(expr.value.text);
  std::string text;
  if (expr.type.kind == Kind::floating) {
    std::array<char, print_bytes_max> digits;
    text.assign(digits.data(), print_floating(expr.value.floating, digits.data()));
  } else {
    text = std::to_string(expr.value.number);
    if (expr.type.ratio) text += '/' + std::to_string(expr.value.denominator);
  }
  return text + ':' + to_string(expr.type);
}

std::string head(const Expr& expr) {
  switch (expr.op) {
    case Op::field: return std::string("field ") + expr.name + ':' + to_string(expr.type);
    case Op::binding: return std::string("binding ") + expr.name + '.' + expr.member + ':' + to_string(expr.type);
    case Op::let: return std::string("let ") + std::to_string(expr.index);
    case Op::model: return std::string("model ") + std::to_string(expr.index);
    case Op::logical_not: return "not";
    case Op::negate: return "negate";
    case Op::in_set: return "in";
    case Op::in_list: return std::string("in-list ") + std::to_string(expr.index);
    case Op::between: return "between";
    case Op::is_missing: return "missing";
    case Op::starts_with: return std::string("starts-with ") + in_quotes(expr.value.text);
    case Op::matches: return std::string("matches ") + in_quotes(expr.value.text);
    case Op::choose: return "if";
    case Op::call: return std::string("call ") + expr.name;
    case Op::map_lookup: return std::string("map ") + std::to_string(expr.index);
    default: return std::string(symbol(expr.op));
  }
}

std::string span_text(const Aggregate& aggregate) {
  switch (aggregate.span) {
    case SpanKind::time: return std::string("time ") + std::to_string(aggregate.width) + (aggregate.pane == 0 ? "" : std::string(" by ") + std::to_string(aggregate.pane));
    case SpanKind::last_n: return std::string("last ") + std::to_string(aggregate.n);
    case SpanKind::since_start: return "start";
  }
  return {};
}

}  // namespace

std::string canonical(const Expr& expr) {
  if (expr.op == Op::literal) return literal(expr);
  if (expr.op == Op::aggregate) return canonical(*expr.aggregate);
  std::string text = '(' + head(expr);
  for (const auto& arg : expr.args) text += ' ' + canonical(*arg);
  return text + ')';
}

std::string canonical(const Aggregate& aggregate) {
  std::string text = std::string("(") + std::string(aggregate.prior ? "prior " : "") + std::string(word(aggregate));
  if (aggregate.kind == AggregateKind::own) text = text + " version " + std::to_string(aggregate.own_version);
  if (aggregate.kind == AggregateKind::percentile) text += ' ' + std::to_string(aggregate.percentile);
  if (aggregate.value) text += ' ' + canonical(*aggregate.value);
  text += " (per";
  for (const std::string& part : aggregate.key) text += ' ' + part;
  text += std::string(") (") + span_text(aggregate) + ") (delay " + std::to_string(aggregate.delay) + ") (on";
  for (const std::uint16_t event : aggregate.on) text += ' ' + std::to_string(event);
  text += ')';
  if (aggregate.where) text += std::string(" (where ") + canonical(*aggregate.where) + ')';
  return text + ')';
}

}  // namespace pawl::language
