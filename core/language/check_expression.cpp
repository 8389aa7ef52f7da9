// Names, members, calls, look-ups: the leaves of expressions.
#include <algorithm>
#include <array>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/parser.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

using syntax::Name;
using syntax::Node;
using syntax::NodeKind;

namespace {

struct Function { std::string_view name; std::size_t arguments; };
constexpr std::array<Function, 12> functions{{{"abs", 1}, {"round", 1}, {"floor", 1}, {"min2", 2}, {"max2", 2}, {"len", 1}, {"lower", 1},
                                              {"hour_of", 1}, {"weekday_of", 1}, {"km", 4}, {"hours", 1}, {"minutes", 1}}};

// The type of a call with typed arguments; empty: they do not fit. min2 and max2 are not here.
std::optional<Type> call_type(std::string_view name, const std::vector<ExprPtr>& args) {
  const Type& type = args.front()->type;
  if (name == "abs") return is_number(type) ? std::optional(type) : std::nullopt;
  if (name == "round" || name == "floor") {
    Type whole = type;
    whole.ratio = false;
    if (type.kind == Kind::decimal) whole = integer_type;
    return is_number(type) && type.kind != Kind::floating ? std::optional(whole) : std::nullopt;
  }
  if (name == "len") return type.kind == Kind::text ? std::optional(integer_type) : std::nullopt;
  if (name == "lower") return type.kind == Kind::text ? std::optional(type) : std::nullopt;
  if (name == "hour_of" || name == "weekday_of") return type.kind == Kind::time && !type.ratio ? std::optional(integer_type) : std::nullopt;
  if (name == "hours" || name == "minutes") return type.kind == Kind::duration && !type.ratio ? std::optional(plain_ratio) : std::nullopt;
  const auto angle = [](const ExprPtr& arg) { return is_plain(arg->type) || arg->type.kind == Kind::decimal || arg->type.kind == Kind::floating; };
  return std::all_of(args.begin(), args.end(), angle) ? std::optional(floating_type) : std::nullopt;
}

}  // namespace

Typed Checker::error(Span span, std::string_view code, std::string message) {
  problems_.error(span, code, std::move(message));
  return {};
}

Typed Checker::make(Op op, Type type, Span span) {
  auto expr = std::make_unique<Expr>();
  expr->op = op;
  expr->type = type;
  expr->place = problems_.place(span);
  return {std::move(expr), nullptr};
}

// A value that is a literal wherever it is used: literals, sums of literals, and lets that are nothing else.
std::optional<Constant> Checker::constant(const Node& node, const Scope& scope) const {
  if (node.kind == NodeKind::name) {
    const auto let = let_index_.find(node.name.text);
    if (let == let_index_.end() || scope.aggregate) return {};
    return let_constants_[let->second];
  }
  if (node.kind != NodeKind::operation) return constant_of(node);
  if (node.op == Op::negate) {
    const auto inner = constant(*node.args[0], scope);
    return inner ? negated(*inner) : std::nullopt;
  }
  if (node.op != Op::add && node.op != Op::subtract && node.op != Op::multiply) return {};
  const auto left = constant(*node.args[0], scope);
  if (!left) return {};
  const auto right = constant(*node.args[1], scope);
  return right ? combined(node.op, *left, *right) : std::nullopt;
}

Typed Checker::expression(const Node& node, const Scope& scope) {
  Typed typed = without_labels(node, scope);
  if (typed && typed.expr->type.kind == Kind::enumeration) typed.expr->labels = typed.labels;
  return typed;
}

