#include "pawl/core/pattern/formula.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/great_circle.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/rules/list_key.hpp"

namespace pawl::pattern {

using language::Expr;
using language::Op;

namespace {

enum Function : std::uint8_t { f_abs, f_min2, f_max2, f_hour_of, f_weekday_of, f_hours, f_minutes, f_floor, f_round, f_len, f_lower, f_km, f_none };
constexpr std::array<std::string_view, f_none> functions{"abs", "min2", "max2", "hour_of", "weekday_of", "hours", "minutes", "floor", "round", "len", "lower", "km"};

constexpr Int128 hour_ns = Int128{3600} * one_second;
constexpr Int128 day_ns = 24 * hour_ns;

Int128 time_of_day(Int128 time) noexcept { return (time % day_ns + day_ns) % day_ns; }
// 1 = Monday. Day 0 was a Thursday.
Int128 weekday(Int128 time) noexcept {
  const Int128 days = (time - time_of_day(time)) / day_ns;
  return ((days + 3) % 7 + 7) % 7 + 1;
}

Operand number(Int128 value) noexcept { return {.value = {value, 1}, .valid = true}; }
Operand boolean(bool value) noexcept { return number(value ? 1 : 0); }
double float_of(const Operand& operand) noexcept { return std::bit_cast<double>(static_cast<std::int64_t>(operand.value.numerator)); }

// What is not finite is missing.
Operand floating(double value, const Moment& moment) noexcept {
  if (std::isfinite(value)) return number(std::bit_cast<std::int64_t>(value));
  return ++moment.counters.overflows, Operand{};
}

// Sign of a - b: bytes of texts, floats, else exact fractions.
template <class Node>
int order(const Operand& a, const Operand& b, const Node& node) noexcept {
  if (node.text) return order_of(a.text, b.text);
  if (node.floating) return float_of(a) < float_of(b) ? -1 : float_of(a) > float_of(b);
  const auto order = pawl::compare(a.value, b.value);
  return order < 0 ? -1 : order > 0;
}

template <class Node>
Operand compared(Op op, const Operand& a, const Operand& b, const Node& node) noexcept {
  if (!a.valid || !b.valid) return {};
  const int sign = order(a, b, node);
  switch (op) {
    case Op::equal: return boolean(sign == 0);
    case Op::not_equal: return boolean(sign != 0);
    case Op::less: return boolean(sign < 0);
    case Op::less_equal: return boolean(sign <= 0);
    case Op::greater: return boolean(sign > 0);
    default: PAWL_ASSERT(op == Op::greater_equal); return boolean(sign >= 0);
  }
}

Operand negated(const Operand& operand) noexcept { return operand.valid ? number(std::bit_cast<std::int64_t>(-float_of(operand))) : operand; }

Operand float_arithmetic(Op op, double a, double b, const Moment& moment) noexcept {
  switch (op) {
    case Op::add: return floating(a + b, moment);
    case Op::subtract: return floating(a - b, moment);
    case Op::multiply: return floating(a * b, moment);
    default: return b == 0 ? (++moment.counters.divisions_by_zero, Operand{}) : floating(a / b, moment);
  }
}

Operand whole(Int128 value, const Moment& moment) noexcept { return fits_64(value) ? number(value) : (++moment.counters.overflows, Operand{}); }

std::optional<unsigned> digits_of(const Type& type) {
  if (type.kind == Kind::floating) return std::nullopt;
  return type.kind == Kind::decimal ? type.scale : 0U;
}

bool is_less(const Fraction& a, const Fraction& b) noexcept { return pawl::compare(a, b) < 0; }

// What eval() does with steps.
bool is_known(Op op) {
  switch (op) {
    case Op::logical_or: case Op::logical_and: case Op::logical_not:
    case Op::equal: case Op::not_equal: case Op::less: case Op::less_equal: case Op::greater: case Op::greater_equal:
    case Op::add: case Op::subtract: case Op::multiply: case Op::divide: case Op::modulo: case Op::negate:
    case Op::otherwise: case Op::in_set: case Op::in_list: case Op::between: case Op::is_missing: case Op::starts_with: case Op::matches: case Op::choose: case Op::call: case Op::map_lookup:
      return true;
    default: return false;
  }
}

Operand captured_value(const Captured& captured, const Moment& moment) noexcept {
  const std::byte* const at = moment.captures;
  const bool valid = ((moment.captured >> captured.bit) & 1U) != 0;
  switch (captured.as) {
    case Captured::As::number: return valid ? number(load_capture<std::int64_t>(at, captured.offset)) : Operand{};
    case Captured::As::text: {
      const char* const chars = reinterpret_cast<const char*>(at + captured.offset);
      return valid ? Operand{.value = {}, .valid = true, .text = {{chars, ::strnlen(chars, captured.text_bytes)}}} : Operand{};
    }
    case Captured::As::count: return number(load_capture<std::int64_t>(at, captured.offset));
    case Captured::As::float_sum: return floating(load_capture<double>(at, captured.offset), moment);
    case Captured::As::float_average: {
      const auto values = load_capture<std::int64_t>(at, captured.count_offset);
      return values == 0 ? Operand{} : floating(load_capture<double>(at, captured.offset) / static_cast<double>(values), moment);
    }
    case Captured::As::sum:
    case Captured::As::average: break;
  }
  const auto sum = load_capture<Int128>(at, captured.offset);
  if (!fits_64(sum)) return ++moment.counters.overflows, Operand{};
  if (captured.as == Captured::As::sum) return number(sum);
  const auto count = load_capture<std::int64_t>(at, captured.count_offset);
  return count == 0 ? Operand{} : Operand{.value = {sum, count}, .valid = true};
}

}  // namespace

// --- compiling ---

std::optional<Formula> Formula::compile(const Expr& expr, const FormulaSources& sources, std::string& why) {
  Formula formula;
  if (!formula.add(expr, sources, why)) return std::nullopt;
  return formula;
}

std::optional<std::uint32_t> Formula::add(const Expr& expr, const FormulaSources& sources, std::string& why) {
  if (expr.op == Op::let && expr.type.kind == Kind::text) {  // no column either
    const Expr* behind = &expr;
    while (behind->op == Op::let) behind = sources.pipeline->lets[behind->index].expr.get();
    return add(*behind, sources, why);
  }
  Node node;
  node.ratio = expr.type.ratio;
  const bool asks_at_deadline = sources.of_deadline && language::asks_list(expr);
  const bool of_event = !language::reads_steps(expr) && !asks_at_deadline && (expr.type.kind != Kind::text || expr.op == Op::field);  // a computed text is no column
  const bool is_leaf = expr.op == Op::literal || expr.op == Op::binding || language::is_over_repeated(expr) || of_event;
  const bool added = is_leaf ? add_leaf(expr, sources, node) : add_operation(expr, sources, node, why);
  if (!added) return std::nullopt;
  nodes_.push_back(std::move(node));
  return static_cast<std::uint32_t>(nodes_.size() - 1);  // fewer than the pipeline's source has bytes
}

bool Formula::add_leaf(const Expr& expr, const FormulaSources& sources, Node& node) {
  node.text = expr.type.kind == Kind::text;
  node.floating = expr.type.kind == Kind::floating;
  if (expr.op == Op::literal) {
    node.leaf = Leaf::constant;
    node.missing = expr.value.missing;
    node.number = node.floating ? std::bit_cast<std::int64_t>(expr.value.floating) : expr.value.number;
    node.denominator = expr.value.denominator;
    node.literal = expr.value.text;
    return true;
  }
  if (expr.op == Op::binding || language::is_over_repeated(expr)) {
    node.leaf = Leaf::captured;
    const auto captured = sources.captured(expr);
    if (captured) node.captured = *captured;
    return captured.has_value();
  }
  if (node.text) {
    PAWL_ASSERT(expr.op == Op::field && !sources.of_deadline);
    node.leaf = Leaf::text_field;
    for (const EventSchema& event : sources.pipeline->events) {
      const int field = event.find(expr.name);
      const bool is_text = field >= 0 && event.fields[static_cast<std::size_t>(field)].type.kind == Kind::text;
      node.places.push_back(rules::place_of(event, is_text ? field : -1));
    }
    return true;
  }
  node.leaf = Leaf::column;
  const auto column = sources.column(expr);
  if (column) node.column = *column;
  return column.has_value();
}

bool Formula::add_operation(const Expr& expr, const FormulaSources& sources, Node& node, std::string& why) {
  node.op = expr.op;
  node.literal = expr.value.text;
  node.regex = expr.regex.get();
  node.text = !expr.args.empty() && expr.args[0]->type.kind == Kind::text;
  node.floating = !expr.args.empty() && expr.args[0]->type.kind == Kind::floating;
  node.function = static_cast<std::uint8_t>(std::find(functions.begin(), functions.end(), expr.name) - functions.begin());
  if (expr.op == Op::call && node.function == f_none) return why = "it uses `" + expr.name + "(..)`", false;
  if (!is_known(expr.op)) return why = "it uses an operation that is not known of steps", false;
  if (expr.op == Op::in_list) {
    const language::List& list = sources.pipeline->lists[expr.index];
    node.list = static_cast<std::uint32_t>(expr.index);
    node.list_text_bytes = list.type.text_bytes;
  }
  if (expr.op == Op::map_lookup) node.lookup = rules::lookup_call(sources.pipeline->maps[expr.index]);
  node.to_text = expr.type.kind == Kind::text;
  if (expr.op == Op::call) {
    for (const auto& arg : expr.args) node.digits.push_back(digits_of(arg->type));
  }
  if (expr.op != Op::in_set) return add_arguments(expr.args, sources, node, why);
  add_members(expr, node);
  return add_arguments({expr.args.data(), 1}, sources, node, why);
}

bool Formula::add_arguments(std::span<const std::unique_ptr<Expr>> args, const FormulaSources& sources, Node& node, std::string& why) {
  for (const auto& arg : args) {
    const auto index = add(*arg, sources, why);
    if (!index) return false;
    node.args.push_back(*index);
  }
  return true;
}

// Of a set: literals, which are never missing.
void Formula::add_members(const Expr& expr, Node& node) {
  for (std::size_t i = 1; i < expr.args.size(); ++i) {
    const Value& value = expr.args[i]->value;
    if (node.text) node.texts.push_back(value.text);
    else if (node.floating) node.numbers.push_back({std::bit_cast<std::int64_t>(value.floating), 1});
    else node.numbers.push_back({value.number, value.denominator});
  }
  std::sort(node.texts.begin(), node.texts.end());
  if (!node.floating) std::sort(node.numbers.begin(), node.numbers.end(), is_less);
}

// --- running ---

Operand Formula::eval(std::size_t index, const Moment& moment) const noexcept {
  const Node& node = nodes_[index];
  if (node.leaf != Leaf::none) return leaf(node, moment);
  const auto arg = [&](std::size_t i) { return eval(node.args[i], moment); };
  switch (node.op) {
    case Op::logical_and: return kleene(node.args, 0, moment);
    case Op::logical_or: return kleene(node.args, 1, moment);
    case Op::logical_not: {
      const Operand value = arg(0);
      return value.valid ? boolean(value.value.numerator == 0) : value;
    }
    case Op::otherwise: {
      const Operand first = arg(0);
      return first.valid ? first : arg(1);
    }
    case Op::is_missing: return boolean(!arg(0).valid);
    case Op::choose: {
      const Operand condition = arg(0);
      return condition.valid ? arg(condition.value.numerator != 0 ? 1 : 2) : condition;
    }
    case Op::between: return between(node, moment);
    case Op::in_set: return in_set(node, moment);
    case Op::in_list: return in_list(node, moment);
    case Op::starts_with: {
      const Operand value = arg(0);
      CasedText::Room room;
      return value.valid ? boolean(value.text.in(room).starts_with(node.literal)) : Operand{};
    }
    case Op::matches: {
      const Operand value = arg(0);
      CasedText::Room room;
      return value.valid ? boolean(node.regex->matches(value.text.in(room))) : Operand{};
    }
    case Op::map_lookup: return map_lookup(node, arg(0));
    case Op::call: return call(node, moment);
    case Op::negate:
      if (node.floating) return negated(arg(0));
      return arithmetic(node, Op::subtract, number(0), arg(0), moment);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo: return arithmetic(node, node.op, arg(0), arg(1), moment);
    default: return compared(node.op, arg(0), arg(1), node);  // asserts that it is a comparison
  }
}

Operand Formula::leaf(const Node& node, const Moment& moment) const noexcept {
  switch (node.leaf) {
    case Leaf::constant: return {.value = {node.number, node.denominator}, .valid = !node.missing, .text = {node.literal}};
    case Leaf::column: return cell(node.column, moment);
    case Leaf::text_field: {
      const rules::SlotPlace& place = node.places[moment.evaluator.event(moment.lane)];
      return place.exists() && place.present(moment.slot) ? Operand{.value = {}, .valid = true, .text = {place.text(moment.slot)}} : Operand{};
    }
    default: return captured_value(node.captured, moment);
  }
}

Operand Formula::cell(rules::Register column, const Moment& moment) noexcept {
  const std::size_t lane = moment.lane;
  if (column.kind == rules::ColumnKind::number) {
    const rules::NumberColumn& cells = moment.evaluator.number(column);
    return rules::has_lane(cells.valid, lane) ? number(cells.cells[lane]) : Operand{};
  }
  if (column.kind == rules::ColumnKind::ratio) {
    const rules::RatioColumn& cells = moment.evaluator.ratio(column);
    return rules::has_lane(cells.valid, lane) ? Operand{.value = cells.at(lane), .valid = true} : Operand{};
  }
  const rules::BoolColumn& cells = moment.evaluator.boolean(column);
  return rules::has_lane(cells.valid, lane) ? boolean(rules::has_lane(cells.truth, lane)) : Operand{};
}

// `and` (decisive 0) and `or` (decisive 1): a decisive argument decides, else a missing one makes the result missing.
Operand Formula::kleene(Arguments args, Int128 decisive, const Moment& moment) const noexcept {
  bool missing = false;
  for (const std::uint32_t arg : args) {
    const Operand operand = eval(arg, moment);
    if (operand.valid && operand.value.numerator == decisive) return operand;
    missing |= !operand.valid;
  }
  return missing ? Operand{} : number(1 - decisive);
}

Operand Formula::between(const Node& node, const Moment& moment) const noexcept {
  const Operand value = eval(node.args[0], moment);
  const Operand low = compared(Op::greater_equal, value, eval(node.args[1], moment), node);
  const Operand high = compared(Op::less_equal, value, eval(node.args[2], moment), node);
  const auto decides = [](const Operand& side) { return side.valid && side.value.numerator == 0; };
  if (decides(low) || decides(high)) return boolean(false);
  return low.valid && high.valid ? boolean(true) : Operand{};
}

Operand Formula::in_set(const Node& node, const Moment& moment) const noexcept {
  const Operand value = eval(node.args[0], moment);
  if (!value.valid) return {};
  CasedText::Room room;
  if (node.text) return boolean(std::binary_search(node.texts.begin(), node.texts.end(), value.text.in(room)));
  if (node.floating) return boolean(std::any_of(node.numbers.begin(), node.numbers.end(), [&](const Fraction& member) { return float_of({.value = member}) == float_of(value); }));
  return boolean(std::binary_search(node.numbers.begin(), node.numbers.end(), value.value, is_less));
}

// As the list is before the event at hand changes it.
Operand Formula::in_list(const Node& node, const Moment& moment) const noexcept {
  const Operand value = eval(node.args[0], moment);
  if (!value.valid) return {};
  rules::ListKey room;
  CasedText::Room text_room;
  const std::byte* const key = node.text ? rules::text_key(value.text.in(text_room), node.list_text_bytes, room)
                                         : rules::number_key(static_cast<std::int64_t>(value.value.numerator), node.floating, room);
  return boolean(key != nullptr && moment.evaluator.lists()[node.list].holds(key, moment.evaluator.effective_time(moment.lane)));
}

Operand Formula::map_lookup(const Node& node, const Operand& key) const noexcept {
  if (!key.valid) return key;
  CasedText::Room room;
  const auto found = node.text ? node.lookup.find(key.text.in(room)) : node.lookup.find(static_cast<std::int64_t>(key.value.numerator));
  if (!found) return {};
  return node.to_text ? Operand{.value = {}, .valid = true, .text = {node.lookup.text(*found)}} : number(*found);
}

Operand Formula::kilometres(const Node& node, const Moment& moment) const noexcept {
  std::array<double, 4> degrees;
  bool valid = true;
  for (std::size_t i = 0; i < degrees.size(); ++i) {
    const Operand angle = eval(node.args[i], moment);
    valid = valid && angle.valid;
    degrees[i] = node.digits[i] ? nearest_double(angle.value, *node.digits[i]) : float_of(angle);
  }
  if (!valid) return {};
  const auto km = great_circle_km({degrees[0], degrees[1]}, {degrees[2], degrees[3]});
  return km ? number(std::bit_cast<std::int64_t>(*km)) : (++moment.counters.overflows, Operand{});
}

Operand Formula::call(const Node& node, const Moment& moment) const noexcept {
  if (node.function == f_km) return kilometres(node, moment);
  const Operand a = eval(node.args[0], moment);
  if (!a.valid) return {};
  switch (node.function) {
    case f_floor: return whole(floor_of(a.value, *node.digits[0]), moment);
    case f_round: return whole(round_of(a.value, *node.digits[0]), moment);
    case f_len: return number(characters(a.text.text));
    case f_lower: return {.value = {}, .valid = true, .text = {a.text.text, true}};
    case f_abs:
      if (node.floating) return float_of(a) < 0 ? negated(a) : a;
      return a.value.numerator < 0 ? arithmetic(node, Op::subtract, number(0), a, moment) : a;
    case f_hour_of: return number(time_of_day(a.value.numerator) / hour_ns);
    case f_weekday_of: return number(weekday(a.value.numerator));
    case f_hours: return arithmetic(node, Op::divide, a, number(hour_ns), moment);
    case f_minutes: return arithmetic(node, Op::divide, a, number(60 * one_second), moment);
    default: break;
  }
  const Operand b = eval(node.args[1], moment);
  if (!b.valid) return {};
  return (order(b, a, node) < 0) == (node.function == f_min2) ? b : a;
}

// Units need no conversion: both sides of a sum have one scale, and at most one side of a product or quotient has any.
Operand Formula::arithmetic(const Node& node, Op op, const Operand& a, const Operand& b, const Moment& moment) noexcept {
  if (!a.valid || !b.valid) return {};
  if (node.floating) return float_arithmetic(op, float_of(a), float_of(b), moment);
  if ((op == Op::divide || op == Op::modulo) && b.value.numerator == 0) return ++moment.counters.divisions_by_zero, Operand{};
  if (op == Op::modulo) return number(a.value.numerator % b.value.numerator);
  std::optional<Fraction> result;
  switch (op) {
    case Op::add: result = pawl::add(a.value, b.value); break;
    case Op::subtract: result = pawl::subtract(a.value, b.value); break;
    case Op::multiply: result = pawl::multiply(a.value, b.value); break;
    default: result = pawl::divide(a.value, b.value); break;
  }
  const bool fits = result && (node.ratio || fits_64(result->numerator));
  if (!fits) return ++moment.counters.overflows, Operand{};
  return {.value = *result, .valid = true};
}

}  // namespace pawl::pattern
