#include "pawl/core/language/print.hpp"

#include <fmt/format.h>

#include <array>

#include "pawl/core/event/format.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

namespace {

// How tightly an operator binds; an operand that binds less tightly than its place asks for gets parentheses.
enum Level : int { whole, disjunction, conjunction, negation, comparison, sum, product, unary, fallback, primary };

Level level_of(const Expr& expr) {
  switch (expr.op) {
    case Op::logical_or: return disjunction;
    case Op::logical_and: return conjunction;
    case Op::logical_not: return negation;
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::in_set:
    case Op::in_list:
    case Op::between:
    case Op::is_missing:
    case Op::starts_with:
    case Op::matches: return comparison;
    case Op::add:
    case Op::subtract: return sum;
    case Op::multiply:
    case Op::divide:
    case Op::modulo: return product;
    case Op::negate: return unary;
    case Op::otherwise: return fallback;
    case Op::choose: return whole;
    case Op::literal: return expr.type.kind != Kind::time && (expr.value.number < 0 || expr.value.floating < 0) ? unary : primary;
    default: return primary;
  }
}

std::string in_quotes(std::string_view text, bool raw) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || (c == '\\' && !raw)) result += '\\';
    result += c;
  }
  return result + '"';
}

// numerator / denominator * 10^shift as a decimal number. REQUIRES: the denominator divides a power of ten (it came from a literal).
std::string decimal(std::int64_t numerator, std::int64_t denominator, unsigned shift) {
  Uint128 digits = magnitude(numerator);
  auto rest = static_cast<Uint128>(denominator);
  unsigned scale = 0;
  for (; rest > 1 && scale < 2 * scale_max; ++scale) {
    const Uint128 by = rest % 10 == 0 ? 10 : rest % 5 == 0 ? 5 : 2;
    digits *= 10 / by;
    rest /= by;
  }
  for (; shift > 0; --shift) {
    if (scale > 0) --scale;
    else digits *= 10;
  }
  std::string text;
  for (; digits > 0 || text.size() <= scale; digits /= 10) text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(digits % 10)));
  if (scale > 0) text.insert(text.size() - scale, 1, '.');
  return numerator < 0 ? '-' + text : text;
}

std::string ratio(const Expr& expr) {
  const Value& value = expr.value;
  if (is_plain(expr.type)) return decimal(value.number, value.denominator, 2) + '%';
  const auto in_units = static_cast<std::int64_t>(power_of_ten(expr.type.scale));
  std::int64_t denominator = 0;
  if (!__builtin_mul_overflow(value.denominator, in_units, &denominator)) return decimal(value.number, denominator, 0);
  return std::to_string(value.number) + '/' + std::to_string(value.denominator);
}

std::string printed_literal(const Expr& expr) {
  const Value& value = expr.value;
  if (expr.type.ratio) return ratio(expr);
  switch (expr.type.kind) {
    case Kind::boolean: return value.number != 0 ? "true" : "false";
    case Kind::text:
    case Kind::enumeration: return in_quotes(value.text, false);
    case Kind::floating: {
      unsigned digits = 0;
      while (digits < scale_max && std::stod(fmt::format("{:.{}f}", value.floating, digits)) != value.floating) ++digits;
      return fmt::format("{:.{}f}", value.floating, digits);
    }
    default: break;
  }
  std::array<char, print_bytes_max> buffer;
  return {buffer.data(), print_number(expr.type, value.number, {}, buffer.data())};
}

std::string printed_span(const Aggregate& aggregate) {
  switch (aggregate.span) {
    case SpanKind::time: return print(aggregate.width) + (aggregate.pane == 0 ? std::string() : std::string(" by ") + print(aggregate.pane));
    case SpanKind::last_n: return fmt::format("last {}", aggregate.n);
    case SpanKind::since_start: return "since start";
  }
  return {};
}

class Printer {
 public:
  explicit Printer(const Pipeline& pipeline) : pipeline_(pipeline) {}

  std::string operator()(const Expr& expr, int at_least) const {
    std::string text = bare(expr);
    return level_of(expr) < at_least ? '(' + text + ')' : text;
  }

