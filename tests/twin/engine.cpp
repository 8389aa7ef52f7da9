#include "tests/twin/engine.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <tuple>

#include "pawl/core/base/assert.hpp"
#include "tests/twin/own.hpp"

namespace pawl::twin {

using language::Aggregate;
using language::AggregateKind;
using language::Expr;
using language::SpanKind;

namespace mp = boost::multiprecision;

Engine::Engine(const language::Pipeline& pipeline) : pipeline_(pipeline), lists_(pipeline.lists.size()) {
  for (const language::Let& let : pipeline.lets) collect(*let.expr);
  for (const language::Model& model : pipeline.models) {
    for (const auto& input : model.inputs) collect(*input);
    models_.push_back(model.bytes.empty() ? nullptr : NaiveModel::make(model.bytes));
  }
  for (const language::Rule& rule : pipeline.rules) {
    if (rule.when) collect(*rule.when);
    if (rule.pattern && rule.pattern->where) collect(*rule.pattern->where);
    for (std::size_t i = 0; rule.pattern && i < rule.pattern->steps.size(); ++i) {
      if (rule.pattern->steps[i].condition) collect(*rule.pattern->steps[i].condition);
    }
    for (const language::Action& action : rule.actions) {
      if (action.expr) collect(*action.expr);
    }
    for (const language::Reason& reason : rule.reasons) {
      for (const auto& hole : reason.exprs) collect(*hole);
    }
  }
  for (std::size_t i = 0; i < pipeline.rules.size(); ++i) {
    if (pipeline.rules[i].pattern) patterns_.emplace(i, PatternTwin(pipeline, pipeline.rules[i]));
  }
}

void Engine::collect(const Expr& expr) {
  for (const auto& arg : expr.args) collect(*arg);
  if (expr.aggregate) collect(*expr.aggregate, expr);
}

void Engine::collect(const Aggregate& aggregate, const Expr& expr) {
  const auto [known, is_new] = index_by_text_.emplace(describe(aggregate), aggregates_.size());
  index_by_node_[&aggregate] = known->second;
  if (!is_new) return;
  Unique unique{.expr = &expr, .group = group_of(aggregate)};
  unique.value = input_of(aggregate.value.get());
  unique.where = input_of(aggregate.where.get());
  aggregates_.push_back(unique);
}

std::size_t Engine::aggregate_index(const Aggregate& aggregate) const {
  if (const auto node = index_by_node_.find(&aggregate); node != index_by_node_.end()) return node->second;
  const auto text = index_by_text_.find(describe(aggregate));
  PAWL_ASSERT(text != index_by_text_.end());
  return text->second;
}

std::size_t Engine::group_of(const Aggregate& aggregate) {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].key == aggregate.key && groups_[i].on == aggregate.on) return i;
  }
  groups_.push_back({aggregate.key, aggregate.on, {}});
  return groups_.size() - 1;
}

std::size_t Engine::input_of(const Expr* expr) {
  if (expr == nullptr) return none;
  const auto [known, is_new] = input_by_text_.emplace(describe(*expr), inputs_.size());
  if (is_new) inputs_.push_back(expr);
  return known->second;
}

bool Engine::key_of(const std::vector<std::string>& names, const EventSchema& schema, const std::byte* slot, std::string& key) {
  key.clear();
  for (const std::string& name : names) {
    const int field = schema.find(name);
    if (field < 0) return false;
    const auto index = static_cast<std::size_t>(field);
    if (is_missing(schema, slot, index)) return false;
    if (schema.fields[index].type.kind == Kind::text) {
      const std::string_view text = read_text(schema, slot, index);
      key += std::to_string(text.size()) + ":" + std::string(text);
    } else {
      key += std::to_string(read_number(schema, slot, index)) + ";";
    }
  }
  return true;
}

