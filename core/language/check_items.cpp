// Events, lists, maps, lets, policy, tests.
#include <algorithm>
#include <set>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/parser.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

using syntax::Name;

namespace {

constexpr std::size_t labels_max = 4096;

enum Visit : int { unseen, open, done };

bool is_decision(std::string_view word) {
  const auto kind = action_kind(word);
  return kind && *kind <= ActionKind::challenge;
}

}  // namespace

void Checker::run() {
  events();
  declare_names();
  lists_and_maps();
  own_operators();
  lets();
  models();
  rules();
  policy();
  tests();
}

// --- Events ---

void Checker::events() {
  for (const syntax::Event& declaration : file_.events) {
    if (problems_.quiet()) return;
    if (event_index_.contains(declaration.name.text)) {
      problems_.error(declaration.name.span, "E130", std::string("event `") + declaration.name.string() + "` is declared twice");
    } else if (out_.events.size() == limits::event_types_max) {
      problems_.error(declaration.name.span, "E180", std::string("a pipeline has at most ") + std::to_string(limits::event_types_max) + " events");
    } else {
      event(declaration);
    }
  }
  if (file_.events.empty() && !problems_.any_error()) problems_.error(file_.name_span, "E118", "a pipeline without events has nothing to decide: declare one, such as `event Payment { at: time, amount: money }`");
}

void Checker::event(const syntax::Event& declaration) {
  std::vector<Field> fields;
  std::set<std::string_view> names;
  std::size_t bytes = 0;
  bool good = !declaration.broken;
  for (const syntax::FieldDeclaration& part : declaration.fields) {
    std::optional<Field> field = this->field(part, bytes);
    if (!names.insert(part.name.text).second) {
      problems_.error(part.name.span, "E130", std::string("field `") + part.name.string() + "` is declared twice");
      good = false;
    } else if (field) {
      bytes += field->name == "at" ? 0 : stored_bytes(field->type);
      fields.push_back(std::move(*field));
    } else {
      good = false;
    }
  }
  const std::string name = declaration.name.string();
  if (!declaration.broken && !names.contains("at")) problems_.error(declaration.name.span, "E101", std::string("event `") + name + "` has no event time; add a field `at: time`"), good = false;
  if (fields.size() > limits::event_fields_max) problems_.error(declaration.name.span, "E102", std::string("event `") + name + "` has more than " + std::to_string(limits::event_fields_max) + " fields"), good = false;
  EventSchema schema;
  const auto type = static_cast<std::uint16_t>(first_event_type + out_.events.size());
  if (good) {
    Result<EventSchema> made = EventSchema::make(name, fields, type);
    good = made.ok();
    if (good) schema = std::move(*made);
    else problems_.error(declaration.name.span, "E102", made.error().text);
  }
  if (!good) {  // its good fields still serve the checks of what follows
    schema.name = name;
    schema.fields = std::move(fields);
    schema.type = type;
  }
  const auto index = static_cast<std::uint16_t>(out_.events.size());
  for (const Field& field : schema.fields) {
    auto& owners = field_events_.try_emplace(*names.find(field.name)).first->second;
    if (owners.empty() || owners.back() != index) owners.push_back(index);
  }
  event_index_.emplace(declaration.name.text, index);
  broken_events_.push_back(!good);
  out_.events.push_back(std::move(schema));
  out_.late.push_back(declaration.late);
  out_.reorder.push_back(declaration.reorder);
}

std::optional<Field> Checker::field(const syntax::FieldDeclaration& declaration, std::size_t event_bytes) {
  if (declaration.type.name.empty()) return {};
  const std::optional<Type> type = this->type(declaration.type);
  if (!type) return {};
  if (declaration.name.text == "late_by") {
    problems_.error(declaration.name.span, "E130", "`late_by` is computed for every event and cannot be declared");
    return {};
  }
  if (declaration.name.text == "at" && type->kind != Kind::time) {
    problems_.error(declaration.type.name.span, "E101", "`at` is the event time and must be of type time");
    return {};
  }
  if (event_bytes + stored_bytes(*type) > limits::event_payload_bytes_max) {
    problems_.error(declaration.name.span, "E102", std::string("up to this field the event has more than ") + std::to_string(limits::event_payload_bytes_max) + " bytes; shorten its texts");
    return {};
  }
  Field field;
  field.name = declaration.name.string();
  field.type = *type;
  std::set<std::string_view> seen;
  for (const Name& label : declaration.type.labels) {
    if (!seen.insert(label.text).second) problems_.error(label.span, "E130", std::string("label `") + label.string() + "` is declared twice");
    else field.labels.push_back(label.string());
  }
  return field;
}

