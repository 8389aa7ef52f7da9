#include "naive.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <set>

#include "tests/twin/own.hpp"
#include "tests/twin/value.hpp"

namespace pawl::window::test {
namespace {

bool below(const Value& a, const Value& b) { return a.number < b.number; }

// count / span per second, as whole numbers without a common factor of span and second.
Answer rate(std::int64_t count, Duration span) {
  const std::int64_t common = std::gcd(span, one_second);
  return count == 0 ? Answer{} : Answer{true, count * (one_second / common), span / common};
}

std::int64_t different(const std::vector<Value>& values) {
  std::set<std::pair<std::int64_t, std::string>> found;
  for (const Value& value : values) found.emplace(value.number, value.text);
  return static_cast<std::int64_t>(found.size());
}

// The ceil(percentile * n / 100)-th smallest: so many of 100 values are not above it.
Answer ranked(std::int64_t percentile, std::vector<Value> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end(), below);
  std::size_t rank = 0;
  while (100 * rank < static_cast<std::size_t>(percentile) * values.size()) ++rank;
  return {true, values[rank - 1].number, 0};
}

Answer of_operator(const Aggregate& aggregate, const std::vector<Value>& values) {
  std::vector<std::int64_t> numbers;
  for (const Value& value : values) numbers.push_back(value.number);
  const Lowered value = twin::own_value(aggregate.own_name, numbers);
  return value.present ? Answer{true, value.number, aggregate.own->yields.ratio ? value.denominator : 0} : Answer{};
}

// Pairs of effective time and value.
Answer decayed(const Type& type, Duration half_life, const std::vector<std::pair<Time, std::int64_t>>& values) {
  static std::map<std::pair<Duration, Duration>, double> factors;  // the twin takes its time for each
  if (values.empty()) return {};
  double sum = 0, weight = 0;
  Time before = values.front().first;
  for (const auto& [te, value] : values) {
    const auto [factor, fresh] = factors.try_emplace({te - before, half_life}, 0.0);
    if (fresh) factor->second = twin::decay_factor(te - before, half_life);
    sum = sum * factor->second + static_cast<double>(value);
    weight = weight * factor->second + 1;
    before = te;
  }
  return {true, std::bit_cast<std::int64_t>(sum / weight / static_cast<double>(twin::power_of_ten(type.scale))), 0};
}

Answer deviation(const Type& type, const std::vector<Value>& values) {
  twin::Integer sum = 0, squares = 0;
  for (const Value& value : values) {
    sum += value.number;
    squares += twin::Integer(value.number) * value.number;
  }
  return {true, std::bit_cast<std::int64_t>(twin::deviation(type, static_cast<std::int64_t>(values.size()), sum, squares)), 0};
}

}  // namespace

void Naive::take(const std::byte* slot, std::size_t slot_bytes) {
  Input input;
  input.slot.assign(slot, slot + slot_bytes);
  const auto* header = reinterpret_cast<const EventHeader*>(input.slot.data());
  if (header->type >= first_event_type && static_cast<std::size_t>(header->type - first_event_type) < pipeline_.events.size()) {
    input.event = static_cast<std::size_t>(header->type - first_event_type);
    te_ = std::max(te_, header->at);
  }
  input.te = input.place = te_;
  if (input.event && *input.event < pipeline_.late.size() && Int128{te_} - header->at <= pipeline_.late[*input.event]) input.place = std::max(header->at, INT64_MIN + 1);
  inputs_.push_back(std::move(input));
}

bool Naive::has_key_fields(const Aggregate& aggregate, std::size_t event) const {
  return std::all_of(aggregate.key.begin(), aggregate.key.end(), [&](const std::string& name) { return pipeline_.events[event].find(name) >= 0; });
}

std::optional<Naive::Key> Naive::key_of(const Aggregate& aggregate, const Input& input) const {
  Key key;
  const EventSchema& schema = pipeline_.events[*input.event];
  for (const std::string& name : aggregate.key) {
    const Value value = read_value(schema, input.slot.data(), static_cast<std::size_t>(schema.find(name)));
    if (value.missing) return std::nullopt;
    key.push_back(value.text.empty() ? std::to_string(value.number) : value.text);
  }
  return key;
}

Value Naive::eval(const Expr& expr, const Input& input) const {
  if (expr.op == Op::literal) return expr.value;
  if (expr.op == Op::field) {
    const EventSchema& schema = pipeline_.events[*input.event];
    if (expr.name == "late_by") return Value::of(input.te - reinterpret_cast<const EventHeader*>(input.slot.data())->at);
    return read_value(schema, input.slot.data(), static_cast<std::size_t>(schema.find(expr.name)));
  }
  std::vector<Value> args;
  for (const auto& arg : expr.args) args.push_back(eval(*arg, input));
  const auto is = [](const Value& v, bool b) { return !v.missing && (v.number != 0) == b; };
  switch (expr.op) {
    case Op::is_missing: return Value::of(args[0].missing);
    case Op::logical_and:
      if (is(args[0], false) || is(args[1], false)) return Value::of(0);
      return args[0].missing || args[1].missing ? Value{} : Value::of(1);
    case Op::logical_or:
      if (is(args[0], true) || is(args[1], true)) return Value::of(1);
      return args[0].missing || args[1].missing ? Value{} : Value::of(0);
    case Op::logical_not: return args[0].missing ? Value{} : Value::of(args[0].number == 0);
    case Op::otherwise: return args[0].missing ? args[1] : args[0];
    default: break;
  }
  if (args[0].missing || args[1].missing) return {};
  const Value &a = args[0], &b = args[1];
  const bool text = expr.args[0]->type.kind == Kind::text;
  const int sign = text ? a.text.compare(b.text) : (a.number > b.number) - (a.number < b.number);
  switch (expr.op) {
    case Op::equal: return Value::of(sign == 0);
    case Op::not_equal: return Value::of(sign != 0);
    case Op::less: return Value::of(sign < 0);
    case Op::less_equal: return Value::of(sign <= 0);
    case Op::greater: return Value::of(sign > 0);
    case Op::greater_equal: return Value::of(sign >= 0);
    case Op::add: return Value::of(a.number + b.number);
    case Op::multiply: return Value::of(a.number * b.number);
    default: throw expr.op;
  }
}