Engine::Input Engine::to_input(const Type& type, const Datum& datum) {
  if (datum.missing) return {};
  Input input{.missing = false};
  if (type.kind == Kind::text) {
    const auto [known, is_new] = text_index_.emplace(datum.text, static_cast<std::uint32_t>(texts_.size()));
    if (is_new) texts_.push_back(datum.text);
    input.text = known->second;
  } else if (type.kind == Kind::floating) {
    if (!std::isfinite(datum.floating)) return {};
    input.floating = datum.floating == 0 ? 0 : datum.floating;  // one zero
  } else {
    PAWL_ASSERT(mp::numerator(datum.number) >= INT64_MIN && mp::numerator(datum.number) <= INT64_MAX);
    PAWL_ASSERT(mp::denominator(datum.number) <= INT64_MAX);
    input.number = static_cast<std::int64_t>(mp::numerator(datum.number));
    input.denominator = static_cast<std::int64_t>(mp::denominator(datum.number));
  }
  return input;
}

Datum Engine::to_datum(const Type& type, const Input& input) const {
  if (input.missing) return {};
  if (type.kind == Kind::text) return Datum::of_text(texts_[input.text]);
  if (type.kind == Kind::floating) return Datum::of_floating(input.floating);
  return Datum::of(Number(input.number, input.denominator));
}

void Engine::remember(std::uint16_t event, Sequence sequence, const std::byte* slot) {
  const EventSchema& schema = pipeline_.events[event];
  const Scope scope{.schema = &schema, .slot = slot, .effective_time = effective_time_, .let = {}, .aggregate = {}, .in_list = {}, .counters = &counters_};
  Past past{sequence, place_, {}};
  for (const Expr* input : inputs_) past.inputs.push_back(to_input(input->type, evaluate(*input, scope)));
  past_.push_back(std::move(past));
  std::string key;
  for (Group& group : groups_) {
    const bool has_type = std::find(group.on.begin(), group.on.end(), event) != group.on.end();
    if (!has_type || !key_of(group.key, schema, slot, key)) continue;
    std::vector<std::size_t>& events = group.events[key];
    const auto behind = std::upper_bound(events.begin(), events.end(), place_, [&](Time place, std::size_t index) { return place < past_[index].place; });
    events.insert(behind, past_.size() - 1);
  }
}

// The window of language.md, oldest first. The history is in the order of places, so that everything behind an event that is too old is too old.
std::vector<const Engine::Past*> Engine::select(const Unique& unique, Sequence sequence, const std::vector<std::size_t>& history) const {
  const Aggregate& aggregate = *unique.expr->aggregate;
  const auto counted_at = [&](Time te) {  // in panes: when its pane began
    const Int128 time = te, pane = aggregate.pane;
    return pane == 0 ? time : time - (time % pane + pane) % pane;
  };
  const Int128 newest = counted_at(place_) - aggregate.delay;
  const Int128 oldest = newest - aggregate.width;  // exclusive
  const bool ends = aggregate.span == SpanKind::time && aggregate.kind != AggregateKind::ewma;
  std::vector<const Past*> window;
  window.reserve(history.size());
  for (auto index = history.rbegin(); index != history.rend(); ++index) {
    const Past& past = past_[*index];
    if (ends && counted_at(past.place) <= oldest) break;
    if (aggregate.span == SpanKind::last_n && static_cast<std::int64_t>(window.size()) == aggregate.n) break;
    if (aggregate.prior && past.sequence == sequence) continue;
    if (counted_at(past.place) > newest) continue;
    if (unique.where != none && (past.inputs[unique.where].missing || past.inputs[unique.where].number == 0)) continue;
    window.push_back(&past);
  }
  std::reverse(window.begin(), window.end());
  return window;
}

Datum Engine::rate(const Aggregate& aggregate, std::size_t count) {
  return count == 0 ? Datum{} : Datum::of(Number(Integer(count) * one_second, Integer(aggregate.width)));
}

