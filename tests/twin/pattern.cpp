#include "tests/twin/pattern.hpp"

#include <algorithm>
#include <cmath>

#include "pawl/core/base/assert.hpp"

namespace pawl::twin {

using language::Expr;
using language::Step;

namespace mp = boost::multiprecision;

PatternTwin::PatternTwin(const language::Pipeline& pipeline, const language::Rule& rule) : pipeline_(pipeline), rule_(rule) { PAWL_ASSERT(rule.pattern.has_value()); }

std::size_t PatternTwin::open_runs() const {
  std::size_t count = 0;
  for (const auto& [key, runs] : runs_) count += runs.size();
  return count;
}

PatternTwin::Outcome PatternTwin::step(Sequence sequence, std::uint16_t type, const Scope& scope) {
  const Event event{sequence, type, scope};
  Outcome outcome;
  std::string key;
  if (std::find(rule_.on.begin(), rule_.on.end(), type) == rule_.on.end() || !key_of(event, key)) return outcome;
  std::vector<PatternRun>& runs = runs_[key];
  std::erase_if(runs, [&](const PatternRun& run) { return is_past(run, scope.effective_time) && !waits(run); });
  const bool past_last = !pattern().skip_to_next;
  std::vector<PatternRun> left, due;
  for (PatternRun& run : runs) {
    if (waits(run) && scope.effective_time > deadline(run)) {
      due.push_back(run);
      continue;
    }
    const Advance how = advance(run, event, outcome);
    if (how == Advance::stays) left.push_back(run);
    if (how == Advance::completes && !outcome.fired) outcome.fired = run;
    if (how == Advance::completes && past_last) break;
  }
  runs = std::move(left);
  if (outcome.fired && past_last) runs.clear();
  else start(runs, event, outcome);
  runs.insert(runs.end(), due.begin(), due.end());  // where among the key's runs does not matter: they end before the next input
  return outcome;
}

// --- patterns that end with `no` ---

Integer PatternTwin::deadline(const PatternRun& run) const {
  const Duration wait = pattern().steps.back().wait;
  return wait != 0 ? Integer(run.last().effective_time) + wait : Integer(run.first().effective_time) + pattern().within;
}

bool PatternTwin::waits(const PatternRun& run) const { return is_timed() && is_complete(run) && !run.closed.contains(pattern().steps.size() - 1); }

std::optional<PatternTwin::Due> PatternTwin::first_due(Time now) const {
  std::optional<Due> first;
  for (const auto& [key, runs] : runs_) {
    for (const PatternRun& run : runs) {
      if (!waits(run) || now <= deadline(run)) continue;
      Due due{deadline(run), run, key};
      if (!first || due < *first) first = std::move(due);
    }
  }
  return first;
}

PatternTwin::Outcome PatternTwin::end(const Due& due, Sequence sequence, const Scope& scope) {
  Outcome outcome;
  bool holds = true;
  if (pattern().where) {
    const Datum where = evaluate(*pattern().where, scope_of(due.run, scope));
    outcome.missing = where.missing;
    holds = where.is_true() || (where.missing && rule_.fire_if_missing);
  }
  if (holds) outcome.fired = due.run;
  const Sequence first = due.run.first().sequence;
  std::erase_if(runs_[due.key], [&](const PatternRun& run) {
    return run.first().sequence == first || (holds && !pattern().skip_to_next && run.first().sequence < sequence);
  });
  return outcome;
}

bool PatternTwin::key_of(const Event& event, std::string& key) const {
  const EventSchema& schema = *event.scope.schema;
  for (const std::string& name : pattern().key) {
    const auto field = static_cast<std::size_t>(schema.find(name));
    const Datum part = read(schema, event.scope.slot, field);
    if (part.missing) return false;
    key += schema.fields[field].type.kind == Kind::text ? std::to_string(part.text.size()) + ":" + part.text : part.number.str() + ";";
  }
  return true;
}

// Steps that the run may enter next: its own, and those behind it up to the first that is not optional.
std::set<std::size_t> PatternTwin::enterable(const PatternRun& run) const {
  const std::vector<Step>& steps = pattern().steps;
  const Step& own = steps[run.step];
  const auto count = static_cast<std::int64_t>(run.taken[run.step].size());
  std::set<std::size_t> found;
  if (own.at_most < 0 || count < own.at_most) found.insert(run.step);
  if (count >= own.at_least) {
    for (std::size_t i = run.step + 1; i < steps.size(); ++i) {
      if (!steps[i].negated) found.insert(i);
      if (!steps[i].negated && steps[i].at_least > 0) break;
    }
  }
  if (waits(run)) found.insert(steps.size() - 1);  // the end: no event fits it, but the run has a future
  for (const std::size_t step : run.closed) found.erase(step);
  return found;
}

bool PatternTwin::is_complete(const PatternRun& run) const {
  const std::vector<Step>& steps = pattern().steps;
  const auto count = static_cast<std::int64_t>(run.taken[run.step].size());
  const auto needed = [](const Step& step) { return !step.negated && step.at_least > 0; };
  return count >= steps[run.step].at_least && std::none_of(steps.begin() + static_cast<std::ptrdiff_t>(run.step) + 1, steps.end(), needed);
}

bool PatternTwin::fits(std::size_t index, const PatternRun& run, const Event& event) const {
  const Step& step = pattern().steps[index];
  return step.event == event.type && (step.condition == nullptr || evaluate(*step.condition, scope_of(run, event.scope)).is_true());
}

PatternRun PatternTwin::with(PatternRun run, std::size_t step, const Event& event) const {
  const std::byte* slot = event.scope.slot;
  run.step = step;
  run.closed.clear();
  run.passed = false;
  run.taken[step].push_back({event.sequence, event.scope.effective_time, {slot, slot + slot_bytes(event.scope.schema->payload_bytes)}});
  return run;
}

PatternTwin::Advance PatternTwin::advance(PatternRun& run, const Event& event, Outcome& outcome) const {
  const bool past = is_past(run, event.scope.effective_time);
  look_at_next(run, event);
  const std::set<std::size_t> steps = enterable(run);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (past || pattern().steps[*step].negated || is_too_early(*step, run, event) || !fits(*step, run, event)) continue;
    if (const auto how = take(run, *step, event, outcome)) return *how;
  }
  pass_by(run, event);
  return (past ? !waits(run) : enterable(run).empty()) ? Advance::dies : Advance::stays;
}

