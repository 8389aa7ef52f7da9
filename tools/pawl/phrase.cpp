#include "pawl/phrase.hpp"

#include <fmt/format.h>

#include <vector>

#include "pawl/core/event/format.hpp"

namespace pawl::tools {
namespace {

using language::Aggregate;
using language::AggregateKind;
using language::Expr;
using language::Op;
using language::Pipeline;
using language::SpanKind;

constexpr const char* aggregate_names[] = {"count", "sum", "avg", "min", "max", "stddev", "first", "last", "distinct", "share", "median", "percentile", "ewma", "rate"};

// Binding of the language's operators, from loose to tight; operands that bind less get parentheses.
enum Binding : int { loosest, disjunction, conjunction, negation, comparison, sum, product, sign, fallback, atom };

struct Infix {
  const char* word;
  Binding binding;
};

Infix infix(Op op) {
  switch (op) {
    case Op::logical_or: return {"or", disjunction};
    case Op::logical_and: return {"and", conjunction};
    case Op::equal: return {"=", comparison};
    case Op::not_equal: return {"!=", comparison};
    case Op::less: return {"<", comparison};
    case Op::less_equal: return {"<=", comparison};
    case Op::greater: return {">", comparison};
    case Op::greater_equal: return {">=", comparison};
    case Op::add: return {"+", sum};
    case Op::subtract: return {"-", sum};
    case Op::multiply: return {"*", product};
    case Op::divide: return {"/", product};
    case Op::modulo: return {"%", product};
    case Op::otherwise: return {"otherwise", fallback};
    default: return {nullptr, atom};
  }
}

std::string literal(const Expr& expr) {
  if (expr.value.missing) return "missing";
  if (expr.type.kind == Kind::text) return fmt::format("\"{}\"", expr.value.text);
  if (expr.type.kind == Kind::boolean && !expr.type.ratio) return expr.value.number != 0 ? "true" : "false";
  return to_string(expr.type, expr.value);
}

class Phraser {
 public:
  explicit Phraser(const Pipeline& pipeline) : pipeline_(pipeline) {}

  // In parentheses if it binds less than `least`.
  [[nodiscard]] std::string of(const Expr& expr, Binding least = loosest) const {
    if (const Infix found = infix(expr.op); found.word != nullptr) {
      const auto tighter = static_cast<Binding>(found.binding + 1);
      return wrapped(fmt::format("{} {} {}", of(*expr.args[0], found.binding), found.word, of(*expr.args[1], tighter)), found.binding, least);
    }
    switch (expr.op) {
      case Op::logical_not: return wrapped(fmt::format("not {}", of(*expr.args[0], negation)), negation, least);
      case Op::negate: return wrapped(fmt::format("-{}", of(*expr.args[0], sign)), sign, least);
      case Op::is_missing: return wrapped(fmt::format("{} is missing", of(*expr.args[0], sum)), comparison, least);
      case Op::starts_with: return wrapped(fmt::format("{} starts with \"{}\"", of(*expr.args[0], sum), expr.value.text), comparison, least);
      case Op::matches: return wrapped(fmt::format("{} matches \"{}\"", of(*expr.args[0], sum), expr.value.text), comparison, least);
      case Op::in_set: return wrapped(fmt::format("{} in ({})", of(*expr.args[0], sum), list(expr.args, 1)), comparison, least);
      case Op::in_list: return wrapped(fmt::format("{} in {}", of(*expr.args[0], sum), pipeline_.lists[expr.index].name), comparison, least);
      case Op::between:
        return wrapped(fmt::format("{} between {} and {}", of(*expr.args[0], sum), of(*expr.args[1], sum), of(*expr.args[2], sum)), comparison, least);
      case Op::choose: return wrapped(fmt::format("if {} then {} else {}", of(*expr.args[0]), of(*expr.args[1]), of(*expr.args[2])), loosest, least);
      default: return simple(expr);
    }
  }

  [[nodiscard]] std::string of(const Aggregate& aggregate) const {
    std::string text = aggregate.prior ? "prior " : "";
    text += aggregate.kind == AggregateKind::percentile ? fmt::format("percentile {}", aggregate.percentile)
                                                        : std::string(aggregate_names[static_cast<std::size_t>(aggregate.kind)]);
    text += fmt::format("({}per {}, {}", aggregate.value ? of(*aggregate.value) + " " : "", key(aggregate), span(aggregate));
    if (aggregate.delay > 0) text += fmt::format(" delayed {}", phrase_duration(aggregate.delay));
    if (pipeline_.events.size() > 1) text += fmt::format(" on {}", events(aggregate));
    if (aggregate.where) text += fmt::format(" where {}", of(*aggregate.where));
    return text + ")";
  }

 private:
  static std::string wrapped(const std::string& text, Binding binding, Binding least) { return binding < least ? fmt::format("({})", text) : text; }

  [[nodiscard]] std::string simple(const Expr& expr) const {
    switch (expr.op) {
      case Op::literal: return literal(expr);
      case Op::binding: return fmt::format("{}.{}", expr.name, expr.member);
      case Op::let: return pipeline_.lets[expr.index].name;
      case Op::aggregate: return of(*expr.aggregate);
      case Op::model: return pipeline_.models[expr.index].name;
      case Op::call: return fmt::format("{}({})", expr.name, list(expr.args, 0));
      case Op::map_lookup: return fmt::format("{}({})", pipeline_.maps[expr.index].name, list(expr.args, 0));
      default: return expr.name;
    }
  }

  [[nodiscard]] std::string list(const std::vector<std::unique_ptr<Expr>>& args, std::size_t from) const {
    std::string text;
    for (std::size_t i = from; i < args.size(); ++i) text += fmt::format("{}{}", i > from ? ", " : "", of(*args[i]));
    return text;
  }

  static std::string key(const Aggregate& aggregate) {
    std::string text;
    for (const auto& name : aggregate.key) text += fmt::format("{}{}", text.empty() ? "" : " + ", name);
    return text.empty() ? "all" : text;
  }

  static std::string span(const Aggregate& aggregate) {
    if (aggregate.span == SpanKind::since_start) return "since start";
    if (aggregate.span == SpanKind::last_n) return fmt::format("last {}", aggregate.n);
    return aggregate.pane > 0 ? fmt::format("{} by {}", phrase_duration(aggregate.width), phrase_duration(aggregate.pane)) : phrase_duration(aggregate.width);
  }

  [[nodiscard]] std::string events(const Aggregate& aggregate) const {
    std::string text;
    for (const auto event : aggregate.on) text += fmt::format("{}{}", text.empty() ? "" : ", ", pipeline_.events[event].name);
    return text;
  }

  const Pipeline& pipeline_;
};

}  // namespace

std::string phrase(const Pipeline& pipeline, const Expr& expr) { return Phraser(pipeline).of(expr); }

std::string phrase(const Pipeline& pipeline, const Aggregate& aggregate) { return Phraser(pipeline).of(aggregate); }

std::string phrase_duration(Duration duration) {
  char buffer[print_bytes_max];
  return {buffer, print_duration(duration, buffer)};
}

}  // namespace pawl::tools