// Of nearest rank: the ceil(percentile * n / 100)-th smallest; the lower middle is that of 50.
Datum Engine::ranked(const Unique& unique, const std::vector<const Past*>& window) const {
  const Aggregate& aggregate = *unique.expr->aggregate;
  const std::size_t percentile = aggregate.kind == AggregateKind::median ? 50 : static_cast<std::size_t>(aggregate.percentile);
  const bool floating = aggregate.value->type.kind == Kind::floating;
  std::vector<Input> values;
  for (const Past* past : window) values.push_back(past->inputs[unique.value]);
  if (values.empty()) return {};
  const auto at = values.begin() + static_cast<std::ptrdiff_t>((percentile * values.size() + 99) / 100 - 1);
  std::nth_element(values.begin(), at, values.end(), [&](const Input& a, const Input& b) { return floating ? a.floating < b.floating : a.number < b.number; });
  return to_datum(aggregate.value->type, *at);
}

Datum Engine::decayed(const Unique& unique, const std::vector<const Past*>& window) {
  const Type& type = unique.expr->aggregate->value->type;
  const Duration half_life = unique.expr->aggregate->width;
  double sum = 0, weight = 0;
  for (std::size_t i = 0; i < window.size(); ++i) {
    const Int128 elapsed = i == 0 ? Int128{0} : Int128{window[i]->place} - window[i - 1]->place;
    const auto [factor, is_new] = factors_.try_emplace({elapsed, half_life}, 0.0);
    if (is_new) factor->second = decay_factor(to_integer(elapsed), half_life);
    const Input& input = window[i]->inputs[unique.value];
    sum = sum * factor->second + (type.kind == Kind::floating ? input.floating : static_cast<double>(input.number));
    weight = weight * factor->second + 1;
  }
  if (window.empty()) return {};
  return Datum::of_floating(sum / weight / static_cast<double>(power_of_ten(type.kind == Kind::duration ? 9 : type.scale)));
}

Datum Engine::of_operator(const Unique& unique, const std::vector<const Past*>& window) {
  std::vector<std::int64_t> values;
  for (const Past* past : window) values.push_back(past->inputs[unique.value].number);
  const Lowered value = own_value(unique.expr->aggregate->own_name, values);
  if (!value.present) return {};
  return unique.expr->type.kind == Kind::floating ? Datum::of_floating(std::bit_cast<double>(value.number)) : Datum::of_ratio(value.number, value.denominator);
}

Datum Engine::extreme(const Unique& unique, const std::vector<const Past*>& window, bool greatest) const {
  const Type& type = unique.expr->aggregate->value->type;
  const auto below = [&](const Input& a, const Input& b) {
    return type.kind == Kind::floating ? a.floating < b.floating : Int128{a.number} * b.denominator < Int128{b.number} * a.denominator;
  };
  Input best;
  for (const Past* past : window) {
    const Input& value = past->inputs[unique.value];
    if (best.missing || (greatest ? below(best, value) : below(value, best))) best = value;
  }
  return to_datum(type, best);
}