Typed Checker::without_labels(const Node& node, const Scope& scope) {
  if (problems_.quiet()) return {};
  if (node.kind != NodeKind::name) {
    if (const auto literal = constant(node, scope)) return {convert(*literal, node.span, problems_), nullptr};
  }
  switch (node.kind) {
    case NodeKind::number:
    case NodeKind::percent:
    case NodeKind::text: return {};
    case NodeKind::duration:
    case NodeKind::time:
    case NodeKind::boolean: {
      Typed literal = make(Op::literal, node.kind == NodeKind::duration ? duration_type : node.kind == NodeKind::time ? time_type : boolean_type, node.span);
      literal.expr->value = Value::of(node.number);
      return literal;
    }
    case NodeKind::name: return name(node, scope);
    case NodeKind::member: return member(node, scope, false);
    case NodeKind::index: return map_lookup(node, scope);
    case NodeKind::aggregate: return aggregate(node, scope);
    case NodeKind::call: return aggregate_kind(node.name.text) ? iteration(node, scope) : call(node, scope);
    case NodeKind::operation: return operation(node, scope);
    case NodeKind::in_list: return in_list(node, scope);
  }
  return {};
}

ExprPtr Checker::boolean(const Node& node, const Scope& scope, std::string_view what) {
  Typed typed = expression(node, scope);
  if (!typed) return nullptr;
  if (typed.expr->type.kind == Kind::boolean) return std::move(typed.expr);
  problems_.error(node.span, "E110", std::string(what) + " must be true or false, but this is " + to_string(typed.expr->type) + "; compare it with something");
  return nullptr;
}

Typed Checker::name(const Node& node, const Scope& scope) {
  const Name& name = node.name;
  if (scope.aggregate) {
    for (const std::uint16_t event : scope.events) {
      if (find_field(event, name.text) != nullptr || name.text == "late_by") return field_reference(name, scope);
    }
    return outside_aggregate(node, scope);
  }
  if (const auto let = let_index_.find(name.text); let != let_index_.end()) return let_reference(let->second, node, scope);
  if (const auto model = model_index_.find(name.text); model != model_index_.end()) return model_reference(model->second, node, scope);
  if (scope.fields) return field_reference(name, scope);
  const bool is_step = scope.steps != nullptr && std::any_of(scope.steps->begin(), scope.steps->end(), [&](const Step& s) { return s.name == name.text; });
  if (is_step) return error(name.span, "E164", std::string("`") + name.string() + "` is a whole event; write one of its fields, such as `" + name.string() + ".at`");
  const bool known = !events_with(name.text).empty();
  return error(name.span, known ? "E104" : "E103",
               known ? std::string("a rule with a pattern reads fields through its steps; write `step.") + name.string() + "` with a step's name"
                     : std::string("unknown name `") + name.string() + "`." + suggest(name.text, [&] { return visible_names(scope); }));
}

// A name in an aggregate that is no field of the windowed events.
Typed Checker::outside_aggregate(const Node& node, const Scope& scope) {
  const Name& name = node.name;
  const auto what = declared_.find(name.text);
  if (what == declared_.end()) return field_reference(name, scope);
  const bool list = what->second == "list" || what->second == "map";
  return error(name.span, list ? "E152" : "E150",
               "an aggregate sees only fields of the windowed events and constants, but `" + name.string() + "` is a " + what->second + "; compare outside of the aggregate");
}

// Reported: what is computed at an event, where a deadline completes the pattern.
bool Checker::is_without_event(Span span, const Scope& scope, std::string_view what) {
  if (!scope.timed) return false;
  problems_.error(span, "E166", std::string(what) + " is computed at an event, but a pattern that ends with `no` is completed by its deadline; read fields of its steps, such as `step.at`");
  return true;
}