void Naive::look_at(const Aggregate& aggregate, const Input& input, History& history) const {
  if (!input.event || std::find(aggregate.on.begin(), aggregate.on.end(), *input.event) == aggregate.on.end()) return;
  const std::optional<Key> key = key_of(aggregate, input);
  if (!key) return;
  if (aggregate.where) {
    const Value condition = eval(*aggregate.where, input);
    if (condition.missing || condition.number == 0) return;
  }
  history.of_key[*key].push_back({input.te, input.place, aggregate.value ? eval(*aggregate.value, input) : Value{}});
}

// Oldest first. REQUIRES: the latest input is an event with all key fields.
std::vector<const Naive::Counted*> Naive::window(const Aggregate& aggregate) {
  std::vector<const Counted*> found;
  const Input& now = inputs_.back();
  const std::optional<Key> key = key_of(aggregate, now);
  if (!key) return found;
  History& history = histories_[&aggregate];
  const std::size_t end = inputs_.size() - (aggregate.prior ? 1 : 0);
  for (; history.looked_at < end; ++history.looked_at) look_at(aggregate, inputs_[history.looked_at], history);
  for (const Counted& counted : history.of_key[*key]) {
    const auto counted_at = [&](Time te) { return aggregate.pane == 0 ? te : te - te % aggregate.pane; };  // no time before 1970 here
    if (counted_at(counted.place) > counted_at(now.place) - aggregate.delay) continue;
    if (aggregate.span == SpanKind::time && aggregate.kind != AggregateKind::ewma && counted_at(counted.place) <= counted_at(now.place) - aggregate.delay - aggregate.width) continue;
    found.push_back(&counted);
  }
  std::stable_sort(found.begin(), found.end(), [](const Counted* a, const Counted* b) { return a->place < b->place; });
  const auto n = static_cast<std::size_t>(aggregate.n);
  if (aggregate.span == SpanKind::last_n && found.size() > n) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(n));
  return found;
}

Answer Naive::answer(const Aggregate& aggregate, const Type&) {
  if (!inputs_.back().event || !has_key_fields(aggregate, *inputs_.back().event)) return {};
  std::vector<Value> values;
  std::int64_t events = 0;
  std::vector<std::pair<Time, std::int64_t>> timed;
  for (const Counted* counted : window(aggregate)) {
    ++events;
    if (!aggregate.value || counted->value.missing) continue;
    timed.emplace_back(counted->te, counted->value.number);
    values.push_back(counted->value);
  }
  const auto size = static_cast<std::int64_t>(values.size());
  Int128 sum = 0;
  for (const Value& value : values) sum += value.number;
  const bool fits = sum >= std::numeric_limits<std::int64_t>::min() && sum <= std::numeric_limits<std::int64_t>::max();
  const auto narrow = static_cast<std::int64_t>(sum);
  switch (aggregate.kind) {
    case AggregateKind::count: return {true, aggregate.value ? size : events, 0};
    case AggregateKind::sum: return fits ? Answer{true, narrow, 0} : Answer{};
    case AggregateKind::avg: return fits && size > 0 ? Answer{true, narrow, size} : Answer{};
    case AggregateKind::share: return size > 0 ? Answer{true, narrow, size} : Answer{};
    case AggregateKind::rate: return rate(aggregate.value ? size : events, aggregate.width);
    case AggregateKind::stddev: return size > 1 ? deviation(aggregate.value->type, values) : Answer{};
    case AggregateKind::first: return size > 0 ? Answer{true, values.front().number, 0} : Answer{};
    case AggregateKind::last: return size > 0 ? Answer{true, values.back().number, 0} : Answer{};
    case AggregateKind::min: return size > 0 ? Answer{true, std::min_element(values.begin(), values.end(), below)->number, 0} : Answer{};
    case AggregateKind::max: return size > 0 ? Answer{true, std::max_element(values.begin(), values.end(), below)->number, 0} : Answer{};
    case AggregateKind::ewma: return decayed(aggregate.value->type, aggregate.width, timed);
    case AggregateKind::own: return of_operator(aggregate, values);
    case AggregateKind::median: return ranked(50, values);
    case AggregateKind::percentile: return ranked(aggregate.percentile, values);
    case AggregateKind::distinct: return {true, different(values), 0};
    default: throw aggregate.kind;
  }
}

}  // namespace pawl::window::test