Datum Engine::fold(const Unique& unique, const std::vector<const Past*>& all) {
  const Aggregate& aggregate = *unique.expr->aggregate;
  if (!aggregate.value && aggregate.kind == AggregateKind::rate) return rate(aggregate, all.size());
  if (!aggregate.value) return aggregate.kind == AggregateKind::count ? Datum::of(static_cast<std::int64_t>(all.size())) : Datum{};

  std::vector<const Past*> window;  // those whose value is not missing
  window.reserve(all.size());
  Int128 sum = 0;  // of so many numbers of 64 bits as fit in memory
  Number sum_of_fractions = 0;
  std::set<std::tuple<std::int64_t, std::int64_t, double, std::uint32_t>> distinct;
  for (const Past* past : all) {
    const Input& input = past->inputs[unique.value];
    if (input.missing) continue;
    window.push_back(past);
    if (aggregate.kind == AggregateKind::distinct) distinct.insert({input.number, input.denominator, input.floating, input.text});
    if (input.denominator == 1) sum += input.number;
    if (input.denominator != 1) sum_of_fractions += Number(input.number, input.denominator);
  }
  const auto total = [&] { return Number(to_integer(sum)) + sum_of_fractions; };
  const Type& type = aggregate.value->type;
  const auto size = static_cast<std::int64_t>(window.size());
  switch (aggregate.kind) {
    case AggregateKind::count: return Datum::of(size);
    case AggregateKind::rate: return rate(aggregate, window.size());
    case AggregateKind::distinct: return Datum::of(static_cast<std::int64_t>(distinct.size()));
    case AggregateKind::share: return size == 0 ? Datum{} : Datum::of(Number(total() / size));
    case AggregateKind::first: return size == 0 ? Datum{} : to_datum(type, window.front()->inputs[unique.value]);
    case AggregateKind::last: return size == 0 ? Datum{} : to_datum(type, window.back()->inputs[unique.value]);
    case AggregateKind::min: return extreme(unique, window, false);
    case AggregateKind::max: return extreme(unique, window, true);
    case AggregateKind::ewma: return decayed(unique, window);
    case AggregateKind::own: return of_operator(unique, window);
    case AggregateKind::median:
    case AggregateKind::percentile: return ranked(unique, window);
    case AggregateKind::sum:
    case AggregateKind::avg:
      if (type.kind == Kind::floating) return {};
      if (!fits(type, total())) return ++counters_.overflows, Datum{};
      if (aggregate.kind == AggregateKind::sum) return Datum::of(total());
      return size == 0 ? Datum{} : Datum::of(Number(total() / size));
    case AggregateKind::stddev: {
      if (size < 2) return {};
      Integer squares = 0;
      for (const Past* past : window) squares += Integer(past->inputs[unique.value].number) * past->inputs[unique.value].number;
      return Datum::of_floating(deviation(type, size, to_integer(sum), squares));
    }
    default: return {};  // not evaluated in this release
  }
}

Datum Engine::compute(const Unique& unique, Sequence sequence, const EventSchema& schema, const std::byte* slot) {
  const Group& group = groups_[unique.group];
  const bool readable = std::all_of(group.key.begin(), group.key.end(), [&](const std::string& name) { return schema.find(name) >= 0; });
  if (!readable) return {};
  std::string key;
  if (!key_of(group.key, schema, slot, key)) return fold(unique, {});
  const auto history = group.events.find(key);
  return fold(unique, history == group.events.end() ? std::vector<const Past*>{} : select(unique, sequence, history->second));
}

std::vector<Engine::Member> Engine::history(std::size_t aggregate, const std::byte* slot) const {
  const Unique& unique = aggregates_[aggregate];
  const auto* header = reinterpret_cast<const EventHeader*>(slot);
  std::string key;
  std::vector<Member> members;
  if (!key_of(groups_[unique.group].key, pipeline_.events[header->type - first_event_type], slot, key)) return members;
  const auto history = groups_[unique.group].events.find(key);
  if (history == groups_[unique.group].events.end()) return members;
  for (const std::size_t index : history->second) {
    const Past& past = past_[index];
    Member member{past.sequence, past.place, {}, true};
    if (unique.value != none) member.value = to_datum(unique.expr->aggregate->value->type, past.inputs[unique.value]);
    if (unique.where != none) member.where = !past.inputs[unique.where].missing && past.inputs[unique.where].number != 0;
    members.push_back(std::move(member));
  }
  return members;
}

Datum Engine::score(std::size_t index, std::uint16_t event, const Scope& scope) const {
  const language::Model& model = pipeline_.models[index];
  if (models_[index] == nullptr || std::find(model.readable_at.begin(), model.readable_at.end(), event) == model.readable_at.end()) return {};
  NaiveModel::Inputs inputs;
  for (const auto& input : model.inputs) inputs.push_back(model_input(*input, scope));
  const std::optional<double> value = models_[index]->value(inputs);
  return value ? Datum::of_floating(*value) : Datum{};
}