Typed Checker::let_reference(std::size_t index, const Node& node, const Scope& scope) {
  const Let& let = out_.lets[index];
  if (let.expr == nullptr) return {};  // broken, or part of a cycle: reported there
  if (!let_constants_[index] && is_without_event(node.span, scope, std::string("let `") + let.name + "`")) return {};
  const EventSet& readable = let.readable_at;
  for (const std::uint16_t event : scope.events) {
    if (std::binary_search(readable.begin(), readable.end(), event)) continue;
    const auto lacks = [&](const std::string& need) { return find_field(event, need) == nullptr; };
    const auto need = std::find_if(let_needs_[index].begin(), let_needs_[index].end(), lacks);
    const std::string why = need == let_needs_[index].end() ? "whose key has another type" : std::string("which has no field `") + *need + "`";
    return error(node.span, "E104", std::string("`") + let.name + "` cannot be read at " + out_.events[event].name + ", " + why);
  }
  if (let_constants_[index]) return {convert(*let_constants_[index], node.span, problems_), nullptr};
  Typed typed = make(Op::let, let.expr->type, node.span);
  typed.expr->index = index;
  typed.labels = let_labels_[index];
  return typed;
}

// Lets are checked before models, but their events already lack those that have not all inputs.
Typed Checker::model_reference(std::size_t index, const Node& node, const Scope& scope) {
  if (is_without_event(node.span, scope, std::string("model `") + node.name.string() + "`")) return {};
  for (const std::uint16_t event : scope.events) {
    if (index >= model_events_.size() || std::binary_search(model_events_[index].begin(), model_events_[index].end(), event)) continue;
    return error(node.span, "E104", std::string("model `") + node.name.string() + "` cannot be read at " + out_.events[event].name + ", which has not all of its inputs");
  }
  Typed typed = make(Op::model, floating_type, node.span);
  typed.expr->index = index;
  return typed;
}

// `xgb.reasons`: a text of the inputs that moved the score most.
Typed Checker::reasons_of_model(std::size_t index, const Node& node, const Scope& scope) {
  if (scope.hole != &node) return error(node.span, "E198", std::string("`") + node.name.string() + ".reasons` is a text for people; it stands alone in the braces of a reason: \"{" + node.name.string() + ".reasons}\"");
  Typed score = model_reference(index, node, scope);
  if (!score) return {};
  Type text;
  text.kind = Kind::text;
  text.text_bytes = limits::text_bytes_max;
  Typed typed = make(Op::call, text, node.span);
  typed.expr->name = "reasons";
  typed.expr->args.push_back(std::move(score.expr));
  return typed;
}

Typed Checker::field_reference(const Name& name, const Scope& scope) {
  Typed typed = make(Op::field, duration_type, name.span);
  typed.expr->name = name.string();
  if (name.text == "late_by") return typed;
  const Field* field = common_field(name, scope);
  if (field == nullptr) return {};
  typed.expr->type = field->type;
  typed.labels = &field->labels;
  return typed;
}

const Field* Checker::common_field(const Name& name, const Scope& scope) {
  const Field* common = nullptr;
  for (const std::uint16_t event : scope.events) {
    const Field* field = find_field(event, name.text);
    if (field == nullptr) {
      unknown_name(name, scope);
      return nullptr;
    }
    if (common != nullptr && (common->type != field->type || common->labels != field->labels)) {
      problems_.error(name.span, "E109", std::string("`") + name.string() + "` has different types in " + event_names(scope.events) + ": " + to_string(common->type) + " and " + to_string(field->type));
      return nullptr;
    }
    common = field;
  }
  if (common == nullptr) unknown_name(name, scope);
  return common;
}

// Reports why `name` is no field of all events of the scope.
void Checker::unknown_name(const Name& name, const Scope& scope) {
  const bool maybe_lost = file_.lost_item || std::any_of(scope.events.begin(), scope.events.end(), [&](std::uint16_t e) { return broken_events_[e]; });
  if (maybe_lost || problems_.quiet() || out_.events.empty()) return;  // it may have been declared where the syntax error is
  const EventSet owners = events_with(name.text);
  if (owners.empty()) {
    const std::string where = scope.let || scope.events.empty() ? std::string("unknown name `") + name.string() + "`." : std::string("unknown field `") + name.string() + "` of " + event_names(scope.events) + ".";
    problems_.error(name.span, "E103", where + suggest(name.text, [&] { return visible_names(scope); }));
    return;
  }
  EventSet without;
  std::set_difference(scope.events.begin(), scope.events.end(), owners.begin(), owners.end(), std::back_inserter(without));
  const std::string cure = scope.events.size() > without.size() ? "; write `on` with events that have it, or one rule per event" : "";
  problems_.error(name.span, "E104", std::string("`") + name.string() + "` is not a field of " + event_names(without, " or ") + ", but of " + event_names(owners) + cure);
}