 private:
  std::string binary(const Expr& expr, int left, int right) const {
    return fmt::format("{} {} {}", (*this)(*expr.args[0], left), symbol(expr.op), (*this)(*expr.args[1], right));
  }

  std::string list(const Expr& expr, std::size_t from, int level) const {
    std::string text;
    for (std::size_t i = from; i < expr.args.size(); ++i) text += (i == from ? "" : ", ") + (*this)(*expr.args[i], level);
    return text;
  }

  std::string bare(const Expr& expr) const {
    const auto arg = [&](std::size_t i, int level) { return (*this)(*expr.args[i], level); };
    switch (expr.op) {
      case Op::literal: return printed_literal(expr);
      case Op::field: return expr.name;
      case Op::binding: return expr.member.empty() ? expr.name : expr.name + '.' + expr.member;
      case Op::let: return pipeline_.lets[expr.index].name;
      case Op::model: return pipeline_.models[expr.index].name;
      case Op::aggregate: return print(*expr.aggregate, pipeline_);
      case Op::logical_or: return binary(expr, disjunction, conjunction);
      case Op::logical_and: return binary(expr, conjunction, negation);
      case Op::logical_not: return std::string("not ") + arg(0, negation);
      case Op::add:
      case Op::subtract: return binary(expr, sum, product);
      case Op::multiply:
      case Op::divide:
      case Op::modulo: return binary(expr, product, unary);
      case Op::negate: return '-' + arg(0, primary);
      case Op::otherwise: return binary(expr, fallback, primary);
      case Op::in_set: return arg(0, sum) + " in (" + list(expr, 1, unary) + ')';
      case Op::in_list: return arg(0, sum) + " in " + pipeline_.lists[expr.index].name;
      case Op::between: return fmt::format("{} between {} and {}", arg(0, sum), arg(1, sum), arg(2, sum));
      case Op::is_missing: return arg(0, sum) + " is missing";
      case Op::starts_with: return arg(0, sum) + " starts with " + in_quotes(expr.value.text, false);
      case Op::matches: return arg(0, sum) + " matches " + in_quotes(expr.value.text, true);
      case Op::choose: return fmt::format("if {} then {} else {}", arg(0, disjunction), arg(1, disjunction), arg(2, disjunction));
      case Op::call:
        if (expr.name == "reasons") return arg(0, primary) + ".reasons";
        return expr.name + '(' + list(expr, 0, whole) + ')';
      case Op::map_lookup: return pipeline_.maps[expr.index].name + '[' + arg(0, whole) + ']';
      default: return binary(expr, sum, sum);  // comparisons
    }
  }

  const Pipeline& pipeline_;
};

}  // namespace

std::string print(Duration duration) {
  std::array<char, print_bytes_max> buffer;
  return {buffer.data(), print_duration(duration, buffer.data())};
}

std::string print_key(const std::vector<std::string>& key) {
  std::string text;
  for (const std::string& part : key) text += (text.empty() ? "" : "+") + part;
  return text.empty() ? "all" : text;
}

std::string print(const Expr& expr, const Pipeline& pipeline) { return Printer(pipeline)(expr, whole); }

std::string print(const Aggregate& aggregate, const Pipeline& pipeline) {
  const Printer printer(pipeline);
  std::string text(aggregate.prior ? "prior " : "");
  text += word(aggregate);
  if (aggregate.kind == AggregateKind::percentile) text += fmt::format(" {} ", aggregate.percentile);
  text += '(';
  if (aggregate.value) text += printer(*aggregate.value, whole) + ' ';
  text += std::string("per ") + print_key(aggregate.key) + ", " + printed_span(aggregate);
  if (aggregate.delay != 0) text += std::string(" delayed ") + print(aggregate.delay);
  if (pipeline.events.size() > 1) {
    for (std::size_t i = 0; i < aggregate.on.size(); ++i) text += (i == 0 ? " on " : ", ") + pipeline.events[aggregate.on[i]].name;
  }
  if (aggregate.where) text += std::string(" where ") + printer(*aggregate.where, whole);
  return text + ')';
}

}  // namespace pawl::language
