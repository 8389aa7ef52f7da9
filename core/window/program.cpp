#include "pawl/core/window/program.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace pawl::window {

using language::Expr;
using language::Op;

namespace {

enum Function : std::uint8_t { f_abs, f_min2, f_max2, f_len };
constexpr std::array<std::string_view, 4> functions{"abs", "min2", "max2", "len"};

bool same_value(const Value& a, const Value& b) noexcept {
  return a.missing == b.missing && a.number == b.number && a.denominator == b.denominator && a.text == b.text;
}

bool is_comparison(Op op) noexcept { return op >= Op::equal && op <= Op::greater_equal; }

// Scale of a number's unit: 10^-scale.
int scale_of(const Type& type) noexcept { return type.kind == Kind::money || type.kind == Kind::decimal ? type.scale : 0; }

std::optional<std::string> unsupported_arithmetic(const Expr& expr) {
  const Type& a = expr.args[0]->type;
  const Type& b = expr.args[1]->type;
  if (expr.op == Op::divide ? false : (a.ratio || b.ratio)) return "arithmetic with ratios inside an aggregate";
  if (expr.op == Op::divide && (a.ratio || b.ratio)) return "division of ratios inside an aggregate";
  if (expr.op == Op::multiply && scale_of(a) + scale_of(b) != scale_of(expr.type)) return "a product of this scale inside an aggregate";
  if (expr.op == Op::divide && (!expr.type.ratio || scale_of(a) - scale_of(b) != scale_of(expr.type))) return "a quotient of this scale inside an aggregate";
  return std::nullopt;
}

std::optional<std::string> unsupported_node(const Expr& expr) {
  switch (expr.op) {
    case Op::add: case Op::subtract: case Op::multiply: case Op::divide: case Op::modulo: return unsupported_arithmetic(expr);
    case Op::call:
      if (std::find(functions.begin(), functions.end(), expr.name) == functions.end()) return "the function `" + expr.name + "` inside an aggregate";
      return std::nullopt;
    case Op::matches: return "`matches` inside an aggregate";
    case Op::binding: case Op::let: case Op::aggregate: case Op::model: case Op::in_list: case Op::map_lookup:
      return "anything but fields of the event and constants inside an aggregate";
    default: return std::nullopt;
  }
}

}  // namespace

bool same(const Expr& a, const Expr& b) noexcept {
  if (a.op != b.op || !(a.type == b.type) || a.name != b.name || a.member != b.member || a.index != b.index) return false;
  if (!same_value(a.value, b.value) || a.args.size() != b.args.size()) return false;
  return std::equal(a.args.begin(), a.args.end(), b.args.begin(), [](const auto& x, const auto& y) { return same(*x, *y); });
}

std::optional<std::string> unsupported_in_aggregate(const Expr& expr) {
  if (expr.type.kind == Kind::floating) return "floating point inside an aggregate";
  if (auto reason = unsupported_node(expr)) return reason;
  for (const auto& arg : expr.args) {
    if (auto reason = unsupported_in_aggregate(*arg)) return reason;
  }
  return std::nullopt;
}

Program Program::compile(const Expr& expr, const EventSchema& schema) {
  Program program;
  program.add(expr, schema);
  program.recognise_shape();
  return program;
}

std::uint16_t Program::add(const Expr& expr, const EventSchema& schema) {
  Node node;
  node.op = expr.op;
  for (const auto& arg : expr.args) node.args.push_back(add(*arg, schema));
  node.text = !expr.args.empty() && expr.args[0]->type.kind == Kind::text;
  node.missing = expr.value.missing;
  node.number = expr.value.number;
  node.denominator = expr.value.denominator;
  node.literal = expr.value.text;
  if (expr.op == Op::literal || expr.op == Op::field) node.text = expr.type.kind == Kind::text;
  if (expr.op == Op::field) {
    const int field = schema.find(expr.name);
    node.late_by = field < 0 && expr.name == "late_by";
    PAWL_ASSERT(field >= 0 || node.late_by);
    if (field >= 0) node.field = FieldRef(schema, static_cast<std::size_t>(field));
  }
  if (expr.op == Op::call) {
    node.function = static_cast<std::uint8_t>(std::find(functions.begin(), functions.end(), expr.name) - functions.begin());
  }
  nodes_.push_back(std::move(node));
  PAWL_ASSERT(nodes_.size() <= std::numeric_limits<std::uint16_t>::max());
  return static_cast<std::uint16_t>(nodes_.size() - 1);
}