// step.field. `iterated`: inside count(..), sum(..) of a repeated step.
Typed Checker::member(const Node& node, const Scope& scope, bool iterated) {
  if (scope.aggregate) return error(node.span, "E153", "an aggregate sees only fields of the windowed events, not steps of a pattern");
  const auto model = model_index_.find(node.name.text);
  if (model != model_index_.end() && node.member.text == "reasons") return reasons_of_model(model->second, node, scope);
  const auto named = [&](const Step& step) { return step.name == node.name.text; };
  const Step* step = nullptr;
  if (scope.steps != nullptr) {
    const auto found = std::find_if(scope.steps->begin(), scope.steps->end(), named);
    if (found != scope.steps->end()) step = &*found;
  }
  if (step == nullptr) {
    if (scope.steps == nullptr) return error(node.span, "E163", std::string("`") + node.name.string() + "." + node.member.string() + "` reads a step, and only a pattern has steps");
    std::vector<std::string> names;
    for (const Step& s : *scope.steps) if (!s.name.empty()) names.push_back(s.name);
    return error(node.name.span, "E163", std::string("no step `") + node.name.string() + "` comes before this." + suggestion(node.name.text, names));
  }
  const bool repeats = step->at_most != 1;
  if (repeats && !iterated) {
    return error(node.span, "E164", std::string("`") + step->name + "` repeats; read it with first(" + step->name + "." + node.member.string() + "), last(..), count(..) or sum(..)");
  }
  Scope fields{{step->event}, false, true, false, nullptr, nullptr};
  Typed typed = field_reference(node.member, fields);
  if (!typed) return {};
  typed.expr->op = Op::binding;
  typed.expr->name = node.name.string();
  typed.expr->member = node.member.string();
  typed.expr->place = problems_.place(node.span);
  return typed;
}

Typed Checker::map_lookup(const Node& node, const Scope& scope) {
  if (scope.aggregate) return error(node.span, "E152", "an aggregate sees only fields of the windowed events and constants; look the map up outside of it");
  const auto found = map_index_.find(node.name.text);
  if (found == map_index_.end()) {
    std::vector<std::string> names;
    for (const Map& map : out_.maps) names.push_back(map.name);
    return error(node.name.span, "E142", std::string("unknown map `") + node.name.string() + "`." + suggestion(node.name.text, names));
  }
  const Map& map = out_.maps[found->second];
  Typed key{nullptr, nullptr};
  if (const auto literal = constant(*node.args[0], scope)) key.expr = convert(*literal, map.from, nullptr, node.args[0]->span, problems_);
  else key = expression(*node.args[0], scope);
  if (!key) return {};
  if (!same_dimension(key.expr->type, map.from) || key.expr->type.ratio) {
    return error(node.args[0]->span, "E140", std::string("map `") + map.name + "` is from " + to_string(map.from) + ", but this is " + to_string(key.expr->type));
  }
  Typed typed = make(Op::map_lookup, map.to, node.span);
  typed.expr->index = found->second;
  typed.expr->args.push_back(std::move(key.expr));
  return typed;
}