void Engine::decide(const Scope& scope, Outcome& outcome) {
  std::map<std::size_t, PatternRun> matched;
  for (std::size_t i = 0; i < pipeline_.rules.size(); ++i) {
    const language::Rule& rule = pipeline_.rules[i];
    if (!rule.not_evaluated.empty() || rule.mode == language::RuleMode::off) continue;
    if (rule.pattern) decide_pattern(i, scope, outcome, matched);
    if (!rule.when || std::find(rule.on.begin(), rule.on.end(), outcome.event) == rule.on.end()) continue;
    const Datum condition = evaluate(*rule.when, scope);
    if (condition.missing) outcome.missing.push_back(i);
    if (condition.is_true() || (condition.missing && rule.fire_if_missing)) fire(i, scope, outcome);
  }
  std::vector<std::pair<const language::Action*, Datum>> edits;  // all values first: what an event changes is seen by the next one
  for (const std::size_t i : outcome.fired) {
    const auto run = matched.find(i);
    const Scope seen = run == matched.end() ? scope : patterns_.at(i).scope_of(run->second, scope);
    for (const language::Action& action : pipeline_.rules[i].actions) {
      const bool edits_list = action.kind == language::ActionKind::add_to_list || action.kind == language::ActionKind::remove_from_list;
      if (edits_list) edits.emplace_back(&action, evaluate(*action.expr, seen));
    }
  }
  for (const auto& [action, value] : edits) edit(*action, value);
  outcome.decision = "approve";
  if (pipeline_.policy.present) apply_policy(outcome);
}

bool Engine::in_shadow(const language::Rule& rule, const Scope& scope) {
  if (rule.mode != language::RuleMode::live_percent) return rule.mode == language::RuleMode::shadow;
  const auto field = static_cast<std::size_t>(scope.schema->find(rule.live_by));
  if (is_missing(*scope.schema, scope.slot, field)) return rule.live_percent < 100;
  std::string bytes;
  if (scope.schema->fields[field].type.kind == Kind::text) {
    bytes = read_text(*scope.schema, scope.slot, field);
  } else {
    const std::int64_t number = read_number(*scope.schema, scope.slot, field);
    bytes.assign(reinterpret_cast<const char*>(&number), sizeof number);
  }
  const std::uint64_t seed = XXH3_64bits(rule.name.data(), rule.name.size());
  return static_cast<std::int64_t>(XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed) % 100) >= rule.live_percent;
}

void Engine::apply_policy(Outcome& outcome) const {
  const language::Policy& policy = pipeline_.policy;
  if (policy.cap && outcome.score > *policy.cap) outcome.score = *policy.cap;
  std::set<std::string> asked;
  for (const std::size_t i : outcome.fired) {
    for (const language::Action& action : pipeline_.rules[i].actions) {
      switch (action.kind) {
        case language::ActionKind::allow: asked.insert("allow"); break;
        case language::ActionKind::approve: asked.insert("approve"); break;
        case language::ActionKind::decline: asked.insert("decline"); break;
        case language::ActionKind::reject: asked.insert("reject"); break;
        case language::ActionKind::review: asked.insert("review"); break;
        case language::ActionKind::challenge: asked.insert("challenge"); break;
        default: break;
      }
    }
  }
  for (const auto& [decision, score] : policy.at_score) {
    if (outcome.score >= score) asked.insert(decision);
  }
  std::vector<std::string> order = policy.order;
  order.insert(order.end(), {"decline", "reject", "challenge", "review", "allow", "approve"});
  const auto best = std::find_if(order.begin(), order.end(), [&](const std::string& name) { return asked.contains(name); });
  outcome.decision = best == order.end() ? policy.default_decision : *best;
}

