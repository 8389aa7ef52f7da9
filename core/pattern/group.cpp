#include "pawl/core/pattern/group.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/window/hash.hpp"

namespace pawl::pattern {

using rules::each_lane;
using rules::has_lane;
using rules::lane_bit;
using rules::Lanes;
using state::KeyTable;

namespace {

bool is_timed(const std::vector<PatternPlan>& patterns, const GroupPlan& plan) {
  return std::any_of(plan.patterns.begin(), plan.patterns.end(), [&](std::size_t pattern) { return patterns[pattern].end != 0; });
}

// Behind the head of a run.
std::size_t largest_rest(const std::vector<PatternPlan>& patterns, const GroupPlan& plan) {
  std::size_t bytes = 0;
  for (const std::size_t pattern : plan.patterns) bytes = std::max(bytes, patterns[pattern].capture_bytes);
  return bytes + (is_timed(patterns, plan) ? sizeof(Waiting) : 0);
}

state::KeyTableShape shape(const GroupPlan& plan, const PatternLimits& limits) {
  const std::size_t bytes = sizeof(KeyHead) + plan.key_bytes;
  return {.record_bytes = (bytes + limits::cache_line_bytes - 1) / limits::cache_line_bytes * limits::cache_line_bytes,
          .key_offset = sizeof(KeyHead), .key_bytes = plan.key_bytes, .keys_max = limits.keys_max};
}

// Steps that a run may enter next: those behind its own once that has what it needs, and its own while that may repeat.
StepMask enterable(const PatternPlan& plan, const RunHead& run) noexcept {
  const StepPlan& step = plan.steps[run.step];
  StepMask steps = run.count >= step.at_least ? step.next : 0;
  if (run.count < step.at_most) steps |= bit(run.step);
  return steps & ~run.closed;
}

Time last_te(const PatternPlan& plan, const RunHead& run) noexcept { return load_capture<Time>(captures_of(&run), *plan.last_event); }
bool has_passed_one(const PatternPlan& plan, const RunHead& run) noexcept { return load_capture<std::int64_t>(captures_of(&run), *plan.last_event + sizeof(Time)) != 0; }
void note_passed(const PatternPlan& plan, RunHead& run, bool passed) noexcept { store_capture(captures_of(&run), *plan.last_event + sizeof(Time), std::int64_t{passed}); }

// `no X for wait` of the step at hand: the time is still going on. Effective times never fall.
bool is_within(const PatternPlan& plan, const RunHead& run, const StepPlan::Negation& negation, Time te) noexcept {
  return negation.wait != 0 && static_cast<std::uint64_t>(te) - static_cast<std::uint64_t>(last_te(plan, run)) <= static_cast<std::uint64_t>(negation.wait);
}

// What cannot be entered yet.
StepMask too_early(const PatternPlan& plan, const RunHead& run, Time te) noexcept {
  StepMask steps = 0;
  for (const StepPlan::Negation& negation : plan.steps[run.step].negations) {
    if (is_within(plan, run, negation, te)) steps |= negation.closes;
  }
  return steps;
}

// Effective times never fall.
bool is_past(const PatternPlan& plan, const RunHead& run, Time te) noexcept {
  return static_cast<std::uint64_t>(te) - static_cast<std::uint64_t>(run.first_te) > static_cast<std::uint64_t>(plan.within);
}

}  // namespace

Group::Group(const std::vector<PatternPlan>& patterns, const GroupPlan& plan, const PatternLimits& limits, state::Arena& arena)
    : patterns_(patterns), plan_(plan), table_(shape(plan, limits), arena), timed_(is_timed(patterns, plan)), pool_(largest_rest(patterns, plan), limits.runs_max, arena),
      waiting_(Deadlines::Of::waiting, pool_, timed_ ? pool_.runs_max() : 0, arena), others_(Deadlines::Of::others, pool_, timed_ ? pool_.runs_max() : 0, arena) {
  for (const std::size_t pattern : plan_.patterns) {
    first_step_.push_back(fits_.size());
    fits_.resize(fits_.size() + patterns_[pattern].steps.size());
  }
  starts_.resize(limits::tile_events * plan_.patterns.size());
  keys_.resize(limits::tile_events * plan_.key_bytes);
  aside_.resize((plan_.patterns.size() + 2) * pool_.run_bytes());
  named_.resize(plan_.patterns.size());
  of_pattern_.resize(plan_.patterns.size());
  due_key_.resize(plan_.key_bytes);
}

// --- before a span ---

void Group::begin(const rules::Evaluator& evaluator, Lanes lanes) noexcept {
  find_wanted(evaluator, lanes);
  if (wanted_ == 0) return;
  gather_keys(evaluator);
  fetch();
}

void Group::find_wanted(const rules::Evaluator& evaluator, Lanes lanes) noexcept {
  wanted_ = 0;
  start_counts_.fill(0);
  concerned_.fill(0);
  for (std::size_t pattern = 0; pattern < plan_.patterns.size(); ++pattern) {
    const PatternPlan& plan = plan_of(pattern);
    Lanes* const fits = fits_.data() + first_step_[pattern];
    named_[pattern] = 0;
    Lanes concerned = 0;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const StepPlan& step = plan.steps[i];
      const Lanes named = evaluator.events_of(step.event) & lanes;
      named_[pattern] |= named;
      fits[i] = named;
      for (const rules::Register free : step.free) fits[i] &= evaluator.boolean(free).truth;
      concerned |= plan.strict != 0 || plan.asks_next ? named : fits[i];  // every event that the pattern names breaks `immediately`
    }
    if (concerned == 0) continue;
    wanted_ |= concerned;
    each_lane(concerned, [&](std::size_t lane) { concerned_[lane] |= pattern_bit(pattern); });
    each_lane(fits[0], [&](std::size_t lane) { starts_[lane * plan_.patterns.size() + start_counts_[lane]++] = static_cast<std::uint16_t>(pattern); });
  }
}

