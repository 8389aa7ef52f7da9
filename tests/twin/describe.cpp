// Expressions as text, with every operand in brackets: one text for one meaning.
#include <array>
#include <initializer_list>
#include <string_view>

#include "tests/twin/evaluate.hpp"

namespace pawl::twin {
namespace {

using language::Aggregate;
using language::Expr;
using language::Op;

constexpr std::array op_names{"literal", "field", "binding", "let", "aggregate", "model", "or", "and", "not", "=", "!=", "<", "<=", ">", ">=",
                              "+", "-", "*", "/", "%", "negate", "otherwise", "in", "in_list", "between", "is_missing", "starts_with",
                              "matches", "if", "call", "map"};
static_assert(op_names.size() == static_cast<std::size_t>(Op::map_lookup) + 1);

constexpr std::array kind_names{"count", "sum", "avg", "min", "max", "stddev", "first", "last", "distinct", "share", "median", "percentile",
                                "ewma", "rate", "own"};
static_assert(kind_names.size() == static_cast<std::size_t>(language::AggregateKind::own) + 1);

// Joins texts; string + const char* trips a false warning of gcc 12 (-Wrestrict).
std::string join(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) all.append(part);
  return all;
}

std::string type_tag(const Type& type) {
  return join({"'", std::to_string(static_cast<int>(type.kind)), type.ratio ? "r" : "", ".", std::to_string(type.scale)});
}

std::string span_text(const Aggregate& aggregate) {
  switch (aggregate.span) {
    case language::SpanKind::time: return join({std::to_string(aggregate.width), "ns by ", std::to_string(aggregate.pane), "ns"});
    case language::SpanKind::last_n: return join({"last ", std::to_string(aggregate.n)});
    case language::SpanKind::since_start: return "since start";
  }
  return {};
}

}  // namespace

std::string describe(const Expr& expr) {
  if (expr.op == Op::literal) return join({describe(expr.type, Datum::of(expr.type, expr.value)), type_tag(expr.type)});
  if (expr.op == Op::field) return expr.name;
  if (expr.op == Op::aggregate) return describe(*expr.aggregate);
  std::string text = join({"(", op_names[static_cast<std::size_t>(expr.op)], " ", expr.name});
  if (!expr.member.empty()) text += join({".", expr.member});
  if (expr.op == Op::let || expr.op == Op::model || expr.op == Op::in_list || expr.op == Op::map_lookup) {
    text += join({"#", std::to_string(expr.index)});
  }
  if (!expr.value.missing) text += join({" \"", expr.value.text, "\""});
  for (const auto& arg : expr.args) text += join({" ", describe(*arg)});
  return text + ")";
}

std::string describe(const Aggregate& aggregate) {
  std::string text = join({aggregate.prior ? "prior " : "", kind_names[static_cast<std::size_t>(aggregate.kind)]});
  if (aggregate.kind == language::AggregateKind::own) text += join({" ", aggregate.own_name, " ", std::to_string(aggregate.own_version)});
  if (aggregate.kind == language::AggregateKind::percentile) text += std::to_string(aggregate.percentile);
  text += join({"(", aggregate.value ? describe(*aggregate.value) : std::string(), " per"});
  for (const std::string& name : aggregate.key) text += join({" ", name});
  text += join({", ", span_text(aggregate), " delayed ", std::to_string(aggregate.delay), "ns on"});
  for (const std::uint16_t event : aggregate.on) text += join({" ", std::to_string(event)});
  if (aggregate.where) text += join({" where ", describe(*aggregate.where)});
  return text + ")";
}

}  // namespace pawl::twin