std::optional<Type> Checker::type(const syntax::TypeName& name) {
  if (name.name.empty()) return {};
  const std::string_view word = name.name.text;
  const auto bad = [&](std::string message) {
    problems_.error(name.name.span, "E108", std::move(message));
    return std::optional<Type>();
  };
  Type type;
  if (word == "money") return money_type(name);
  if (word == "decimal") {
    if (!name.number || *name.number < 0 || *name.number > scale_max || !name.currency.empty()) return bad("write `decimal(4)`: the digits after the point, at most 18");
    type.kind = Kind::decimal;
    type.scale = static_cast<std::uint8_t>(*name.number);
    return type;
  }
  if (word == "text") {
    const auto longest = static_cast<std::int64_t>(limits::text_bytes_max);
    if (!name.number || *name.number < 1 || *name.number > longest || !name.currency.empty()) return bad(std::string("write `text(32)`: its largest length in bytes, at most ") + std::to_string(longest));
    type.kind = Kind::text;
    type.text_bytes = static_cast<std::uint16_t>(*name.number);
    return type;
  }
  if (word == "enum") {
    if (name.labels.empty() || name.labels.size() > labels_max) return bad(std::string("write `enum(a, b)`: its labels, at most ") + std::to_string(labels_max));
    type.kind = Kind::enumeration;
    return type;
  }
  if (name.number) return bad(std::string("`") + name.name.string() + "` takes no number");
  type.kind = word == "bool" ? Kind::boolean : word == "float" ? Kind::floating : word == "time" ? Kind::time : word == "duration" ? Kind::duration : Kind::integer;
  return type;
}

std::optional<Type> Checker::money_type(const syntax::TypeName& name) {
  Type type;
  type.kind = Kind::money;
  type.scale = static_cast<std::uint8_t>(name.number.value_or(2));
  const std::string_view currency = name.currency.text;
  const bool good_currency = currency.empty() || (currency.size() == 3 && std::all_of(currency.begin(), currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  const std::int64_t scale = name.number.value_or(2);
  if (scale < 0 || scale > scale_max || !good_currency) {
    problems_.error(name.name.span, "E108", "write `money`, `money(3)` or `money(2,EUR)`: digits after the point, at most 18, and the currency's three letters");
    return {};
  }
  std::copy(currency.begin(), currency.end(), type.currency.begin());
  return type;
}

// --- Names ---

// Lists, maps, lets and models share one space of names. A let or model must not hide a field.
void Checker::declare(const Name& name, std::string_view what, bool shadows_fields) {
  const auto [other, fresh] = declared_.try_emplace(name.text, what);
  if (!fresh) problems_.error(name.span, "E130", std::string("`") + name.string() + "` is already the name of a " + other->second);
  if (!shadows_fields) return;
  if (name.text == "late_by" || name.text == "true" || name.text == "false") {
    problems_.error(name.span, "E130", std::string("`") + name.string() + "` is a word of the language; choose another name");
  } else if (const EventSet owners = events_with(name.text); !owners.empty()) {
    problems_.error(name.span, "E130", std::string("`") + name.string() + "` is already a field of " + event_names(owners) + "; choose another name");
  }
}

void Checker::declare_names() {
  for (const syntax::List& list : file_.lists) declare(list.name, "list", false), list_index_.emplace(list.name.text, list_index_.size());
  for (const syntax::Map& map : file_.maps) declare(map.name, "map", false), map_index_.emplace(map.name.text, map_index_.size());
  for (std::size_t i = 0; i < file_.lets.size(); ++i) declare(file_.lets[i].name, "let", true), let_index_.emplace(file_.lets[i].name.text, i);
  for (std::size_t i = 0; i < file_.models.size(); ++i) declare(file_.models[i].name, "model", true), model_index_.emplace(file_.models[i].name.text, i);
}

Type Checker::storable(const syntax::TypeName& name) {
  std::optional<Type> type = this->type(name);
  if (type && type->kind == Kind::enumeration) {
    problems_.error(name.name.span, "E108", "lists and maps cannot hold enums; use text");
    type.reset();
  }
  return type.value_or(Type{});
}

void Checker::lists_and_maps() {
  for (const syntax::List& list : file_.lists) out_.lists.push_back({list.name.string(), storable(list.type), list.expires_after, problems_.place(list.name.span)});
  for (const syntax::Map& map : file_.maps) this->map(map);
}

// --- Lets ---

void Checker::lets() {
  let_constants_.resize(file_.lets.size());
  let_labels_.resize(file_.lets.size());
  let_needs_.resize(file_.lets.size());
  for (const syntax::Let& let : file_.lets) {
    Let out;
    out.name = let.name.string();
    out.place = problems_.place(let.name.span);
    out_.lets.push_back(std::move(out));
  }
  order_lets();
  for (const std::size_t index : out_.let_order) let(index);
}

namespace {

using Index = std::unordered_map<std::string_view, std::size_t>;

// `models`: null within a model's inputs, which name no models.
void used_lets(const syntax::Node& node, const syntax::File& file, const Index& lets, const Index* models, std::vector<std::size_t>& uses) {
  if (node.kind == syntax::NodeKind::name) {
    if (const auto found = lets.find(node.name.text); found != lets.end()) uses.push_back(found->second);
    if (models != nullptr && models->contains(node.name.text)) {
      for (const auto& input : file.models[models->at(node.name.text)].inputs) used_lets(*input, file, lets, nullptr, uses);
    }
  }
  for (const auto& arg : node.args) used_lets(*arg, file, lets, models, uses);
}

}  // namespace

// Depth first with a stack of its own: a chain of lets may be as long as the file.
void Checker::order_lets() {
  struct Frame { std::size_t let; std::vector<std::size_t> uses; std::size_t next; };
  std::vector<int> state(file_.lets.size(), unseen);
  const auto uses_of = [&](std::size_t index) {
    std::vector<std::size_t> uses;
    if (file_.lets[index].expr) used_lets(*file_.lets[index].expr, file_, let_index_, &model_index_, uses);
    return uses;
  };
  for (std::size_t root = 0; root < file_.lets.size(); ++root) {
    if (state[root] != unseen) continue;
    std::vector<Frame> stack;
    stack.push_back({root, uses_of(root), 0});
    state[root] = open;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == frame.uses.size()) {
        state[frame.let] = done;
        out_.let_order.push_back(frame.let);
        stack.pop_back();
        continue;
      }
      const std::size_t used = frame.uses[frame.next++];
      if (state[used] == open) {
        std::vector<std::size_t> path;
        for (const Frame& f : stack) path.push_back(f.let);
        report_cycle(path, used);
      } else if (state[used] == unseen) {
        state[used] = open;
        stack.push_back({used, uses_of(used), 0});
      }
    }
  }
}