void Group::gather_keys(const rules::Evaluator& evaluator) noexcept {
  Lanes with_key = 0;
  each_lane(wanted_, [&](std::size_t lane) {
    std::byte* const key = keys_.data() + lane * plan_.key_bytes;
    if (!gather_key(evaluator.event(lane), evaluator.slot(lane), key)) return;
    with_key |= lane_bit(lane);
    hashes_[lane] = window::hash_bytes(key, plan_.key_bytes);
    table_.prefetch(hashes_[lane]);
  });
  wanted_ = with_key;
}

bool Group::gather_key(std::size_t event, const std::byte* slot, std::byte* key) const noexcept {
  if (plan_.parts[event].empty()) return true;  // per all
  std::memset(key, 0, plan_.key_bytes);
  for (const KeyPart& part : plan_.parts[event]) {
    if (!part.place.present(slot)) return false;
    if (part.place.kind == Kind::text) {
      std::memcpy(key + part.offset, slot + part.place.offset, part.place.bytes);
    } else {
      const std::int64_t number = part.place.number(slot);
      std::memcpy(key + part.offset, &number, sizeof number);
    }
  }
  return true;
}

void Group::fetch() const noexcept {
  each_lane(wanted_, [&](std::size_t lane) {
    const Index record = table_.candidate(hashes_[lane]);
    if (record != KeyTable::none) __builtin_prefetch(table_.record(record));
  });
  each_lane(wanted_, [&](std::size_t lane) {
    const Index record = table_.candidate(hashes_[lane]);
    if (record == KeyTable::none) return;
    const KeyHead& head = *head_of(record);
    if ((head.patterns & concerned_[lane]) == 0) return __builtin_prefetch(pool_[head.last]);
    for (const RunIndex hint : head.hints) __builtin_prefetch(pool_[hint]);
  });
}

// --- one event ---

Group::Index Group::find(std::uint64_t hash, const std::byte* key) const noexcept {
  const Index record = table_.candidate(hash);
  if (record == KeyTable::none) return table_.find(hash, key);
  return table_.holds(record, hash, key) ? record : table_.find(hash, key);
}

void Group::step(const rules::Evaluator& evaluator, std::size_t lane, Findings& findings) noexcept {
  Turn turn{.evaluator = evaluator, .lane = lane, .findings = findings, .te = evaluator.effective_time(lane), .slot = evaluator.slot(lane),
            .hash = hashes_[lane], .key = keys_.data() + lane * plan_.key_bytes};
  turn.record = find(turn.hash, turn.key);
  if (turn.record == KeyTable::none && start_counts_[lane] == 0) return;
  ++turn_;
  clears_ = false;
  if (turn.record != KeyTable::none && (head_of(turn.record)->patterns & concerned_[lane]) != 0) advance_runs(turn);
  start_runs(turn);
  if (clears_ && turn.record != KeyTable::none) {
    remove_runs(turn.record, [&](const RunHead& run, Link) { return of_pattern_[run.pattern].completed == turn_ && !plan_of(run.pattern).skip_to_next; });
  }
}