// Nothing if the run would be complete but for `where`, and cannot go on.
std::optional<PatternTwin::Advance> PatternTwin::take(PatternRun& run, std::size_t step, const Event& event, Outcome& outcome) const {
  PatternRun further = with(run, step, event);
  bool completes = !is_timed() && is_complete(further);
  if (completes && pattern().where) {
    const Datum where = evaluate(*pattern().where, scope_of(further, event.scope));
    outcome.missing = outcome.missing || where.missing;
    completes = where.is_true() || (where.missing && rule_.fire_if_missing);
    if (!completes && enterable(further).empty()) return std::nullopt;
  }
  run = std::move(further);
  return completes ? Advance::completes : Advance::stays;
}

// Steps behind the run's own, up to the first that is needed.
std::vector<std::size_t> PatternTwin::ahead(const PatternRun& run) const {
  const std::vector<Step>& steps = pattern().steps;
  std::vector<std::size_t> found;
  for (std::size_t i = run.step + 1; i < steps.size(); ++i) {
    found.push_back(i);
    if (!steps[i].negated && steps[i].at_least > 0) break;
  }
  return found;
}

bool PatternTwin::is_forbidden(std::size_t negation, const PatternRun& run, const Event& event) const {
  const Step& step = pattern().steps[negation];
  const bool counts_to_deadline = negation + 1 == pattern().steps.size();
  if (step.wait != 0 && !counts_to_deadline && Integer(event.scope.effective_time) > Integer(run.last().effective_time) + step.wait) return false;
  return fits(negation, run, event);
}

bool PatternTwin::is_too_early(std::size_t step, const PatternRun& run, const Event& event) const {
  for (std::size_t i = run.step + 1; i < step; ++i) {
    const Step& between = pattern().steps[i];
    if (between.negated && between.wait != 0 && Integer(event.scope.effective_time) <= Integer(run.last().effective_time) + between.wait) return true;
  }
  return false;
}

// `then immediately no`, before anything takes the event.
void PatternTwin::look_at_next(PatternRun& run, const Event& event) const {
  const std::vector<Step>& steps = pattern().steps;
  if (run.passed || !has_own(run)) return;
  bool broken = false;
  for (const std::size_t i : ahead(run)) {
    if (steps[i].negated && steps[i].immediately) broken = broken || is_forbidden(i, run, event);
    if (broken && (!steps[i].negated || i + 1 == steps.size())) run.closed.insert(i);
  }
}