void Program::recognise_shape() {
  const auto plain_field = [](const Node& node) { return node.op == Op::field && !node.late_by && !node.text; };
  const Node& root = nodes_.back();
  if (plain_field(root)) {
    shape_ = Shape::field;
    field_ = root.field;
    return;
  }
  if (!is_comparison(root.op) || !plain_field(nodes_[root.args[0]])) return;
  const Node& right = nodes_[root.args[1]];
  if (right.op != Op::literal || right.missing || right.denominator != 1 || right.text) return;
  shape_ = Shape::compare;
  op_ = root.op;
  field_ = nodes_[root.args[0]].field;
  constant_ = right.number;
}

struct Program::Evaluation {
  const std::vector<Node>& nodes;
  const std::byte* slot;
  Time te;

  static Operand number(std::int64_t value) noexcept { return {value, 1, true}; }
  static Operand boolean(bool value) noexcept { return {value ? 1 : 0, 1, true}; }

  Operand eval(std::uint16_t index) const noexcept {
    const Node& node = nodes[index];
    switch (node.op) {
      case Op::literal: return {node.number, node.denominator, !node.missing, node.literal};
      case Op::field: return field(node);
      case Op::logical_and: return kleene(node.args, 0);
      case Op::logical_or: return kleene(node.args, 1);
      case Op::logical_not: return negated(eval(node.args[0]));
      case Op::otherwise: return first_valid(node.args);
      case Op::is_missing: return boolean(!eval(node.args[0]).valid);
      case Op::choose: return choose(node.args);
      case Op::between: return between(node);
      case Op::in_set: return in_set(node);
      case Op::starts_with: return starts_with(node);
      case Op::call: return call(node);
      case Op::negate: return arithmetic(Op::subtract, number(0), eval(node.args[0]));
      case Op::add: case Op::subtract: case Op::multiply: case Op::divide: case Op::modulo:
        return arithmetic(node.op, eval(node.args[0]), eval(node.args[1]));
      default: return compared(node.op, eval(node.args[0]), eval(node.args[1]), node.text);
    }
  }

  Operand field(const Node& node) const noexcept {
    if (node.late_by) return late_by();
    if (node.field.missing(slot)) return {};
    if (node.text) return {0, 1, true, node.field.text(slot)};
    return number(node.field.number(slot));
  }

  Operand late_by() const noexcept {
    std::int64_t at;
    std::memcpy(&at, slot + offsetof(EventHeader, at), sizeof at);
    std::int64_t late;
    return __builtin_sub_overflow(te, at, &late) ? Operand{} : number(late);
  }

  // `and` (decisive 0) and `or` (decisive 1): a decisive argument decides, else a missing one makes the result missing.
  Operand kleene(Arguments args, std::int64_t decisive) const noexcept {
    bool missing = false;
    for (const std::uint16_t arg : args) {
      const Operand operand = eval(arg);
      if (operand.valid && operand.number == decisive) return operand;
      missing |= !operand.valid;
    }
    return missing ? Operand{} : number(1 - decisive);
  }

  static Operand negated(Operand operand) noexcept { return operand.valid ? boolean(operand.number == 0) : operand; }

  Operand first_valid(Arguments args) const noexcept {
    const Operand first = eval(args[0]);
    return first.valid ? first : eval(args[1]);
  }