void Checker::report_cycle(const std::vector<std::size_t>& path, std::size_t again) {
  const auto begin = std::find(path.begin(), path.end(), again);
  std::string cycle;
  constexpr std::ptrdiff_t shown_max = 20;
  for (auto at = begin; at != path.end() && at - begin < shown_max; ++at) {
    const std::size_t next = at + 1 == path.end() ? again : *(at + 1);
    cycle += (cycle.empty() ? "`" : ", `") + file_.lets[*at].name.string() + "` uses `" + file_.lets[next].name.string() + "`";
  }
  problems_.error(file_.lets[again].name.span, "E131", std::string("a let cannot use itself: ") + cycle);
}

void Checker::let(std::size_t index) {
  const syntax::Let& let = file_.lets[index];
  Let& out = out_.lets[index];
  if (!let.expr || problems_.quiet()) return;
  const EventSet events = readable(*let.expr, let_needs_[index]);
  if (events.empty()) return report_unreadable(let.name, let_needs_[index]);
  Scope scope;
  scope.events = events;
  scope.let = true;
  out.readable_at = events;
  scope.narrowed = &out.readable_at;
  Typed typed = expression(*let.expr, scope);
  let_constants_[index] = constant(*let.expr, scope);
  let_labels_[index] = typed.labels;
  out.expr = std::move(typed.expr);
  if (out.expr != nullptr && out.expr->type.kind == Kind::enumeration && typed.labels != nullptr) out.labels = *typed.labels;
  if (out.expr != nullptr && out.readable_at.empty()) {
    problems_.error(let.name.span, "E104", std::string("no event has the key fields of `") + out.name + "` with the types they have in its windows");
  }
}

// --- Policy and tests ---

void Checker::policy() {
  if (file_.policies.empty()) return;
  const syntax::Policy& policy = file_.policies.front();
  if (file_.policies.size() > 1) problems_.error(file_.policies[1].span, "E130", "a pipeline has one policy");
  const auto decision = [&](const Name& name) {
    if (name.empty()) return std::string();
    if (!is_decision(name.text)) {
      const std::vector<std::string> known{"allow", "approve", "decline", "reject", "review", "challenge"};
      problems_.error(name.span, "E171", std::string("`") + name.string() + "` is not a decision; decisions are " + quoted_list(known) + "." + suggestion(name.text, known));
    }
    return name.string();
  };
  Policy& out = out_.policy;
  out.present = true;
  out.place = problems_.place(policy.span);
  for (const Name& name : policy.order) {
    std::string word = decision(name);
    if (std::find(out.order.begin(), out.order.end(), word) != out.order.end() && !word.empty()) problems_.error(name.span, "E130", std::string("`") + word + "` is in the order twice");
    out.order.push_back(std::move(word));
  }
  for (const syntax::PolicyThreshold& threshold : policy.at_score) out.at_score.emplace_back(decision(threshold.decision), threshold.score);
  out.cap = policy.cap;
  if (!policy.default_decision.empty()) out.default_decision = decision(policy.default_decision);
}

