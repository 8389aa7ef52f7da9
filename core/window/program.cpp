#include "pawl/core/window/program.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "pawl/core/base/great_circle.hpp"

namespace pawl::window {

using language::Expr;
using language::Op;

namespace {

enum Function : std::uint8_t { f_abs, f_min2, f_max2, f_hour_of, f_weekday_of, f_hours, f_minutes, f_floor, f_round, f_len, f_lower, f_km, f_none };
constexpr std::array<std::string_view, f_none> functions{"abs", "min2", "max2", "hour_of", "weekday_of", "hours", "minutes", "floor", "round", "len", "lower", "km"};

bool same_value(const Value& a, const Value& b) noexcept {
  return a.missing == b.missing && a.number == b.number && a.denominator == b.denominator && std::bit_cast<std::int64_t>(a.floating) == std::bit_cast<std::int64_t>(b.floating) && a.text == b.text;
}

bool is_comparison(Op op) noexcept { return op >= Op::equal && op <= Op::greater_equal; }

std::optional<unsigned> digits_of(const Type& type) {
  if (type.kind == Kind::floating) return std::nullopt;
  return type.kind == Kind::decimal ? type.scale : 0U;
}

std::optional<std::string> unsupported_node(const Expr& expr) {
  switch (expr.op) {
    case Op::call:
      if (std::find(functions.begin(), functions.end(), expr.name) == functions.end()) return "the function `" + expr.name + "` inside an aggregate";
      return std::nullopt;
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
  program.floating_ = expr.type.kind == Kind::floating;
  return program;
}

std::uint16_t Program::add(const Expr& expr, const EventSchema& schema) {
  Node node;
  node.op = expr.op;
  for (const auto& arg : expr.args) node.args.push_back(add(*arg, schema));
  node.text = !expr.args.empty() && expr.args[0]->type.kind == Kind::text;
  node.floating = !expr.args.empty() && expr.args[0]->type.kind == Kind::floating;
  node.ratio = expr.type.ratio;
  node.missing = expr.value.missing;
  node.number = expr.type.kind == Kind::floating ? std::bit_cast<std::int64_t>(expr.value.floating) : expr.value.number;
  node.denominator = expr.value.denominator;
  node.literal = expr.value.text;
  if (expr.regex != nullptr) {
    node.regex = static_cast<std::uint32_t>(regexes_.size());
    regexes_.push_back(*expr.regex);
  }
  if (expr.op == Op::literal || expr.op == Op::field) node.text = expr.type.kind == Kind::text, node.floating = expr.type.kind == Kind::floating;
  if (expr.op == Op::field) {
    const int field = schema.find(expr.name);
    node.late_by = field < 0 && expr.name == "late_by";
    PAWL_ASSERT(field >= 0 || node.late_by);
    if (field >= 0) node.field = FieldRef(schema, static_cast<std::size_t>(field));
  }
  if (expr.op == Op::call) {
    node.function = static_cast<std::uint8_t>(std::find(functions.begin(), functions.end(), expr.name) - functions.begin());
    for (const auto& arg : expr.args) node.digits.push_back(digits_of(arg->type));
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
  if (right.op != Op::literal || right.missing || right.denominator != 1 || right.text || right.floating) return;
  field_ = nodes_[root.args[0]].field;
  set_range(root.op, right.number);
}

// Every comparison with a constant asks whether the field is in a range, or outside of it.
void Program::set_range(Op op, std::int64_t constant) {
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(), highest = std::numeric_limits<std::int64_t>::max();
  shape_ = Shape::range;
  outside_ = op == Op::not_equal || op == Op::less || op == Op::greater;
  low_ = op == Op::less_equal || op == Op::greater ? lowest : constant;
  high_ = op == Op::greater_equal || op == Op::less ? highest : constant;
}

Quick Program::quick(std::int64_t low, std::int64_t high, bool outside) const {
  Quick quick{.word = field_.word(), .missing_byte = field_.missing_byte(), .missing_mask = field_.missing_mask(), .shift = field_.shift()};
  quick.outside = outside;
  quick.mask = field_.mask();
  quick.low = static_cast<std::uint64_t>(low);
  quick.width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return quick;
}

std::optional<Quick> Program::quick_value() const { return shape_ == Shape::field && !floating_ ? std::optional(quick(0, 0, false)) : std::nullopt; }

std::optional<Quick> Program::quick_where() const {
  if (shape_ == Shape::tree) return std::nullopt;
  return shape_ == Shape::field ? quick(0, 0, true) : quick(low_, high_, outside_);  // a boolean field is true if it is not 0
}

struct Program::Evaluation {
  const std::vector<Node>& nodes;
  const std::vector<regex::Regex>& regexes;
  const std::byte* slot;
  Time te;

  static Operand number(Int128 value) noexcept { return {{value, 1}, true}; }
  static Operand boolean(bool value) noexcept { return number(value ? 1 : 0); }
  static double float_of(const Operand& operand) noexcept { return std::bit_cast<double>(static_cast<std::int64_t>(operand.value.numerator)); }
  static Operand floating(double value) noexcept { return std::isfinite(value) ? number(std::bit_cast<std::int64_t>(value)) : Operand{}; }
  // What a value of the node's type can hold; the rest is missing.
  static Operand checked(const Node& node, const std::optional<Fraction>& value) noexcept {
    if (!value) return {};
    if (!node.ratio && !fits_64(value->numerator)) return {};
    return {*value, true};
  }

  Operand eval(std::uint16_t index) const noexcept {
    const Node& node = nodes[index];
    switch (node.op) {
      case Op::literal: return {{node.number, node.denominator}, !node.missing, {node.literal}};
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
      case Op::matches: return matches(node);
      case Op::call: return call(node);
      case Op::negate:
        if (node.floating) return opposite(eval(node.args[0]));
        return arithmetic(node, Op::subtract, number(0), eval(node.args[0]));
      case Op::add: case Op::subtract: case Op::multiply: case Op::divide: case Op::modulo:
        return arithmetic(node, node.op, eval(node.args[0]), eval(node.args[1]));
      default: return compared(node.op, eval(node.args[0]), eval(node.args[1]), node);
    }
  }

  Operand field(const Node& node) const noexcept {
    if (node.late_by) return checked(node, Fraction{static_cast<Int128>(te) - reinterpret_cast<const EventHeader*>(slot)->at, 1});
    if (node.field.missing(slot)) return {};
    if (node.text) return {{}, true, {node.field.text(slot)}};
    if (node.floating && !is_finite_float(node.field.number(slot))) return {};
    return number(node.field.number(slot));
  }

  // `and` (decisive 0) and `or` (decisive 1): a decisive argument decides, else a missing one makes the result missing.
  Operand kleene(Arguments args, Int128 decisive) const noexcept {
    bool missing = false;
    for (const std::uint16_t arg : args) {
      const Operand operand = eval(arg);
      if (operand.valid && operand.value.numerator == decisive) return operand;
      missing |= !operand.valid;
    }
    return missing ? Operand{} : number(1 - decisive);
  }

  static Operand negated(const Operand& operand) noexcept { return operand.valid ? boolean(operand.value.numerator == 0) : operand; }

  Operand first_valid(Arguments args) const noexcept {
    const Operand first = eval(args[0]);
    return first.valid ? first : eval(args[1]);
  }

  Operand choose(Arguments args) const noexcept {
    const Operand condition = eval(args[0]);
    if (!condition.valid) return {};
    return eval(args[condition.value.numerator != 0 ? 1 : 2]);
  }

  Operand between(const Node& node) const noexcept {
    const Operand value = eval(node.args[0]);
    const Operand low = compared(Op::greater_equal, value, eval(node.args[1]), node);
    const Operand high = compared(Op::less_equal, value, eval(node.args[2]), node);
    const auto decides = [](const Operand& side) { return side.valid && side.value.numerator == 0; };
    if (decides(low) || decides(high)) return boolean(false);
    return low.valid && high.valid ? boolean(true) : Operand{};
  }

  Operand in_set(const Node& node) const noexcept {
    const Operand value = eval(node.args[0]);
    if (!value.valid) return {};
    for (std::size_t i = 1; i < node.args.size(); ++i) {
      if (order(value, eval(node.args[i]), node) == 0) return boolean(true);
    }
    return boolean(false);
  }

  Operand starts_with(const Node& node) const noexcept {
    const Operand value = eval(node.args[0]);
    CasedText::Room room;
    return value.valid ? boolean(value.text.in(room).starts_with(node.literal)) : Operand{};
  }

  Operand matches(const Node& node) const noexcept {
    const Operand value = eval(node.args[0]);
    CasedText::Room room;
    return value.valid ? boolean(regexes[node.regex].matches(value.text.in(room))) : Operand{};
  }

  static Operand opposite(const Operand& operand) noexcept { return operand.valid ? number(std::bit_cast<std::int64_t>(-float_of(operand))) : operand; }
  static Operand whole(Int128 value) noexcept { return fits_64(value) ? number(value) : Operand{}; }

  Operand kilometres(const Node& node) const noexcept {
    std::array<double, 4> degrees;
    for (std::size_t i = 0; i < degrees.size(); ++i) {
      const Operand angle = eval(node.args[i]);
      if (!angle.valid) return {};
      degrees[i] = node.digits[i] ? nearest_double(angle.value, *node.digits[i]) : float_of(angle);
    }
    const auto km = great_circle_km({degrees[0], degrees[1]}, {degrees[2], degrees[3]});
    return km ? floating(*km) : Operand{};
  }

  Operand call(const Node& node) const noexcept {
    if (node.function == f_km) return kilometres(node);
    const Operand a = eval(node.args[0]);
    if (!a.valid) return {};
    switch (node.function) {
      case f_floor: return whole(floor_of(a.value, *node.digits[0]));
      case f_round: return whole(round_of(a.value, *node.digits[0]));
      case f_len: return number(characters(a.text.text));
      case f_lower: return {{}, true, {a.text.text, true}};
      case f_abs:
        if (node.floating) return float_of(a) < 0 ? opposite(a) : a;
        return a.value.numerator < 0 ? arithmetic(node, Op::subtract, number(0), a) : a;
      case f_hour_of: return number(time_of_day(a.value.numerator) / hour);
      case f_weekday_of: return number(weekday(a.value.numerator));
      case f_hours: return checked(node, pawl::divide(a.value, {hour, 1}));
      case f_minutes: return checked(node, pawl::divide(a.value, {60 * one_second, 1}));
      default: break;
    }
    const Operand b = eval(node.args[1]);
    if (!b.valid) return {};
    return (order(b, a, node) < 0) == (node.function == f_min2) ? b : a;
  }

  static constexpr Int128 hour = Int128{3600} * one_second;
  static constexpr Int128 day = 24 * hour;
  static Int128 time_of_day(Int128 time) noexcept { return (time % day + day) % day; }
  // 1 = Monday. Day 0 was a Thursday.
  static Int128 weekday(Int128 time) noexcept {
    const Int128 days = (time - time_of_day(time)) / day;
    return ((days + 3) % 7 + 7) % 7 + 1;
  }

  // Sign of a - b: bytes of texts, floats, else exact fractions multiplied crosswise.
  static int order(const Operand& a, const Operand& b, const Node& node) noexcept {
    if (node.text) return order_of(a.text, b.text);
    if (node.floating) return float_of(a) < float_of(b) ? -1 : float_of(a) > float_of(b);
    const auto order = pawl::compare(a.value, b.value);
    return order < 0 ? -1 : order > 0;
  }

  static Operand compared(Op op, const Operand& a, const Operand& b, const Node& node) noexcept {
    if (!a.valid || !b.valid) return {};
    const int sign = order(a, b, node);
    switch (op) {
      case Op::equal: return boolean(sign == 0);
      case Op::not_equal: return boolean(sign != 0);
      case Op::less: return boolean(sign < 0);
      case Op::less_equal: return boolean(sign <= 0);
      case Op::greater: return boolean(sign > 0);
      default: return boolean(sign >= 0);
    }
  }

  static Operand float_arithmetic(Op op, double a, double b) noexcept {
    switch (op) {
      case Op::add: return floating(a + b);
      case Op::subtract: return floating(a - b);
      case Op::multiply: return floating(a * b);
      default: return b == 0 ? Operand{} : floating(a / b);
    }
  }

  // Units need no conversion: both sides of a sum have one scale, and at most one side of a product or quotient has any.
  static Operand arithmetic(const Node& node, Op op, const Operand& a, const Operand& b) noexcept {
    if (!a.valid || !b.valid) return {};
    if (node.floating) return float_arithmetic(op, float_of(a), float_of(b));
    switch (op) {
      case Op::add: return checked(node, pawl::add(a.value, b.value));
      case Op::subtract: return checked(node, pawl::subtract(a.value, b.value));
      case Op::multiply: return checked(node, pawl::multiply(a.value, b.value));
      case Op::divide: return b.value.numerator == 0 ? Operand{} : checked(node, pawl::divide(a.value, b.value));
      default: return b.value.numerator == 0 ? Operand{} : number(a.value.numerator % b.value.numerator);
    }
  }
};

Scalar Program::run_tree(const std::byte* slot, Time te) const noexcept {
  const Operand result = Evaluation{nodes_, regexes_, slot, te}.eval(static_cast<std::uint16_t>(nodes_.size() - 1));
  if (!result.valid) return {};
  if (floating_) return float_value(true, static_cast<std::int64_t>(result.value.numerator));
  // Of a ratio only whether it is missing is asked; everything else fits.
  return {static_cast<std::int64_t>(result.value.numerator), true};
}

}  // namespace pawl::window