// count(l), sum(l.qty), first(l.price): over the events of a repeated step. Without a step it is a window that lacks its key.
Typed Checker::iteration(const Node& node, const Scope& scope) {
  const std::string word = node.name.string();
  const bool one = node.args.size() == 1;
  const Node* arg = one ? node.args[0].get() : nullptr;
  const bool step = arg != nullptr && scope.steps != nullptr && (arg->kind == NodeKind::member || arg->kind == NodeKind::name);
  if (!step) {
    const std::string cure = node.args.size() == 2 && (word == "min" || word == "max") ? std::string("; of two values it is `") + word + "2(a, b)`" : "";
    const std::string example = word == "count" || word == "rate" ? word + "(per customer, 1h)" : word + "(x per customer, 1h)";
    return error(node.span, "E120", std::string("`") + word + "` needs a key and a span: `" + example + "`" + cure);
  }
  const AggregateKind kind = *aggregate_kind(node.name.text);
  Typed typed = make(Op::call, integer_type, node.span);
  typed.expr->name = word;
  Typed value;
  if (arg->kind == NodeKind::member) {
    value = member(*arg, scope, true);
    if (!value) return {};
    const auto type = aggregate_type(kind, value.expr->type);
    if (!type) return error(node.span, "E114", std::string("`") + word + "` is not defined for " + to_string(value.expr->type));
    typed.expr->type = *type;
    typed.labels = value.labels;
  } else {
    const bool known = std::any_of(scope.steps->begin(), scope.steps->end(), [&](const Step& s) { return s.name == arg->name.text; });
    if (!known || kind != AggregateKind::count) return error(node.span, known ? "E122" : "E120", known ? std::string("`") + word + "` needs a field: `" + word + "(" + arg->name.string() + ".amount)`" : std::string("`") + word + "` needs a key and a span, or a step of the pattern");
    value = make(Op::binding, boolean_type, arg->span);
    value.expr->name = arg->name.string();
  }
  typed.expr->args.push_back(std::move(value.expr));
  return typed;
}

bool is_function(std::string_view name) noexcept {
  return std::any_of(functions.begin(), functions.end(), [&](const Function& function) { return function.name == name; });
}

Typed Checker::call(const Node& node, const Scope& scope) {
  const auto found = std::find_if(functions.begin(), functions.end(), [&](const Function& f) { return f.name == node.name.text; });
  const std::string word = node.name.string();
  if (found == functions.end()) {
    return error(node.name.span, "E106", std::string("unknown function `") + word + "`." + suggest(word, [] {
                   std::vector<std::string> names = aggregate_names();
                   for (const Function& f : functions) names.emplace_back(f.name);
                   return names;
                 }));
  }
  if (node.args.size() != found->arguments) {
    return error(node.span, "E107", std::string("`") + word + "` takes " + std::to_string(found->arguments) + (found->arguments == 1 ? " value" : " values") + ", not " + std::to_string(node.args.size()));
  }
  Typed typed = make(Op::call, integer_type, node.span);
  typed.expr->name = word;
  if (word == "min2" || word == "max2") {
    Typed left, right;
    if (!pair(*node.args[0], *node.args[1], scope, left, right, "compare")) return {};
    if (!is_ordered(left.expr->type)) return error(node.span, "E114", std::string("`") + word + "` is not defined for " + to_string(left.expr->type));
    typed.expr->type = joined(left.expr->type, right.expr->type);
    typed.expr->args.push_back(std::move(left.expr));
    typed.expr->args.push_back(std::move(right.expr));
    return typed;
  }
  for (const auto& arg : node.args) {
    const auto literal = word == "km" ? constant(*arg, scope) : std::nullopt;  // of degrees, not a ratio
    Typed value = literal ? Typed{convert(*literal, floating_type, nullptr, arg->span, problems_), nullptr} : expression(*arg, scope);
    if (!value) return {};
    typed.expr->args.push_back(std::move(value.expr));
  }
  const std::optional<Type> type = call_type(node.name.text, typed.expr->args);
  if (!type) return error(node.span, "E114", std::string("`") + word + "` is not defined for " + to_string(typed.expr->args.front()->type));
  typed.expr->type = *type;
  return typed;
}

}  // namespace pawl::language
