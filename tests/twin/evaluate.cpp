#include "tests/twin/evaluate.hpp"

#include <algorithm>
#include <bit>
#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <iterator>
#include <string_view>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/language/lookup.hpp"
#include "tests/twin/regex.hpp"

namespace pawl::twin {
namespace {

using language::Expr;
using language::Op;

bool is_scaled(const Type& type) { return type.kind == Kind::money || type.kind == Kind::decimal; }

// From units of a type to the number they stand for, 1999 cents to 19.99, and back.
Number worth(const Type& type, const Number& units) { return is_scaled(type) ? Number(units / power_of_ten(type.scale)) : units; }
Number units(const Type& type, const Number& worth) { return is_scaled(type) ? Number(worth * power_of_ten(type.scale)) : worth; }

Datum checked(const Expr& expr, const Number& number, const Scope& scope) {
  if (fits(expr.type, number)) return Datum::of(number);
  ++scope.counters->overflows;
  return {};
}

Datum divided_by_zero(const Scope& scope) {
  ++scope.counters->divisions_by_zero;
  return {};
}

Datum field(const Expr& expr, const Scope& scope) {
  if (expr.name == "late_by") {
    const auto* header = reinterpret_cast<const EventHeader*>(scope.slot);
    return checked(expr, Number(Integer(scope.effective_time) - header->at), scope);
  }
  const int index = scope.schema->find(expr.name);
  if (index < 0) return {};
  return read(*scope.schema, scope.slot, static_cast<std::size_t>(index));
}

// --- Kleene logic: a missing operand counts only if the other does not decide ---

Datum conjunction(const Datum& a, const Datum& b) {
  if (a.is_false() || b.is_false()) return Datum::of(false);
  if (a.missing || b.missing) return {};
  return Datum::of(true);
}
Datum disjunction(const Datum& a, const Datum& b) {
  if (a.is_true() || b.is_true()) return Datum::of(true);
  if (a.missing || b.missing) return {};
  return Datum::of(false);
}
Datum negation(const Datum& a) { return a.missing ? a : Datum::of(a.is_false()); }

// --- comparisons: of the exact numbers ---

int order(const Type& at, const Datum& a, const Type& bt, const Datum& b) {
  if (at.kind == Kind::text) return a.text.compare(b.text);
  if (at.kind == Kind::floating) return a.floating < b.floating ? -1 : a.floating > b.floating ? 1 : 0;
  if (at.scale == bt.scale) return order_of(a.number, b.number);
  return order_of(worth(at, a.number), worth(bt, b.number));
}

Datum compare(Op op, const Type& at, const Datum& a, const Type& bt, const Datum& b) {
  if (a.missing || b.missing) return {};
  const int sign = order(at, a, bt, b);
  switch (op) {
    case Op::equal: return Datum::of(sign == 0);
    case Op::not_equal: return Datum::of(sign != 0);
    case Op::less: return Datum::of(sign < 0);
    case Op::less_equal: return Datum::of(sign <= 0);
    case Op::greater: return Datum::of(sign > 0);
    default: PAWL_ASSERT(op == Op::greater_equal); return Datum::of(sign >= 0);
  }
}

Datum membership(const Expr& expr, const Scope& scope) {
  const Datum value = evaluate(*expr.args[0], scope);
  bool found = false, unknown = false;
  for (std::size_t i = 1; i < expr.args.size(); ++i) {
    const Datum equal = compare(Op::equal, expr.args[0]->type, value, expr.args[i]->type, evaluate(*expr.args[i], scope));
    found = found || equal.is_true();
    unknown = unknown || equal.missing;
  }
  return unknown && !found ? Datum{} : Datum::of(found);
}

Datum range(const Expr& expr, const Scope& scope) {
  const Datum value = evaluate(*expr.args[0], scope), low = evaluate(*expr.args[1], scope), high = evaluate(*expr.args[2], scope);
  return conjunction(compare(Op::less_equal, expr.args[1]->type, low, expr.args[0]->type, value),
                     compare(Op::less_equal, expr.args[0]->type, value, expr.args[2]->type, high));
}

// --- arithmetic: on what the units stand for ---

Datum finite(double value, const Scope& scope) {
  if (std::isfinite(value)) return Datum::of_floating(value);
  ++scope.counters->overflows;
  return {};
}

Datum floating_arithmetic(const Expr& expr, double a, double b, const Scope& scope) {
  switch (expr.op) {
    case Op::add: return finite(a + b, scope);
    case Op::subtract: return finite(a - b, scope);
    case Op::multiply: return finite(a * b, scope);
    default: PAWL_ASSERT(expr.op == Op::divide); return b == 0 ? divided_by_zero(scope) : finite(a / b, scope);
  }
}

// Truncates towards zero, so that the result has the sign of `a`.
Number remainder(const Number& a, const Number& b) {
  const Number quotient = a / b;
  const Integer whole = boost::multiprecision::numerator(quotient) / boost::multiprecision::denominator(quotient);
  return a - b * Number(whole);
}

Datum arithmetic(const Expr& expr, const Scope& scope) {
  const Datum left = evaluate(*expr.args[0], scope), right = evaluate(*expr.args[1], scope);
  if (left.missing || right.missing) return {};
  if (expr.type.kind == Kind::floating) return floating_arithmetic(expr, left.floating, right.floating, scope);
  const Number a = worth(expr.args[0]->type, left.number), b = worth(expr.args[1]->type, right.number);
  switch (expr.op) {
    case Op::add: return checked(expr, units(expr.type, a + b), scope);
    case Op::subtract: return checked(expr, units(expr.type, a - b), scope);
    case Op::multiply: return checked(expr, units(expr.type, a * b), scope);
    case Op::divide: return b == 0 ? divided_by_zero(scope) : checked(expr, units(expr.type, a / b), scope);
    default: PAWL_ASSERT(expr.op == Op::modulo); return b == 0 ? divided_by_zero(scope) : checked(expr, units(expr.type, remainder(a, b)), scope);
  }
}

// The same number in units of another type: an amount that stands beside an average of amounts.
Datum converted(const Datum& datum, const Type& from, const Type& to) {
  if (datum.missing || to.kind == Kind::text || to.kind == Kind::floating || from.scale == to.scale) return datum;
  return Datum::of(units(to, worth(from, datum.number)));
}
Datum argument(const Expr& expr, std::size_t i, const Scope& scope) {
  return converted(evaluate(*expr.args[i], scope), expr.args[i]->type, expr.type);
}

Datum negated(const Expr& expr, const Scope& scope) {
  const Datum value = evaluate(*expr.args[0], scope);
  if (value.missing) return {};
  if (expr.type.kind == Kind::floating) return Datum::of_floating(-value.floating);
  return checked(expr, -value.number, scope);
}

// --- calls ---

// Nanoseconds into the day, and days since 1970-01-01 (a Thursday), also before it.
Integer day_of(const Integer& ns) {
  const Integer day = Integer(86'400) * one_second;
  const Integer quotient = ns / day;
  return ns < quotient * day ? Integer(quotient - 1) : quotient;
}
Integer hour_of(const Integer& ns) { return (ns - day_of(ns) * 86'400 * one_second) / (Integer(3'600) * one_second); }
Integer weekday_of(const Integer& ns) {
  Integer days_after_monday = (day_of(ns) + 3) % 7;
  if (days_after_monday < 0) days_after_monday += 7;
  return days_after_monday + 1;
}

// The greatest whole number that is not above it.
Integer floor_of(const Number& number) {
  const Integer top = boost::multiprecision::numerator(number), bottom = boost::multiprecision::denominator(number);
  const Integer quotient = top / bottom;
  return quotient * bottom > top ? Integer(quotient - 1) : quotient;
}
// A half goes away from zero.
Integer round_of(const Number& number) {
  const Number half = Number(1) / 2;
  return number < 0 ? Integer(-floor_of(Number(half - number))) : floor_of(Number(number + half));
}

// By UTF-8's definition: a byte 10xxxxxx goes on with a character, every other begins one.
std::int64_t length_of(const std::string& text) {
  std::int64_t length = 0;
  for (const char c : text) length += static_cast<unsigned char>(c) / 64 == 2 ? 0 : 1;
  return length;
}
std::string lower_of(std::string text) {
  const std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", lower = "abcdefghijklmnopqrstuvwxyz";
  for (char& c : text) {
    if (const auto letter = upper.find(c); letter != std::string_view::npos) c = lower[letter];
  }
  return text;
}

// The haversine formula with 50 digits, to whole metres.
Datum kilometres(const Expr& expr, const Scope& scope) {
  using Wide = boost::multiprecision::cpp_bin_float_50;
  Wide radians[4];
  bool missing = false, nowhere = false;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::optional<double> degrees = model_input(*expr.args[i], scope);
    missing = missing || !degrees;
    nowhere = nowhere || !(std::abs(degrees.value_or(0)) <= (i % 2 == 0 ? 90 : 180));
    radians[i] = Wide(degrees.value_or(0)) * boost::math::constants::pi<Wide>() / 180;
  }
  if (missing) return {};
  if (nowhere) return ++scope.counters->overflows, Datum{};
  const auto haversine = [](const Wide& angle) { const Wide root = sin(angle / 2); return Wide(root * root); };
  const Wide h = haversine(radians[2] - radians[0]) + cos(radians[0]) * cos(radians[2]) * haversine(radians[3] - radians[1]);
  const Wide metres = 2 * Wide(63'710'088) / 10 * asin(sqrt(h > 1 ? Wide(1) : h));
  return Datum::of_floating(static_cast<double>(static_cast<std::int64_t>(floor(metres + Wide(0.5)))) / 1000);
}

bool is_over_repeated(const Expr& call) {
  constexpr std::string_view names[] = {"count", "sum", "avg", "min", "max", "first", "last", "share"};
  return std::find(std::begin(names), std::end(names), call.name) != std::end(names);
}

// Of decimals what they are worth, of everything else its units.
Datum whole(const Expr& expr, const Datum& value, const Scope& scope) {
  if (value.missing) return {};
  if (expr.name == "len") return Datum::of(length_of(value.text));
  const Type& type = expr.args[0]->type;
  const Number number = type.kind == Kind::decimal ? worth(type, value.number) : value.number;
  return checked(expr, Number(expr.name == "floor" ? floor_of(number) : round_of(number)), scope);
}

Datum call(const Expr& expr, const Scope& scope) {
  if (is_over_repeated(expr)) return scope.over_repeated ? scope.over_repeated(expr) : Datum{};
  if (expr.name == "km") return kilometres(expr, scope);
  if (expr.name == "floor" || expr.name == "round" || expr.name == "len") return whole(expr, evaluate(*expr.args[0], scope), scope);
  Datum a = argument(expr, 0, scope);
  if (expr.name == "min2" || expr.name == "max2") {
    Datum b = argument(expr, 1, scope);
    if (a.missing || b.missing) return {};
    return (order(expr.type, b, expr.type, a) < 0) == (expr.name == "min2") ? b : a;
  }
  if (a.missing) return {};
  if (expr.name == "lower") return Datum::of_text(lower_of(a.text));
  if (expr.name == "abs") {
    return expr.type.kind == Kind::floating ? Datum::of_floating(a.floating < 0 ? -a.floating : a.floating)
                                            : checked(expr, boost::multiprecision::abs(a.number), scope);
  }
  const Integer whole = boost::multiprecision::numerator(a.number);
  if (expr.name == "hour_of") return Datum::of(Number(hour_of(whole)));
  if (expr.name == "weekday_of") return Datum::of(Number(weekday_of(whole)));
  if (expr.name == "hours") return checked(expr, a.number / (Number(3'600) * one_second), scope);
  if (expr.name == "minutes") return checked(expr, a.number / (Number(60) * one_second), scope);
  return {};
}

Datum otherwise(const Expr& expr, const Scope& scope) {
  const Datum value = argument(expr, 0, scope);
  return value.missing ? argument(expr, 1, scope) : value;
}

Datum choose(const Expr& expr, const Scope& scope) {
  const Datum condition = evaluate(*expr.args[0], scope);
  if (condition.missing) return {};
  return argument(expr, condition.is_true() ? 1 : 2, scope);
}

Datum starts_with(const Expr& expr, const Scope& scope) {
  const Datum text = evaluate(*expr.args[0], scope);
  if (text.missing) return {};
  return Datum::of(std::string_view(text.text).substr(0, expr.value.text.size()) == expr.value.text);
}

Datum matches(const Expr& expr, const Scope& scope) {
  const Datum text = evaluate(*expr.args[0], scope);
  return text.missing ? Datum{} : Datum::of(regex_search(expr.value.text, text.text));
}

// Entry by entry, in the order of the file.
Datum map_lookup(const Expr& expr, const Scope& scope) {
  const Datum key = evaluate(*expr.args[0], scope);
  if (key.missing || scope.maps == nullptr) return {};
  const language::Map& map = (*scope.maps)[expr.index];
  const auto is_key = [&](std::size_t i) {
    if (map.from.kind == Kind::text) return map.content->text_key(i) == key.text;
    if (map.from.kind == Kind::floating) return std::bit_cast<double>(map.content->number_key(i)) == key.floating;
    return Number(map.content->number_key(i)) == key.number;
  };
  Value value = map.otherwise;
  for (std::size_t i = 0; i < map.content->size(); ++i) {
    if (!is_key(i)) continue;
    if (map.to.kind == Kind::text) return Datum::of_text(std::string(map.content->text_value(i)));
    value = Value::of(map.content->value(i));
    value.floating = std::bit_cast<double>(map.content->value(i));
  }
  return Datum::of(map.to, value);
}

}  // namespace

std::optional<double> model_input(const Expr& expr, const Scope& scope) {
  const Datum value = evaluate(expr, scope);
  if (value.missing) return {};
  if (expr.type.kind == Kind::floating) return value.floating;
  return nearest_double(expr.type.kind == Kind::duration ? Number(value.number / one_second) : worth(expr.type, value.number));
}

Datum evaluate(const Expr& expr, const Scope& scope) {
  switch (expr.op) {
    case Op::literal: return Datum::of(expr.type, expr.value);
    case Op::field: return field(expr, scope);
    case Op::let: return scope.let ? scope.let(expr.index) : Datum{};
    case Op::aggregate: return scope.aggregate ? scope.aggregate(*expr.aggregate) : Datum{};
    case Op::logical_or: return disjunction(evaluate(*expr.args[0], scope), evaluate(*expr.args[1], scope));
    case Op::logical_and: return conjunction(evaluate(*expr.args[0], scope), evaluate(*expr.args[1], scope));
    case Op::logical_not: return negation(evaluate(*expr.args[0], scope));
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return compare(expr.op, expr.args[0]->type, evaluate(*expr.args[0], scope), expr.args[1]->type, evaluate(*expr.args[1], scope));
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo: return arithmetic(expr, scope);
    case Op::negate: return negated(expr, scope);
    case Op::otherwise: return otherwise(expr, scope);
    case Op::in_set: return membership(expr, scope);
    case Op::between: return range(expr, scope);
    case Op::is_missing: return Datum::of(evaluate(*expr.args[0], scope).missing);
    case Op::starts_with: return starts_with(expr, scope);
    case Op::choose: return choose(expr, scope);
    case Op::call: return call(expr, scope);
    case Op::in_list: {
      const Datum value = evaluate(*expr.args[0], scope);
      return value.missing || !scope.in_list ? Datum{} : Datum::of(scope.in_list(expr.index, value));
    }
    case Op::binding: return scope.binding ? scope.binding(expr) : Datum{};
    case Op::model: return scope.model ? scope.model(expr.index) : Datum{};
    case Op::matches: return matches(expr, scope);
    case Op::map_lookup: return map_lookup(expr, scope);
  }
  return {};
}

}  // namespace pawl::twin