void Checker::tests() {
  for (const syntax::Test& declaration : file_.tests) test(declaration);
}

void Checker::test(const syntax::Test& declaration) {
  Test out{declaration.name, {}, {}, problems_.place(declaration.span)};
  for (const syntax::Given& given : declaration.given) this->given(given, out);
  for (const syntax::Expectation& expectation : declaration.expect) {
    const Name& name = expectation.name;
    const bool of_rule = expectation.kind != Expectation::Kind::decision;
    if (of_rule && !rule_index_.contains(name.text)) {
      std::vector<std::string> names;
      for (const Rule& rule : out_.rules) names.push_back(rule.name);
      problems_.error(name.span, "E170", std::string("unknown rule `") + name.string() + "`." + suggestion(name.text, names));
    } else if (!of_rule && !is_decision(name.text)) {
      problems_.error(name.span, "E171", std::string("`") + name.string() + "` is not a decision");
    }
    out.expect.push_back({expectation.kind, name.string(), expectation.after_given});
  }
  out_.tests.push_back(std::move(out));
}

void Checker::given(const syntax::Given& given, Test& test) {
  Given out;
  const int event = known_event(given.event);
  if (event < 0) return;
  out.event = static_cast<std::uint16_t>(event);
  Scope scope;
  scope.events = {out.event};
  std::set<std::string_view> seen;
  for (const syntax::Assignment& assignment : given.fields) {
    if (!seen.insert(assignment.field.text).second) problems_.error(assignment.field.span, "E130", std::string("`") + assignment.field.string() + "` is given twice");
    const Field* field = common_field(assignment.field, scope);
    if (field == nullptr) continue;
    Typed wanted = make(Op::literal, field->type, assignment.field.span);
    wanted.labels = &field->labels;
    const Typed value = adapt(*assignment.value, wanted, Scope{});
    if (!value || !compatible(value, wanted, assignment.value->span, "give")) continue;
    if (value.expr->op != Op::literal || value.expr->type.ratio) {
      problems_.error(assignment.value->span, "E117", std::string("a test gives literals of the field's type, here ") + to_string(field->type));
      continue;
    }
    out.fields.emplace_back(static_cast<std::size_t>(field - out_.events[out.event].fields.data()), value.expr->value);
  }
  if (!seen.contains("at")) problems_.error(given.event.span, "E101", "every event needs its time; add `at=2018-08-08T10:00:00Z`");
  test.given.push_back(std::move(out));
}

// --- Look-ups ---

int Checker::find_event(std::string_view name) const {
  const auto found = event_index_.find(name);
  return found == event_index_.end() ? -1 : static_cast<int>(found->second);
}

int Checker::known_event(const Name& name) {
  const int event = find_event(name.text);
  if (event >= 0 || file_.lost_item || name.empty()) return event;
  problems_.error(name.span, "E100", std::string("unknown event `") + name.string() + "`." + suggest(name.text, [&] {
                    std::vector<std::string> names;
                    for (const EventSchema& schema : out_.events) names.push_back(schema.name);
                    return names;
                  }));
  return -1;
}

const Field* Checker::find_field(std::uint16_t event, std::string_view name) const {
  const EventSchema& schema = out_.events[event];
  const auto found = std::find_if(schema.fields.begin(), schema.fields.end(), [&](const Field& field) { return field.name == name; });
  return found == schema.fields.end() ? nullptr : &*found;
}

EventSet Checker::events_with(std::string_view field) const {
  if (field == "late_by") return all_events();
  const auto found = field_events_.find(field);
  return found == field_events_.end() ? EventSet{} : found->second;
}

EventSet Checker::all_events() const {
  EventSet all(out_.events.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  return all;
}

std::string Checker::event_names(const EventSet& events, std::string_view last_separator) const {
  std::string text;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0) text += i + 1 == events.size() ? last_separator : std::string_view(", ");
    text += out_.events[events[i]].name;
  }
  return text;
}

std::vector<std::string> Checker::visible_names(const Scope& scope) const {
  std::vector<std::string> names;
  for (const std::uint16_t event : scope.events) {
    for (const Field& field : out_.events[event].fields) names.push_back(field.name);
  }
  if (scope.aggregate) return names;
  for (const Let& let : out_.lets) names.push_back(let.name);
  for (const Model& model : out_.models) names.push_back(model.name);
  return names;
}

std::string Checker::suggest(std::string_view name, const std::function<std::vector<std::string>()>& candidates) const {
  return problems_.quiet() ? std::string() : suggestion(name, candidates());
}

}  // namespace pawl::language