void Group::advance_runs(Turn& turn) noexcept {
  const bool emptied = remove_runs(turn.record, [&](RunHead& run, Link at) {
    const Fate fate = advance(turn, run);
    if (fate == Fate::ends) return true;
    if (plan_of(run.pattern).end != 0) wait_or_not(at.index);
    if (fate == Fate::is_due) return false;
    OfPattern& of = of_pattern_[run.pattern];
    if (of.counted == turn_) return ++of.open, false;
    of.counted = turn_;
    of.open = 1;
    of.oldest = at;
    return false;
  });
  if (emptied) turn.record = KeyTable::none;
}

template <class Gone>
bool Group::remove_runs(Index record, Gone gone) noexcept {
  KeyHead& head = *head_of(record);
  const std::size_t partition = KeyTable::partition_of(head.hash);
  RunIndex before = no_run;
  head.patterns = 0;
  for (RunIndex index = head.first; index != no_run;) {
    RunHead& run = *pool_[index];
    const RunIndex next = run.next;
    if (next != no_run) __builtin_prefetch(pool_[next]);
    if (gone(run, Link{index, before})) {
      (before == no_run ? head.first : pool_[before]->next) = next;
      if (next == no_run) head.last = before;
      give_back(index, partition);
    } else {
      head.patterns |= pattern_bit(run.pattern);
      before = index;
    }
    index = next;
  }
  if (head.first != no_run) return false;
  table_.erase(record);
  return true;
}

void Group::give_back(RunIndex run, std::size_t partition) noexcept {
  if (timed_ && plan_of(pool_[run]->pattern).end != 0) waiting_.remove(*pool_[run]), others_.remove(*pool_[run]);
  pool_.give_back(run, partition);
}

// A run at its pattern's end may wait for longer than `within`, if `no` says for how long; but it takes nothing then.
Group::Fate Group::advance(Turn& turn, RunHead& run) noexcept {
  const PatternPlan& plan = plan_of(run.pattern);
  const bool past = is_past(plan, run, turn.te), waiting = is_waiting(plan, run);
  if (waiting && turn.te > pool_.waiting(run).deadline) return Fate::is_due;  // behind this event, which it does not concern
  if (past && !waiting) return Fate::ends;
  if (!has_lane(named_[run.pattern], turn.lane)) return Fate::stays;
  if (of_pattern_[run.pattern].completed == turn_ && !plan.skip_to_next) return Fate::ends;
  if (plan.asks_next && !has_passed_one(plan, run)) ask_negations(turn, run, true);
  StepMask steps = past ? 0 : enterable(plan, run) & ~plan.end;
  if (plan.last_event) steps &= ~too_early(plan, run, turn.te);
  while (steps != 0) {
    const auto step = static_cast<std::size_t>(std::bit_width(steps)) - 1;
    steps &= ~bit(step);
    if (!may_take(turn, run, step)) continue;
    const Taken how = take(turn, run, step);
    if (how == Taken::completes) return Fate::ends;
    if (how == Taken::goes_on) return Fate::stays;
  }
  pass_by(turn, run);
  const StepMask left = enterable(plan, run);
  return (past ? left & plan.end : left) == 0 ? Fate::ends : Fate::stays;
}

// `te`: of the last event taken. Never: it lies behind all times.
void Group::set_deadline(const PatternPlan& plan, RunHead& run, Time te) noexcept {
  const bool overflow = __builtin_add_overflow(plan.wait != 0 ? te : run.first_te, plan.wait != 0 ? plan.wait : plan.within, &pool_.waiting(run).deadline);
  if (overflow) pool_.waiting(run).deadline = INT64_MAX;
}

// As its state says. REQUIRES: of a pattern that ends with `no`.
void Group::wait_or_not(RunIndex index) noexcept {
  RunHead& run = *pool_[index];
  const PatternPlan& plan = plan_of(run.pattern);
  const bool waits = (enterable(plan, run) & plan.end) != 0;
  (waits ? others_ : waiting_).remove(run);
  if (waits) waiting_.add(index, plan.rule);
  else if (plan.wait == 0) others_.add(index, plan.rule);  // with `for`, the deadline is not known before it waits
}

Moment Group::moment(const Turn& turn, const RunHead& run) noexcept {
  return {.evaluator = turn.evaluator, .lane = turn.lane, .slot = turn.slot, .captures = captures_of(&run), .captured = run.valid, .counters = formula_counters_};
}

// The event fits the step, with what the run holds.
bool Group::may_take(const Turn& turn, const RunHead& run, std::size_t step) noexcept {
  if (!has_lane(fits_[first_step_[run.pattern] + step], turn.lane)) return false;
  const std::vector<Formula>& bound = plan_of(run.pattern).steps[step].bound;
  return std::all_of(bound.begin(), bound.end(), [&](const Formula& condition) { return condition.is_true(moment(turn, run)); });
}