// The event was not taken: what it closes.
void PatternTwin::pass_by(PatternRun& run, const Event& event) const {
  const std::vector<Step>& steps = pattern().steps;
  run.passed = true;
  bool broken = false;
  if (has_own(run)) {
    for (const std::size_t i : ahead(run)) {
      if (steps[i].negated && !steps[i].immediately) broken = broken || is_forbidden(i, run, event);
      else if (!steps[i].negated && (broken || steps[i].immediately)) run.closed.insert(i);
      if (broken && i + 1 == steps.size()) run.closed.insert(i);  // the end
    }
  }
  if (steps[run.step].immediately) run.closed.insert(run.step);
}

void PatternTwin::start(std::vector<PatternRun>& runs, const Event& event, Outcome& outcome) {
  PatternRun run;
  run.taken.resize(pattern().steps.size());
  if (!fits(0, run, event)) return;
  const auto how = take(run, 0, event, outcome);
  if (!how) return;
  if (*how == Advance::completes) {
    if (!outcome.fired) outcome.fired = run;
    if (!pattern().skip_to_next) runs.clear();
    return;
  }
  if (static_cast<std::int64_t>(runs.size()) == pattern().limit) {
    runs.erase(runs.begin());
    ++dropped_;
  }
  runs.push_back(std::move(run));
}

// --- what expressions see ---

std::size_t PatternTwin::step_named(const std::string& name) const {
  const std::vector<Step>& steps = pattern().steps;
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const Step& step) { return step.name == name; });
  PAWL_ASSERT(found != steps.end());
  return static_cast<std::size_t>(found - steps.begin());
}

Datum PatternTwin::value(const Taken& taken, std::size_t step, const std::string& member) const {
  const EventSchema& schema = pipeline_.events[pattern().steps[step].event];
  const int field = schema.find(member);
  if (field >= 0) return read(schema, taken.slot.data(), static_cast<std::size_t>(field));
  PAWL_ASSERT(member == "late_by");
  const Integer late = Integer(taken.effective_time) - reinterpret_cast<const EventHeader*>(taken.slot.data())->at;
  return late == Integer(static_cast<std::int64_t>(late)) ? Datum::of(Number(late)) : Datum{};
}

Scope PatternTwin::scope_of(const PatternRun& run, const Scope& scope) const {
  Scope inner = scope;
  inner.binding = [this, &run](const Expr& binding) {
    const std::size_t step = step_named(binding.name);
    return run.taken[step].empty() ? Datum{} : value(run.taken[step].back(), step, binding.member);
  };
  inner.over_repeated = [this, &run, counters = scope.counters](const Expr& call) { return over_repeated(call, run, *counters); };
  return inner;
}

namespace {

// In the order of the events; one by one, as they came.
Datum floats_over_repeated(const Expr& call, const std::vector<Datum>& values, Counters& counters) {
  double sum = 0;
  for (const Datum& datum : values) sum += datum.floating;
  if (call.name == "avg" && values.empty()) return {};
  const double result = call.name == "avg" ? sum / static_cast<double>(values.size()) : sum;
  if (std::isfinite(result)) return Datum::of_floating(result);
  ++counters.overflows;
  return {};
}

}  // namespace

// count(step), sum(step.field) ...: from the list, as the language's page defines aggregates.
Datum PatternTwin::over_repeated(const Expr& call, const PatternRun& run, Counters& counters) const {
  const Expr& binding = *call.args[0];
  const std::size_t step = step_named(binding.name);
  const std::vector<Taken>& taken = run.taken[step];
  if (binding.member.empty()) return Datum::of(static_cast<std::int64_t>(taken.size()));
  std::vector<Datum> values;
  for (const Taken& one : taken) {
    Datum datum = value(one, step, binding.member);
    if (!datum.missing) values.push_back(std::move(datum));
  }
  if (call.name == "count") return Datum::of(static_cast<std::int64_t>(values.size()));
  if (binding.type.kind == Kind::floating && (call.name == "sum" || call.name == "avg")) return floats_over_repeated(call, values, counters);
  const auto less = [&](const Datum& a, const Datum& b) { return binding.type.kind == Kind::floating ? a.floating < b.floating : a.number < b.number; };
  Number sum = 0;
  for (const Datum& datum : values) sum += datum.number;
  if (call.name == "sum") return twin::fits(call.type, sum) ? Datum::of(sum) : Datum{};
  if (values.empty()) return {};
  if (call.name == "first") return values.front();
  if (call.name == "last") return values.back();
  if (call.name == "min") return *std::min_element(values.begin(), values.end(), less);
  if (call.name == "max") return *std::max_element(values.begin(), values.end(), less);
  PAWL_ASSERT(call.name == "avg" || call.name == "share");
  return twin::fits(binding.type, sum) ? Datum::of(Number(sum / static_cast<std::int64_t>(values.size()))) : Datum{};
}

}  // namespace pawl::twin