// If not, it acts now.
bool Engine::cools_down(std::size_t rule, const Scope& scope) {
  const language::Rule& definition = pipeline_.rules[rule];
  std::string key;
  if (definition.cooldown == 0 || !key_of(definition.cooldown_key, *scope.schema, scope.slot, key)) return false;
  Integer& until = cooldowns_.try_emplace({rule, key}, Integer(INT64_MIN)).first->second;
  if (effective_time_ < until) return true;
  until = Integer(effective_time_) + definition.cooldown;
  return false;
}

namespace {

std::string list_key(const Type& type, const Datum& value) {
  if (type.kind == Kind::text) return value.text;
  if (type.kind == Kind::floating) return std::to_string(std::bit_cast<std::int64_t>(value.floating == 0 ? 0.0 : value.floating));
  return value.number.str();
}

}  // namespace

bool Engine::holds(std::size_t list, const Datum& value) const {
  const auto found = lists_[list].find(list_key(pipeline_.lists[list].type, value));
  return found != lists_[list].end() && effective_time_ < found->second;
}

void Engine::edit(const language::Action& action, const Datum& value) {
  const language::List& list = pipeline_.lists[action.list];
  if (value.missing || (list.type.kind == Kind::text && value.text.size() > list.type.text_bytes)) return;
  const std::string key = list_key(list.type, value);
  if (action.kind == language::ActionKind::remove_from_list) {
    lists_[action.list].erase(key);
    return;
  }
  const Duration ttl = action.ttl != 0 ? action.ttl : list.expires_after;
  Integer& until = lists_[action.list].try_emplace(key, Integer(INT64_MIN)).first->second;
  until = std::max(until, ttl == 0 ? Integer(1) << 100 : Integer(effective_time_) + ttl);
}

void Engine::decide_pattern(std::size_t rule, const Scope& scope, Outcome& outcome, std::map<std::size_t, PatternRun>& matched) {
  PatternTwin& twin = patterns_.at(rule);
  PatternTwin::Outcome seen = twin.step(outcome.sequence, outcome.event, scope);
  if (seen.missing) outcome.missing.push_back(rule);
  if (!seen.fired) return;
  const PatternRun& run = matched.emplace(rule, *std::move(seen.fired)).first->second;
  fire(rule, twin.scope_of(run, scope), outcome);
}

void Engine::fire(std::size_t index, const Scope& scope, Outcome& outcome) {
  const language::Rule& rule = pipeline_.rules[index];
  if (cools_down(index, scope)) return outcome.suppressed.push_back(index);
  if (in_shadow(rule, scope)) return outcome.shadow.push_back(index);
  outcome.fired.push_back(index);
  for (const language::Action& action : rule.actions) {
    if (action.kind != language::ActionKind::score) continue;
    const Datum score = evaluate(*action.expr, scope);
    if (!score.missing) outcome.score += mp::numerator(score.number);
  }
}

Outcome Engine::step(Sequence sequence, const std::byte* slot) {
  Outcome outcome;
  outcome.sequence = sequence;
  const auto* header = reinterpret_cast<const EventHeader*>(slot);
  if (!pawl::is_event(header->type)) {
    if (header->type == static_cast<std::uint16_t>(InputType::tick)) fire_due(sequence, std::max(effective_time_, header->at), outcome);
    return outcome;
  }
  outcome.is_event = true;
  outcome.event = static_cast<std::uint16_t>(header->type - first_event_type);
  PAWL_ASSERT(outcome.event < pipeline_.events.size());
  const EventSchema& schema = pipeline_.events[outcome.event];
  effective_time_ = std::max(effective_time_, header->at);
  outcome.effective_time = place_ = effective_time_;
  if (Integer(effective_time_) - header->at <= pipeline_.late[outcome.event]) place_ = std::max(header->at, first_effective_time);
  if (const int id = schema.find("id"); id >= 0) {
    outcome.id = read(schema, slot, static_cast<std::size_t>(id));
    outcome.id_type = schema.fields[static_cast<std::size_t>(id)].type;
  }

  remember(outcome.event, sequence, slot);
  for (const Unique& unique : aggregates_) outcome.aggregates.push_back(compute(unique, sequence, schema, slot));

  outcome.lets.resize(pipeline_.lets.size());
  const Scope scope{.schema = &schema, .slot = slot, .effective_time = effective_time_,
                    .let = [&](std::size_t let) { return outcome.lets[let]; },
                    .aggregate = [&](const Aggregate& aggregate) { return outcome.aggregates[aggregate_index(aggregate)]; },
                    .in_list = [&](std::size_t list, const Datum& value) { return holds(list, value); },
                    .model = [&](std::size_t model) { return score(model, outcome.event, scope); },
                    .maps = &pipeline_.maps,
                    .counters = &counters_};
  for (const std::size_t i : pipeline_.let_order) {
    const language::Let& let = pipeline_.lets[i];
    const bool readable = std::find(let.readable_at.begin(), let.readable_at.end(), outcome.event) != let.readable_at.end();
    if (readable && let.not_evaluated.empty()) outcome.lets[i] = evaluate(*let.expr, scope);
  }
  decide(scope, outcome);
  fire_due(sequence, effective_time_, outcome);
  return outcome;
}

