// Rules, patterns, actions, reasons.
#include <algorithm>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/language/checker.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/language/typing.hpp"

namespace pawl::language {

using syntax::Name;

void Checker::rules() {
  for (const syntax::Rule& declaration : file_.rules) {
    if (problems_.quiet()) return;
    if (!rule_index_.emplace(declaration.name.text, out_.rules.size()).second) {
      problems_.error(declaration.name.span, "E130", std::string("rule `") + declaration.name.string() + "` is declared twice");
    } else if (out_.rules.size() == limits::rules_max) {
      problems_.error(declaration.name.span, "E180", std::string("a pipeline has at most ") + std::to_string(limits::rules_max) + " rules");
      return;
    }
    rule(declaration);
  }
}

void Checker::rule(const syntax::Rule& rule) {
  Rule out;
  out.name = rule.name.string();
  out.title = rule.title;
  out.owner = rule.owner;
  out.place = problems_.place(rule.name.span);
  out.mode = rule.mode;
  out.live_percent = rule.live_percent;
  out.fire_if_missing = rule.fire_if_missing;
  for (const Name& tag : rule.tags) out.tags.push_back(tag.string());
  if (rule.pattern) {
    pattern(rule, out);
  } else {
    out.on = on(rule.on);
    Scope scope;
    scope.events = out.on;
    if (rule.on.empty() && !rule.broken) problems_.error(rule.name.span, "E160", std::string("rule `") + out.name + "` has no `on`; write the events it is evaluated on, such as `on Payment`");
    if (!rule.when && !rule.broken) problems_.error(rule.name.span, "E160", std::string("rule `") + out.name + "` has neither `when` nor `pattern`");
    if (!out.on.empty()) condition(rule, out, scope);
  }
  if (!out.on.empty()) rest(rule, out);
  out_.rules.push_back(std::move(out));
}

void Checker::condition(const syntax::Rule& rule, Rule& out, const Scope& scope) {
  if (rule.when) out.when = boolean(*rule.when, scope, "the condition of a rule");
  actions(rule, out, scope);
  reasons(rule, out, scope);
}

EventSet Checker::on(const std::vector<Name>& names) {
  EventSet events;
  bool good = true;
  for (const Name& name : names) {
    const int event = known_event(name);
    good = good && event >= 0;
    if (event < 0) continue;
    const auto at = std::lower_bound(events.begin(), events.end(), event);
    if (at != events.end() && *at == event) problems_.error(name.span, "E130", std::string("`") + name.string() + "` is named twice");
    else events.insert(at, static_cast<std::uint16_t>(event));
  }
  return good ? events : EventSet{};
}

// Fields that all of `events` have, with one type.
std::vector<std::string> Checker::key(const std::vector<Name>& names, const EventSet& events) {
  Scope scope;
  scope.events = events;
  std::vector<std::string> key;
  for (const Name& name : names) {
    const Field* field = is_key_field(name) ? common_field(name, scope) : nullptr;
    if (field == nullptr) continue;
    if (field->type.kind == Kind::floating) problems_.error(name.span, "E114", "a float cannot be a key");
    if (std::find(key.begin(), key.end(), field->name) != key.end()) problems_.error(name.span, "E130", std::string("`") + name.string() + "` is in the key twice");
    key.push_back(field->name);
  }
  return key;
}

// --- Patterns ---

void Checker::pattern(const syntax::Rule& rule, Rule& out) {
  const syntax::Pattern& pattern = *rule.pattern;
  Pattern made;
  steps(pattern, made);
  if (rule.when) problems_.error(rule.when->span, "E162", "a rule has `when` or `pattern`, not both; put the condition into a step or the pattern's `where`");
  if (!rule.on.empty()) problems_.error(rule.on.front().span, "E162", "a pattern names its events itself; remove `on`");
  if (!rule.broken && !pattern.within) {
    problems_.error(pattern.span, "E123", "the pattern is unbounded: its open runs would be kept for ever; write `within 1h` after its steps");
  } else if (!rule.broken && !pattern.has_key) {
    problems_.error(pattern.span, "E120", "the pattern needs a key after `within`, such as `per customer`");
  }
  if (pattern.within && *pattern.within == 0) problems_.error(pattern.span, "E121", "`within` must be longer than nothing");
  for (const Step& step : made.steps) out.on.push_back(step.event);
  std::sort(out.on.begin(), out.on.end());
  out.on.erase(std::unique(out.on.begin(), out.on.end()), out.on.end());
  made.within = pattern.within.value_or(0);
  made.skip_to_next = pattern.skip_to_next;
  made.limit = pattern.limit;
  if (made.steps.size() == pattern.steps.size()) {
    made.key = key(pattern.key, out.on);
    Scope whole;
    whole.events = last_events(made, pattern.where != nullptr);
    whole.fields = false;
    whole.steps = &made.steps;
    whole.timed = !made.steps.empty() && is_timed(made);
    if (pattern.where) made.where = boolean(*pattern.where, whole, "what follows `where`");
    condition(rule, out, whole);
  }
  out.pattern = std::move(made);
}

// Those that can complete the pattern: of the first step behind which none is needed, and, as `where` may ask for more, of all behind it.
EventSet Checker::last_events(const Pattern& pattern, bool has_where) {
  EventSet events;
  for (std::size_t i = first_that_completes(pattern); i < pattern.steps.size(); ++i) {
    if (!pattern.steps[i].negated) events.push_back(pattern.steps[i].event);
    if (!has_where) break;
  }
  std::sort(events.begin(), events.end());
  events.erase(std::unique(events.begin(), events.end()), events.end());
  return events;
}

void Checker::steps(const syntax::Pattern& pattern, Pattern& out) {
  for (const syntax::Step& step : pattern.steps) this->step(step, out);
  if (pattern.steps.empty()) return;
  const syntax::Step& first = pattern.steps.front();
  if (first.negated) problems_.error(first.span, "E163", "a pattern starts with an event that comes, not with one that does not");
  if (!first.negated && first.at_least == 0) problems_.error(first.span, "E163", "the first step of a pattern cannot be optional");
  if (pattern.steps.back().negated) timed_before_the_end(pattern);
}

// The deadline of a pattern that ends with `no` is that of the last one: silence before it is only known of where an event comes between.
void Checker::timed_before_the_end(const syntax::Pattern& pattern) {
  for (std::size_t i = pattern.steps.size() - 1; i-- > 0;) {
    const syntax::Step& step = pattern.steps[i];
    if (!step.negated && step.at_least > 0) return;
    if (!step.negated || step.wait == 0) continue;
    problems_.error(step.span, "E163", "behind `no .. for` comes an event before the pattern may end with another `no`; put a step that is needed between them, or the time on the last one");
  }
}

void Checker::step(const syntax::Step& step, Pattern& out) {
  Step made;
  const int event = step.event.empty() ? -1 : known_event(step.event);
  if (event < 0) return;
  made.name = step.name.string();
  made.event = static_cast<std::uint16_t>(event);
  made.at_least = step.at_least;
  made.at_most = step.at_most;
  made.negated = step.negated;
  made.immediately = step.immediately;
  made.wait = step.wait;
  made.place = problems_.place(step.span);
  const auto same = [&](const Step& other) { return !made.name.empty() && other.name == made.name; };
  if (std::any_of(out.steps.begin(), out.steps.end(), same)) problems_.error(step.name.span, "E130", std::string("two steps are named `") + made.name + "`");
  if (!made.name.empty() && declared_.contains(step.name.text)) {
    problems_.error(step.name.span, "E130", std::string("`") + made.name + "` is already the name of a " + declared_.find(step.name.text)->second);
  }
  if (step.condition) {
    Scope scope;
    scope.events = {made.event};
    scope.steps = &out.steps;
    made.condition = boolean(*step.condition, scope, "a step's condition");
  }
  out.steps.push_back(std::move(made));
}

// --- What a rule does ---

void Checker::actions(const syntax::Rule& rule, Rule& out, const Scope& scope) {
  for (const syntax::Action& action : rule.actions) this->action(action, out, scope);
}

void Checker::action(const syntax::Action& action, Rule& out, const Scope& scope) {
  Action made{};
  made.kind = action.kind;
  made.text = action.text;
  made.ttl = action.ttl;
  made.place = problems_.place(action.span);
  if (action.kind == ActionKind::score && action.expr) {
    Typed score = expression(*action.expr, scope);
    if (score && (!is_plain(score.expr->type) || score.expr->type.ratio)) {
      problems_.error(action.expr->span, "E111", std::string("a score is a whole number, but this is ") + to_string(score.expr->type) + "; write round(..) of a plain number");
    }
    made.expr = std::move(score.expr);
  } else if (action.expr) {
    const auto found = list_index_.find(action.list.text);
    if (found == list_index_.end()) {
      std::vector<std::string> names;
      for (const List& list : out_.lists) names.push_back(list.name);
      if (!file_.lost_item) problems_.error(action.list.span, "E141", std::string("unknown list `") + action.list.string() + "`." + suggestion(action.list.text, names));
    } else {
      const List& list = out_.lists[found->second];
      made.list = found->second;
      Typed value = adapt(*action.expr, make(Op::literal, list.type, action.span), scope);
      if (value && (!same_dimension(value.expr->type, list.type) || value.expr->type.ratio)) {
        problems_.error(action.expr->span, "E140", std::string("list `") + list.name + "` holds " + to_string(list.type) + ", but this is " + to_string(value.expr->type));
      }
      made.expr = std::move(value.expr);
    }
  }
  out.actions.push_back(std::move(made));
}

void Checker::reasons(const syntax::Rule& rule, Rule& out, const Scope& scope) {
  for (const syntax::Reason& reason : rule.reasons) {
    Reason made;
    made.code = reason.code.string();
    made.texts = reason.texts;
    for (const auto& hole : reason.exprs) {
      Scope inside = scope;
      inside.hole = hole.get();
      Typed value = hole ? expression(*hole, inside) : Typed{};
      if (value) made.exprs.push_back(std::move(value.expr));
    }
    out.reasons.push_back(std::move(made));
  }
}

// What a deadline completes has no event, but the pattern's key. False: one of the names is none of it, or was refused as a part of it; reported.
bool Checker::fields_of_key(const std::vector<Name>& names, const syntax::Rule& rule, const Rule& out, std::string_view what) {
  if (!out.pattern || out.pattern->steps.empty() || !is_timed(*out.pattern)) return true;
  const std::vector<std::string>& key = out.pattern->key;
  bool all = true;
  for (const Name& name : names) {
    if (std::find(key.begin(), key.end(), name.text) != key.end()) continue;
    all = false;
    const auto same = [&](const Name& part) { return part.text == name.text; };
    if (std::any_of(rule.pattern->key.begin(), rule.pattern->key.end(), same)) continue;
    problems_.error(name.span, "E166", std::string("a pattern that ends with `no` is completed by its deadline, without an event, so ") + std::string(what) +
                                           " can only be a field of its key; add `" + name.string() + "` to the key, or leave it out here");
  }
  return all;
}

// Clauses that need only the rule's events.
void Checker::rest(const syntax::Rule& rule, Rule& out) {
  if (rule.cooldown) {
    out.cooldown = rule.cooldown->width;
    if (out.cooldown == 0) problems_.error(rule.cooldown->span, "E121", "a cooldown must be longer than nothing");
    if (fields_of_key(rule.cooldown->key, rule, out, "its cooldown")) out.cooldown_key = key(rule.cooldown->key, out.on);
  }
  if (rule.live_by.empty() || !fields_of_key({rule.live_by}, rule, out, "what it is live by")) return;
  Scope scope;
  scope.events = out.on;
  const Field* field = common_field(rule.live_by, scope);
  if (field != nullptr) out.live_by = field->name;
}

}  // namespace pawl::language
