// Windows: which events are in them, what their keys and values are.
#include <algorithm>

#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

using syntax::AggregateNode;
using syntax::Name;
using syntax::Node;
using syntax::NodeKind;

namespace {

constexpr std::int64_t last_n_max = 1'000'000;

void collect_names(const Node& node, std::vector<Name>& names) {
  if (node.kind == NodeKind::name) names.push_back(node.name);
  for (const auto& arg : node.args) collect_names(*arg, names);
}

std::vector<Name> names_of(const AggregateNode& aggregate) {
  std::vector<Name> names;
  if (aggregate.value) collect_names(*aggregate.value, names);
  names.insert(names.end(), aggregate.key.begin(), aggregate.key.end());
  if (aggregate.where) collect_names(*aggregate.where, names);
  return names;
}

bool takes_no_value(AggregateKind kind) { return kind == AggregateKind::count || kind == AggregateKind::rate; }

}  // namespace

Typed Checker::aggregate(const Node& node, const Scope& scope) {
  const AggregateNode& source = *node.aggregate;
  if (is_without_event(node.span, scope, "a window")) return {};
  if (scope.aggregate) return error(node.span, "E151", "an aggregate inside an aggregate; windows see only fields of the windowed events");
  if (!node.args.empty()) {
    const bool extreme = source.kind == AggregateKind::min || source.kind == AggregateKind::max;
    return error(node.span, "E107", std::string("`") + std::string(word(source.kind)) + "` takes one value" + (extreme ? "; of two values it is `min2(a, b)`, `max2(a, b)`" : ""));
  }
  spans(node);
  EventSet on = windowed_events(node, scope);
  if (on.empty() || !keys(source, on, scope)) return {};
  Scope inner;
  inner.events = on;
  inner.aggregate = true;
  auto out = std::make_unique<Aggregate>();
  Typed typed = make(Op::aggregate, Type{}, node.span);
  out->kind = source.kind;
  if (!typed_value(node, inner, *out, typed)) return {};
  out->prior = source.prior;
  for (const Name& name : source.key) out->key.push_back(name.string());
  out->span = source.span;
  out->width = source.width;
  out->pane = source.pane;
  out->n = source.n;
  out->percentile = source.percentile;
  out->delay = source.delay;
  out->on = std::move(on);
  typed.expr->aggregate = std::move(out);
  return typed;
}

// Value, `where`, and the type that follows from them.
bool Checker::typed_value(const Node& node, const Scope& inner, Aggregate& out, Typed& result) {
  const AggregateNode& source = *node.aggregate;
  const std::string name = source.kind == AggregateKind::own ? source.own.string() : std::string(word(source.kind));
  if (!source.value && !takes_no_value(source.kind)) {
    const std::string of = source.kind == AggregateKind::share ? "a condition" : "a value";
    problems_.error(node.span, "E122", std::string("`") + name + "` needs " + of + ": `" + name + "(x per ..)`");
    return false;
  }
  Type type;
  if (source.value) {
    Typed value = expression(*source.value, inner);
    if (!value) return false;
    type = value.expr->type;
    if (source.kind != AggregateKind::count && source.kind != AggregateKind::distinct && source.kind != AggregateKind::own) result.labels = value.labels;
    out.value = std::move(value.expr);
  }
  const std::optional<Type> yields = yielded(source, type, out);
  if (!yields) return false;
  result.expr->type = *yields;
  if (!source.where) return true;
  out.where = boolean(*source.where, inner, "what follows `where`");
  return out.where != nullptr;
}

// By the aggregate, of values of the type; nothing: reported.
std::optional<Type> Checker::yielded(const AggregateNode& source, const Type& type, Aggregate& out) {
  if (source.kind == AggregateKind::own) {
    const OwnOperator* const own = known_operator(source.own);
    if (own == nullptr) return std::nullopt;
    out.own_name = own->name;
    out.own_version = own->version;
    out.own = own->content;
    return own_type(*own, type, source.value->span);
  }
  const std::optional<Type> yields = aggregate_type(source.kind, type);
  if (yields) return yields;
  const bool share = source.kind == AggregateKind::share;
  problems_.error(source.value->span, share ? "E110" : "E114",
                  share ? std::string("`share` needs a condition, but this is ") + to_string(type) + "; compare it with something"
                        : std::string("`") + std::string(word(source.kind)) + "` is not defined for " + to_string(type));
  return std::nullopt;
}

void Checker::spans(const Node& node) {
  const AggregateNode& source = *node.aggregate;
  if (source.span == SpanKind::last_n && (source.n < 1 || source.n > last_n_max)) {
    problems_.error(node.span, "E121", std::string("`last` takes 1 to ") + std::to_string(last_n_max) + " events");
  }
  if (source.kind == AggregateKind::percentile && (source.percentile < 1 || source.percentile > 100)) {
    problems_.error(node.span, "E121", "a percentile is written `percentile 95 (x per ..)`, from 1 to 100");
  }
  const bool per_second = source.kind == AggregateKind::rate || source.kind == AggregateKind::ewma;
  if (per_second && source.span != SpanKind::time) {
    problems_.error(node.span, "E121", std::string("`") + std::string(word(source.kind)) + "` needs a span of time, such as `1h`");
  }
}