void Engine::fire_due(Sequence sequence, Time now, Outcome& outcome) {
  for (;;) {
    std::optional<PatternTwin::Due> first;
    std::size_t rule = 0;
    for (std::size_t i = 0; i < pipeline_.rules.size(); ++i) {
      if (!pipeline_.rules[i].pattern || !pipeline_.rules[i].not_evaluated.empty() || pipeline_.rules[i].mode == language::RuleMode::off) continue;
      auto due = patterns_.at(i).first_due(now);
      if (!due || (first && !(*due < *first))) continue;
      first = std::move(due);
      rule = i;
    }
    if (!first) return;
    Timed timed = fire_one(rule, *first, sequence);
    if (timed.fired || timed.shadow || timed.suppressed || timed.missing) outcome.timed.push_back(std::move(timed));
  }
}

Timed Engine::fire_one(std::size_t rule, const PatternTwin::Due& due, Sequence sequence) {
  const language::Rule& definition = pipeline_.rules[rule];
  const Taken& first = due.run.first();
  const EventSchema& schema = pipeline_.events[definition.pattern->steps.front().event];
  const Scope scope{.schema = &schema, .slot = first.slot.data(), .effective_time = effective_time_, .let = {}, .aggregate = {},
                    .in_list = [&](std::size_t list, const Datum& value) { return holds(list, value); }, .maps = &pipeline_.maps, .counters = &counters_};
  PatternTwin& twin = patterns_.at(rule);
  const PatternTwin::Outcome ended = twin.end(due, sequence, scope);
  Timed timed{.rule = rule, .first_sequence = first.sequence, .key = {}, .id = {}, .missing = ended.missing, .decision = "approve"};
  for (const std::string& name : definition.pattern->key) timed.key.push_back(read(schema, first.slot.data(), static_cast<std::size_t>(schema.find(name))));
  for (const Taken& taken : due.run.taken.front()) {
    if (schema.find("id") >= 0 && timed.id.missing) timed.id = read(schema, taken.slot.data(), static_cast<std::size_t>(schema.find("id")));
  }
  Outcome as_event;
  const Scope seen = twin.scope_of(due.run, scope);
  if (ended.fired) fire(rule, seen, as_event);
  timed.fired = !as_event.fired.empty();
  timed.shadow = !as_event.shadow.empty();
  timed.suppressed = !as_event.suppressed.empty();
  for (std::size_t i = 0; timed.fired && i < definition.actions.size(); ++i) {
    const language::Action& action = definition.actions[i];
    if (action.kind == language::ActionKind::add_to_list || action.kind == language::ActionKind::remove_from_list) edit(action, evaluate(*action.expr, seen));
  }
  if (pipeline_.policy.present) apply_policy(as_event);
  if (pipeline_.policy.present) timed.decision = as_event.decision;
  timed.score = as_event.score;
  return timed;
}

}  // namespace pawl::twin