// passes: the run would be complete but for `where`, and cannot go on; it is as it was.
Group::Taken Group::take(Turn& turn, RunHead& run, std::size_t index) noexcept {
  const PatternPlan& plan = plan_of(run.pattern);
  const StepPlan& step = plan.steps[index];
  const std::uint32_t count = run.step == index ? run.count + (run.count != UINT32_MAX) : 1;
  const bool completes = step.ends && count >= step.at_least;
  RunHead& further = completes ? *tried() : run;  // aside: it may have to stay as it was
  if (completes) std::memcpy(&further, &run, pool_.run_bytes());
  further.step = static_cast<std::uint8_t>(index);
  further.count = count;
  further.closed = 0;
  for (std::size_t i = 0; i < step.captures; ++i) capture(plan.captures[step.first_capture + i], turn.slot, turn.te, captures_of(&further), further.valid);
  if (plan.end != 0) set_deadline(plan, further, turn.te);
  if (plan.last_event) store_capture(captures_of(&further), *plan.last_event, turn.te), note_passed(plan, further, false);
  if (!completes) return Taken::goes_on;
  if (!plan.where || where_holds(turn, run.pattern, further)) return complete(turn, further), Taken::completes;
  if (enterable(plan, further) == 0) return Taken::passes;
  std::memcpy(&run, &further, pool_.run_bytes());
  return Taken::goes_on;
}

// The oldest run gives the values.
void Group::complete(Turn& turn, const RunHead& run) noexcept {
  OfPattern& of = of_pattern_[run.pattern];
  if (of.completed == turn_) return;
  of.completed = turn_;
  clears_ = clears_ || !plan_of(run.pattern).skip_to_next;
  std::memcpy(aside(run.pattern), &run, pool_.run_bytes());
  turn.findings.matches.push_back({plan_.patterns[run.pattern], aside(run.pattern)});
}

bool Group::where_holds(Turn& turn, std::size_t pattern, const RunHead& run) noexcept {
  const PatternPlan& plan = plan_of(pattern);
  const Operand where = plan.where->run(moment(turn, run));
  if (where.valid) return where.value.numerator != 0;
  if (of_pattern_[pattern].noted != turn_) turn.findings.missing.push_back(plan_.patterns[pattern]);
  of_pattern_[pattern].noted = turn_;
  return plan.fire_if_missing;
}

// The event was not taken: what it closes.
void Group::pass_by(Turn& turn, RunHead& run) noexcept {
  const PatternPlan& plan = plan_of(run.pattern);
  const StepPlan& step = plan.steps[run.step];
  run.closed |= bit(run.step) & plan.strict;
  if (plan.last_event) note_passed(plan, run, true);
  if (run.count < step.at_least) return;
  run.closed |= step.next & plan.strict;
  ask_negations(turn, run, false);
}

// Those of the next event alone, or the others.
void Group::ask_negations(Turn& turn, RunHead& run, bool of_next) noexcept {
  const PatternPlan& plan = plan_of(run.pattern);
  const StepPlan& step = plan.steps[run.step];
  if (run.count < step.at_least) return;
  for (const StepPlan::Negation& negation : step.negations) {
    if (negation.of_next != of_next || (negation.wait != 0 && !is_within(plan, run, negation, turn.te))) continue;
    if (may_take(turn, run, negation.step)) run.closed |= negation.closes;
  }
}

// --- new runs ---

void Group::start_runs(Turn& turn) noexcept {
  const std::uint16_t* const starts = starts_.data() + turn.lane * plan_.patterns.size();
  for (std::size_t i = 0; i < start_counts_[turn.lane]; ++i) {
    if (of_pattern_[starts[i]].completed != turn_ || plan_of(starts[i]).skip_to_next) start(turn, starts[i]);
  }
}

void Group::start(Turn& turn, std::size_t pattern) noexcept {
  RunHead& run = *fresh();
  std::memset(&run, 0, pool_.run_bytes());
  run.pattern = static_cast<std::uint16_t>(pattern);
  run.first_te = turn.te;
  run.first_sequence = static_cast<Sequence>(reinterpret_cast<const EventHeader*>(turn.slot)->stamp) - 1;
  if (timed_) pool_.waiting(run).place = no_place;
  if (!may_take(turn, run, 0) || take(turn, run, 0) != Taken::goes_on) return;
  const OfPattern& of = of_pattern_[pattern];
  if (of.counted == turn_ && of.open == plan_of(pattern).limit) drop(turn, of.oldest);
  add(turn, run);
}