EventSet Checker::windowed_events(const Node& node, const Scope& scope) {
  if (node.aggregate->on.empty()) return infer_events(node, scope);
  return on(node.aggregate->on);
}

// The one event type that has every field the aggregate names. If several have them, those the rule is evaluated on, if they are among
// them: a count in a rule on payments counts payments. A let has nothing to fall back on.
EventSet Checker::infer_events(const Node& node, const Scope& scope) {
  EventSet all = all_events();
  EventSet candidates = all;
  std::vector<std::string> named;
  for (const Name& name : names_of(*node.aggregate)) {
    const EventSet owners = events_with(name.text);
    if (owners.empty()) continue;  // reported where it is typed
    EventSet both;
    std::set_intersection(candidates.begin(), candidates.end(), owners.begin(), owners.end(), std::back_inserter(both));
    candidates.swap(both);
    if (std::find(named.begin(), named.end(), name.text) == named.end()) named.push_back(name.string());
  }
  if (candidates.size() == 1) return candidates;
  const bool maybe_lost = file_.lost_item || std::find(broken_events_.begin(), broken_events_.end(), true) != broken_events_.end();
  if (maybe_lost || all.empty()) return {};
  if (candidates.empty()) {
    problems_.error(node.span, "E105", std::string("no event has all of ") + quoted_list(named) + "; an aggregate sees only fields of the events in its window");
    return {};
  }
  const bool of_rule = !scope.let && !scope.events.empty() && std::includes(candidates.begin(), candidates.end(), scope.events.begin(), scope.events.end());
  if (!of_rule) {
    const std::string fields = named.empty() ? "every event could be meant" : quoted_list(named) + (named.size() == 1 ? " is a field of " : " are fields of ") + event_names(candidates);
    problems_.error(node.span, "E105", fields + "; write which to aggregate, such as `on " + out_.events[candidates.front()].name + "`");
    return {};
  }
  problems_.note(node.span, "I310", std::string("this window holds ") + event_names(scope.events) + ", as the rule does; " + event_names(candidates) + " have its fields: write `on` to say which you mean");
  return scope.events;
}

// A key is read at the event that asks and at those in its window: only what stands in the events themselves has a meaning at both.
bool Checker::is_key_field(const Name& name) {
  if (name.text != "late_by") return true;
  problems_.error(name.span, "E114", "`late_by` is computed for every event and cannot be a key; a key is a field of the event, such as `customer`. "
                                     "To look at late events alone write `where late_by > 0s`");
  return false;
}

// Key fields exist with one type in every windowed event, and in every event that reads the window.
bool Checker::keys(const AggregateNode& aggregate, const EventSet& on, const Scope& scope) {
  Scope windowed;
  windowed.events = on;
  windowed.aggregate = true;
  bool good = true;
  for (std::size_t i = 0; i < aggregate.key.size(); ++i) {
    const Name& name = aggregate.key[i];
    const auto same = [&](const Name& other) { return other.text == name.text; };
    if (std::count_if(aggregate.key.begin(), aggregate.key.begin() + static_cast<std::ptrdiff_t>(i), same) > 0) {
      problems_.error(name.span, "E130", std::string("`") + name.string() + "` is in the key twice");
      good = false;
    }
    if (!is_key_field(name)) return false;
    Node node;
    node.kind = NodeKind::name;
    node.name = name;
    node.span = name.span;
    const Typed field = this->name(node, windowed);
    if (!field) return false;
    if (field.expr->type.kind == Kind::floating) {
      problems_.error(name.span, "E114", "a float cannot be a key");
      return false;
    }
    good = key_at_reader(name, field.expr->type, scope) && good;
  }
  return good;
}

bool Checker::key_at_reader(const Name& name, const Type& type, const Scope& scope) {
  for (const std::uint16_t event : scope.events) {
    const Field* field = find_field(event, name.text);
    if (field != nullptr && field->type == type) continue;
    if (scope.narrowed != nullptr) {
      std::erase(*scope.narrowed, event);
      continue;
    }
    if (broken_events_[event]) return false;
    problems_.error(name.span, "E104",
                    field == nullptr ? std::string("the rule reads this window at ") + out_.events[event].name + ", which has no field `" + name.string() + "`"
                                     : std::string("the key `") + name.string() + "` is " + to_string(type) + " in the window, but " + to_string(field->type) + " in " + out_.events[event].name);
    return false;
  }
  return true;
}

}  // namespace pawl::language