  Operand choose(Arguments args) const noexcept {
    const Operand condition = eval(args[0]);
    if (!condition.valid) return {};
    return eval(args[condition.number != 0 ? 1 : 2]);
  }

  Operand between(const Node& node) const noexcept {
    const Operand value = eval(node.args[0]);
    const Operand low = compared(Op::greater_equal, value, eval(node.args[1]), node.text);
    const Operand high = compared(Op::less_equal, value, eval(node.args[2]), node.text);
    if ((low.valid && low.number == 0) || (high.valid && high.number == 0)) return boolean(false);
    return low.valid && high.valid ? boolean(true) : Operand{};
  }

  Operand in_set(const Node& node) const noexcept {
    const Operand value = eval(node.args[0]);
    if (!value.valid) return {};
    for (std::size_t i = 1; i < node.args.size(); ++i) {
      if (compared(Op::equal, value, eval(node.args[i]), node.text).number != 0) return boolean(true);
    }
    return boolean(false);
  }

  Operand starts_with(const Node& node) const noexcept {
    const Operand value = eval(node.args[0]);
    return value.valid ? boolean(value.text.starts_with(node.literal)) : Operand{};
  }

  Operand call(const Node& node) const noexcept {
    const Operand a = eval(node.args[0]);
    if (!a.valid) return {};
    if (node.function == f_len) return number(static_cast<std::int64_t>(a.text.size()));
    if (node.function == f_abs) return a.number < 0 ? arithmetic(Op::subtract, number(0), a) : a;
    const Operand b = eval(node.args[1]);
    if (!b.valid) return {};
    const bool less = order(a, b, false) < 0;
    return less == (node.function == f_min2) ? a : b;
  }

  // Sign of a - b: bytes of texts, else exact fractions multiplied crosswise.
  static int order(const Operand& a, const Operand& b, bool text) noexcept {
    if (text) return a.text.compare(b.text) < 0 ? -1 : a.text.compare(b.text) > 0;
    const Int128 left = static_cast<Int128>(a.number) * b.denominator;
    const Int128 right = static_cast<Int128>(b.number) * a.denominator;
    return left < right ? -1 : left > right;
  }

  static Operand compared(Op op, const Operand& a, const Operand& b, bool text) noexcept {
    if (!a.valid || !b.valid) return {};
    const int sign = order(a, b, text);
    switch (op) {
      case Op::equal: return boolean(sign == 0);
      case Op::not_equal: return boolean(sign != 0);
      case Op::less: return boolean(sign < 0);
      case Op::less_equal: return boolean(sign <= 0);
      case Op::greater: return boolean(sign > 0);
      default: return boolean(sign >= 0);
    }
  }

  static Operand quotient(std::int64_t numerator, std::int64_t denominator) noexcept {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    if (denominator == 0) return {};
    if (denominator > 0) return {numerator, denominator, true};
    if (numerator == lowest || denominator == lowest) return {};
    return {-numerator, -denominator, true};
  }

  static Operand arithmetic(Op op, const Operand& a, const Operand& b) noexcept {
    if (!a.valid || !b.valid) return {};
    if (op == Op::divide) return quotient(a.number, b.number);
    std::int64_t result = 0;
    bool overflow = false;
    switch (op) {
      case Op::add: overflow = __builtin_add_overflow(a.number, b.number, &result); break;
      case Op::subtract: overflow = __builtin_sub_overflow(a.number, b.number, &result); break;
      case Op::multiply: overflow = __builtin_mul_overflow(a.number, b.number, &result); break;
      default:
        if (b.number == 0) return {};
        result = b.number == -1 ? 0 : a.number % b.number;
    }
    return overflow ? Operand{} : number(result);
  }
};

Scalar Program::run_tree(const std::byte* slot, Time te) const noexcept {
  const Operand result = Evaluation{nodes_, slot, te}.eval(static_cast<std::uint16_t>(nodes_.size() - 1));
  return result.valid ? Scalar{result.number, true} : Scalar{};
}

}  // namespace pawl::window