// The key may be left without any run: one of the same pattern is about to follow, and there is room for it.
void Group::drop(Turn& turn, Link run) noexcept {
  KeyHead& head = *head_of(turn.record);
  const RunIndex next = pool_[run.index]->next;
  (run.before == no_run ? head.first : pool_[run.before]->next) = next;
  if (next == no_run) {
    head.last = run.before;
  } else if (OfPattern& of = of_pattern_[pool_[next]->pattern]; of.counted == turn_ && of.oldest.index == next) {
    of.oldest.before = run.before;  // to be dropped itself, maybe
  }
  give_back(run.index, KeyTable::partition_of(turn.hash));
  ++runs_dropped_;
}

void Group::add(Turn& turn, const RunHead& run) noexcept {
  if (!make_room(turn)) {
    ++runs_refused_;
    return;
  }
  if (turn.record == KeyTable::none) {
    turn.record = table_.insert(turn.hash, turn.key);
    PAWL_ASSERT(turn.record != KeyTable::none);
    KeyHead& head = *head_of(turn.record);
    head = {.hash = turn.hash, .patterns = 0, .first = no_run, .last = no_run, .hints = {}, .next_hint = 0};
  }
  const RunIndex index = pool_.take(KeyTable::partition_of(turn.hash));
  std::memcpy(pool_[index], &run, pool_.run_bytes());
  link(turn.record, index);
}

void Group::link(Index record, RunIndex index) noexcept {
  KeyHead& head = *head_of(record);
  pool_[index]->next = no_run;
  head.patterns |= pattern_bit(pool_[index]->pattern);
  (head.last == no_run ? head.first : pool_[head.last]->next) = index;
  head.last = index;
  head.hints[head.next_hint] = index;
  head.next_hint = (head.next_hint + 1) % KeyHead::hints_max;
  if (plan_of(pool_[index]->pattern).end == 0) return;
  pool_.waiting(*pool_[index]).record = record;
  wait_or_not(index);
}

// If the partition is full: a few of its other keys lose the runs that are past their time, the next time the keys behind them.
bool Group::make_room(Turn& turn) noexcept {
  constexpr int looks_max = 32;
  const std::size_t partition = KeyTable::partition_of(turn.hash);
  const auto has_room = [&] {
    return !pool_.is_full(partition) && (turn.record != KeyTable::none || table_.partition_keys(partition) < table_.partition_keys_max());
  };
  for (int looks = 0; looks < looks_max && !has_room(); ++looks) {
    const Index record = table_.next(partition, hands_[partition]);
    if (record == KeyTable::none) break;
    if (record == turn.record) continue;
    remove_runs(record, [&](RunHead& run, Link) { return is_past(plan_of(run.pattern), run, turn.te) && !is_waiting(plan_of(run.pattern), run); });
  }
  return has_room();
}

// --- deadlines ---

void Group::end_past(Time te) noexcept {
  while (!others_.empty() && others_.first().at < te) {
    const RunHead* const past = pool_[others_.first().run];
    remove_runs(pool_.waiting(*pool_[others_.first().run]).record, [&](const RunHead& run, Link) { return &run == past; });
  }
}

Due Group::end_first_due(const rules::Evaluator& evaluator, std::size_t lane, Sequence sequence) noexcept {
  RunHead& run = *pool_[waiting_.first().run];
  const PatternPlan& plan = plan_of(run.pattern);
  const Index record = pool_.waiting(run).record;
  std::memcpy(aside(run.pattern), &run, pool_.run_bytes());
  std::memcpy(due_key_.data(), table_.record(record) + sizeof(KeyHead), plan_.key_bytes);
  Due due{.pattern = plan_.patterns[run.pattern], .run = aside(run.pattern), .key = due_key_, .fired = true, .missing = false};
  if (plan.where) {
    const Moment moment{.evaluator = evaluator, .lane = lane, .slot = evaluator.slot(lane), .captures = captures_of(due.run), .captured = due.run->valid, .counters = formula_counters_};
    const Operand where = plan.where->run(moment);
    due.missing = !where.valid;
    due.fired = where.valid ? where.value.numerator != 0 : plan.fire_if_missing;
  }
  const bool clears = due.fired && !plan.skip_to_next;
  remove_runs(record, [&](const RunHead& other, Link) {
    return &other == &run || (clears && other.pattern == due.run->pattern && other.first_sequence < sequence);
  });
  return due;
}

}  // namespace pawl::pattern
