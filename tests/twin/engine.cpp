#include "tests/twin/engine.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "pawl/core/base/assert.hpp"

namespace pawl::twin {

using language::Aggregate;
using language::AggregateKind;
using language::Expr;
using language::SpanKind;

namespace mp = boost::multiprecision;

Engine::Engine(const language::Pipeline& pipeline) : pipeline_(pipeline) {
  for (const language::Let& let : pipeline.lets) collect(*let.expr);
  for (const language::Model& model : pipeline.models) {
    for (const auto& input : model.inputs) collect(*input);
    models_.push_back(model.bytes.empty() ? nullptr : NaiveModel::make(model.bytes));
  }
  for (const language::Rule& rule : pipeline.rules) {
    if (rule.when) collect(*rule.when);
    for (const language::Action& action : rule.actions) {
      if (action.expr) collect(*action.expr);
    }
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

bool Engine::key_of(const Group& group, const EventSchema& schema, const std::byte* slot, std::string& key) const {
  key.clear();
  for (const std::string& name : group.key) {
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
    input.floating = datum.floating;
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
  const Scope scope{.schema = &schema, .slot = slot, .effective_time = effective_time_, .let = {}, .aggregate = {}, .counters = &counters_};
  Past past{sequence, effective_time_, {}};
  for (const Expr* input : inputs_) past.inputs.push_back(to_input(input->type, evaluate(*input, scope)));
  past_.push_back(std::move(past));
  std::string key;
  for (Group& group : groups_) {
    const bool has_type = std::find(group.on.begin(), group.on.end(), event) != group.on.end();
    if (has_type && key_of(group, schema, slot, key)) group.events[key].push_back(past_.size() - 1);
  }
}

// The window of language.md, oldest first. Effective times never fall, so that everything behind an event that is too old is too old.
std::vector<const Engine::Past*> Engine::select(const Unique& unique, Sequence sequence, const std::vector<std::size_t>& history) const {
  const Aggregate& aggregate = *unique.expr->aggregate;
  const Int128 newest = static_cast<Int128>(effective_time_) - aggregate.delay;
  const Int128 oldest = newest - aggregate.width;  // exclusive
  std::vector<const Past*> window;
  for (auto index = history.rbegin(); index != history.rend(); ++index) {
    const Past& past = past_[*index];
    if (aggregate.span == SpanKind::time && past.effective_time <= oldest) break;
    if (aggregate.span == SpanKind::last_n && static_cast<std::int64_t>(window.size()) == aggregate.n) break;
    if (aggregate.prior && past.sequence == sequence) continue;
    if (past.effective_time > newest) continue;
    if (unique.where != none && (past.inputs[unique.where].missing || past.inputs[unique.where].number == 0)) continue;
    window.push_back(&past);
  }
  std::reverse(window.begin(), window.end());
  return window;
}

Datum Engine::rate(const Aggregate& aggregate, std::size_t count) {
  return count == 0 ? Datum{} : Datum::of(Number(Integer(count) * one_second, Integer(aggregate.width)));
}

Datum Engine::extreme(const Unique& unique, const std::vector<const Past*>& window, bool greatest) const {
  const Type& type = unique.expr->aggregate->value->type;
  Datum best;
  for (const Past* past : window) {
    const Datum value = to_datum(type, past->inputs[unique.value]);
    if (value.missing) continue;
    const bool less = type.kind == Kind::floating ? value.floating < best.floating : value.number < best.number;
    const bool more = type.kind == Kind::floating ? value.floating > best.floating : value.number > best.number;
    if (best.missing || (greatest ? more : less)) best = value;
  }
  return best;
}

Datum Engine::fold(const Unique& unique, const std::vector<const Past*>& all) {
  const Aggregate& aggregate = *unique.expr->aggregate;
  if (!aggregate.value && aggregate.kind == AggregateKind::rate) return rate(aggregate, all.size());
  if (!aggregate.value) return aggregate.kind == AggregateKind::count ? Datum::of(static_cast<std::int64_t>(all.size())) : Datum{};

  std::vector<const Past*> window;  // those whose value is not missing
  Integer sum = 0;
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
  const Number total = Number(sum) + sum_of_fractions;
  const Type& type = aggregate.value->type;
  const auto size = static_cast<std::int64_t>(window.size());
  switch (aggregate.kind) {
    case AggregateKind::count: return Datum::of(size);
    case AggregateKind::rate: return rate(aggregate, window.size());
    case AggregateKind::distinct: return Datum::of(static_cast<std::int64_t>(distinct.size()));
    case AggregateKind::share: return size == 0 ? Datum{} : Datum::of(Number(total / size));
    case AggregateKind::first: return size == 0 ? Datum{} : to_datum(type, window.front()->inputs[unique.value]);
    case AggregateKind::last: return size == 0 ? Datum{} : to_datum(type, window.back()->inputs[unique.value]);
    case AggregateKind::min: return extreme(unique, window, false);
    case AggregateKind::max: return extreme(unique, window, true);
    case AggregateKind::sum:
    case AggregateKind::avg:
      if (type.kind == Kind::floating) return {};
      if (!fits(type, total)) return ++counters_.overflows, Datum{};
      if (aggregate.kind == AggregateKind::sum) return Datum::of(total);
      return size == 0 ? Datum{} : Datum::of(Number(total / size));
    case AggregateKind::stddev: {
      if (size < 2) return {};
      Integer squares = 0;
      for (const Past* past : window) squares += Integer(past->inputs[unique.value].number) * past->inputs[unique.value].number;
      return Datum::of_floating(deviation(type, size, sum, squares));
    }
    default: return {};  // not evaluated in this release
  }
}

Datum Engine::compute(const Unique& unique, Sequence sequence, const EventSchema& schema, const std::byte* slot) {
  const Group& group = groups_[unique.group];
  const bool readable = std::all_of(group.key.begin(), group.key.end(), [&](const std::string& name) { return schema.find(name) >= 0; });
  if (!readable) return {};
  std::string key;
  if (!key_of(group, schema, slot, key)) return fold(unique, {});
  const auto history = group.events.find(key);
  return fold(unique, history == group.events.end() ? std::vector<const Past*>{} : select(unique, sequence, history->second));
}

std::vector<Engine::Member> Engine::history(std::size_t aggregate, const std::byte* slot) const {
  const Unique& unique = aggregates_[aggregate];
  const auto* header = reinterpret_cast<const EventHeader*>(slot);
  std::string key;
  std::vector<Member> members;
  if (!key_of(groups_[unique.group], pipeline_.events[header->type - first_event_type], slot, key)) return members;
  const auto history = groups_[unique.group].events.find(key);
  if (history == groups_[unique.group].events.end()) return members;
  for (const std::size_t index : history->second) {
    const Past& past = past_[index];
    Member member{past.sequence, past.effective_time, {}, true};
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
  for (std::size_t i = 0; i < pipeline_.rules.size(); ++i) {
    const language::Rule& rule = pipeline_.rules[i];
    if (!rule.not_evaluated.empty() || !rule.when || rule.mode == language::RuleMode::off) continue;
    if (std::find(rule.on.begin(), rule.on.end(), outcome.event) == rule.on.end()) continue;
    const Datum condition = evaluate(*rule.when, scope);
    if (condition.missing) outcome.missing.push_back(i);
    if (!condition.is_true() && !(condition.missing && rule.fire_if_missing)) continue;
    if (rule.mode == language::RuleMode::shadow) {
      outcome.shadow.push_back(i);
      continue;
    }
    outcome.fired.push_back(i);
    for (const language::Action& action : rule.actions) {
      if (action.kind != language::ActionKind::score) continue;
      const Datum score = evaluate(*action.expr, scope);
      if (!score.missing) outcome.score += mp::numerator(score.number);
    }
  }
  outcome.decision = "approve";
}

Outcome Engine::step(Sequence sequence, const std::byte* slot) {
  Outcome outcome;
  outcome.sequence = sequence;
  const auto* header = reinterpret_cast<const EventHeader*>(slot);
  if (!pawl::is_event(header->type)) return outcome;
  outcome.is_event = true;
  outcome.event = static_cast<std::uint16_t>(header->type - first_event_type);
  PAWL_ASSERT(outcome.event < pipeline_.events.size());
  const EventSchema& schema = pipeline_.events[outcome.event];
  effective_time_ = std::max(effective_time_, header->at);
  outcome.effective_time = effective_time_;
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
                    .model = [&](std::size_t model) { return score(model, outcome.event, scope); },
                    .counters = &counters_};
  for (const std::size_t i : pipeline_.let_order) {
    const language::Let& let = pipeline_.lets[i];
    const bool readable = std::find(let.readable_at.begin(), let.readable_at.end(), outcome.event) != let.readable_at.end();
    if (readable && let.not_evaluated.empty()) outcome.lets[i] = evaluate(*let.expr, scope);
  }
  decide(scope, outcome);
  return outcome;
}

}  // namespace pawl::twin
