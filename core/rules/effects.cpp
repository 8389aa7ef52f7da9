#include "pawl/core/rules/effects.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/rules/event_key.hpp"
#include "pawl/core/rules/firing.hpp"
#include "pawl/core/rules/share.hpp"
#include "pawl/core/rules/text_at.hpp"

namespace pawl::rules {
namespace {

std::size_t cooldown_key_bytes(const Plan& plan) {
  std::size_t bytes = 0;
  for (const RulePlan& rule : plan.rules) bytes = std::max(bytes, rule.evaluated ? rule.cooldown_key.bytes : 0);
  return bytes;
}

std::vector<ExpiringKeys> lists_of(const Plan& plan, std::uint64_t keys_max, state::Arena& arena) {
  std::vector<ExpiringKeys> lists;
  lists.reserve(plan.lists.size());
  for (std::size_t i = 0; i < plan.lists.size(); ++i) {
    lists.emplace_back("list " + plan.pipeline->lists[i].name, plan.lists[i].bytes, keys_max, arena);
  }
  return lists;
}

std::vector<ExpiringKeys> cooldowns_of(const Plan& plan, std::uint64_t keys_max, state::Arena& arena) {
  std::vector<ExpiringKeys> cooldowns;
  if (plan.has_cooldowns()) cooldowns.emplace_back("cooldowns", cooldown_key_bytes(plan), keys_max, arena);
  return cooldowns;
}

// A key rarely has many open runs: as many as a quarter of the entries that windows may hold.
pattern::PatternLimits pattern_limits(const window::StateLimits& limits) {
  return {.keys_max = limits.keys_max, .runs_max = std::max<std::uint64_t>(limits.entries_max / 4, 1)};
}

}  // namespace

std::size_t Effects::memory_bytes(const Plan& plan, const window::StateLimits& limits) {
  state::Arena measure;
  (void)lists_of(plan, limits.keys_max, measure);
  (void)cooldowns_of(plan, limits.keys_max, measure);
  (void)pattern::Matcher(plan.patterns, pattern_limits(limits), measure);
  return measure.used_bytes();
}

Effects::Effects(const Plan& plan, const window::StateLimits& limits, std::span<std::byte> memory) : plan_(plan), suppressed_(plan.rules.size()), matched_(plan.rules.size()) {
  state::Arena arena(memory);
  lists_ = lists_of(plan, limits.keys_max, arena);
  cooldowns_ = cooldowns_of(plan, limits.keys_max, arena);
  cooldown_key_.resize(cooldown_key_bytes(plan));
  if (!plan.patterns.patterns.empty()) {
    matcher_.emplace(plan.patterns, pattern_limits(limits), arena);
    for (std::size_t i = 0; i < plan.patterns.patterns.size(); ++i) timed_keys_.push_back(plan.patterns.patterns[i].end == 0 ? nullptr : &plan.patterns.key_of(i));
    for (std::size_t i = 0; i < matcher_->groups(); ++i) runs_.emplace_back("runs of patterns " + std::to_string(i), matcher_->group(i));
  }
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    if (plan.rules[i].acts()) acting_.push_back(i);
  }
  fired_.resize(acting_.size());
}

void Effects::run(Evaluator& evaluator) noexcept {
  for (const std::size_t rule : acting_) suppressed_[rule] &= ~evaluator.span();
  for (const pattern::PatternPlan& pattern : plan_.patterns.patterns) {
    Firing& matched = matched_[pattern.rule];
    matched = {matched.fired & ~evaluator.span(), matched.missing & ~evaluator.span()};
  }
  const std::size_t end = evaluator.last_lane();
  std::size_t stride = limits::tile_events;
  for (std::size_t first = evaluator.first_lane(); first <= end;) {
    const std::size_t last = std::min(end, first + stride - 1);
    const std::size_t done = act(evaluator, first, last);
    stride = done == last ? std::min(2 * stride, limits::tile_events) : 1;  // effects come in clusters: after one, few lanes at first
    first = done + 1;
  }
}

// Returns the last lane whose columns hold: lists change behind it.
std::size_t Effects::act(Evaluator& evaluator, std::size_t first, std::size_t last) noexcept {
  const std::uint64_t overflows = evaluator.overflows(), divisions_by_zero = evaluator.divisions_by_zero();
  evaluator.run_dependent(first, last);
  const bool counted = evaluator.overflows() != overflows || evaluator.divisions_by_zero() != divisions_by_zero;
  Lanes lanes = 0;
  for (std::size_t i = 0; i < acting_.size(); ++i) {
    const RulePlan& rule = plan_.rules[acting_[i]];
    fired_[i] = rule.has_pattern ? 0 : firing(rule, plan_, evaluator).fired & lanes_between(first, last);
    lanes |= fired_[i];
  }
  if (matcher_) {
    matcher_->begin(evaluator, lanes_between(first, last));
    lanes |= matcher_->wanted();
  }
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctzll(lanes));
    if (matcher_ && has_lane(matcher_->wanted(), lane)) step_patterns(evaluator, lane);
    const bool last_that_holds = !plan_.program.dependent.empty() && will_change(evaluator, lane);
    if (last_that_holds && counted && lane != last) {  // some in lanes that will come again; while the lists are what they were
      evaluator.set_counters(overflows, divisions_by_zero);
      evaluator.run_dependent(first, lane);
    }
    act_at(evaluator, lane);
    if (last_that_holds) return lane;
  }
  return last;
}

// What a match computed, where actions and reasons look for it.
void Effects::put(Register to, const pattern::Operand& value, Evaluator& evaluator, std::size_t lane) noexcept {
  if (to.kind != ColumnKind::text) return evaluator.put(to, lane, value.valid ? std::optional(value.value) : std::nullopt);
  CasedText::Room room;
  evaluator.put_text(to, lane, value.valid ? std::optional(value.text.in(room)) : std::nullopt);
}

void Effects::step_patterns(Evaluator& evaluator, std::size_t lane) noexcept {
  const pattern::Findings& found = matcher_->step(lane);
  for (const pattern::Findings::Match& match : found.matches) {
    const pattern::PatternPlan& pattern = plan_.patterns.patterns[match.pattern];
    matched_[pattern.rule].fired |= lane_bit(lane);
    for (std::size_t i = 0; i < pattern.outputs.size(); ++i) {
      put(pattern.outputs[i].to, matcher_->output(match, i), evaluator, lane);
    }
  }
  for (std::size_t i = 0; i < acting_.size() && !found.matches.empty(); ++i) {
    fired_[i] |= matched_[acting_[i]].fired & lane_bit(lane);
  }
  for (const std::size_t missing : found.missing) matched_[plan_.patterns.patterns[missing].rule].missing |= lane_bit(lane);
}

// Whether act_at() will change what the span's events find in a list.
bool Effects::will_change(const Evaluator& evaluator, std::size_t lane) noexcept {
  for (std::size_t i = 0; i < acting_.size(); ++i) {
    const RulePlan& rule = plan_.rules[acting_[i]];
    if (!has_lane(fired_[i], lane) || rule.edits.empty() || !live(rule, evaluator, lane)) continue;
    if (rule.cooldown != 0 && cools_down(cooldown_key(rule, evaluator, lane), evaluator.effective_time(lane))) continue;
    for (const EditPlan& edit : rule.edits) {
      bool present = false;
      const std::byte* const key = value_key(edit, evaluator, lane, present);
      if (!present || key == nullptr) continue;
      // Held anyway until the span's end, it may be held for longer: nobody in the span sees it.
      const ExpiringKeys& list = lists_[edit.list];
      if (edit.add ? !list.holds(key, evaluator.effective_time()) : list.holds(key, evaluator.effective_time(lane))) return true;
    }
  }
  return false;
}

// All that fired at the lane, in file order.
void Effects::act_at(const Evaluator& evaluator, std::size_t lane) noexcept {
  for (std::size_t i = 0; i < acting_.size(); ++i) {
    const RulePlan& rule = plan_.rules[acting_[i]];
    if (!has_lane(fired_[i], lane)) continue;
    const Time now = evaluator.effective_time(lane);
    if (rule.cooldown != 0 && !start_cooldown(cooldown_key(rule, evaluator, lane), now, rule.cooldown)) {
      suppressed_[acting_[i]] |= lane_bit(lane);
      continue;
    }
    if (rule.edits.empty() || !live(rule, evaluator, lane)) continue;  // a shadow rule keeps its own cooldown, and leaves alone what others see
    for (const EditPlan& edit : rule.edits) this->edit(edit, evaluator, lane, now);
  }
}

// --- deadlines ---

std::optional<Effects::Timed> Effects::next_timed(Evaluator& evaluator, Sequence sequence, Time now) noexcept {
  const std::size_t lane = evaluator.last_lane();
  while (deadline() < now) {
    const pattern::Due due = matcher_->end_first_due(lane, sequence);
    if (!due.fired && !due.missing) continue;
    const pattern::PatternPlan& pattern = plan_.patterns.patterns[due.pattern];
    Timed timed{.rule = pattern.rule, .pattern = &pattern, .run = due.run, .key = due.key, .fired = due.fired, .missing = due.missing, .suppressed = false, .live = false};
    for (std::size_t i = 0; due.fired && i < pattern.outputs.size(); ++i) {
      put(pattern.outputs[i].to, matcher_->output(due, i), evaluator, lane);
    }
    if (due.fired) act_on(timed, *timed_keys_[due.pattern], evaluator, lane);
    return timed;
  }
  matcher_->end_past(evaluator.effective_time());
  return std::nullopt;
}

// Ticks never advance the effective time: effects count from that of the last event.
void Effects::act_on(Timed& timed, const std::vector<pattern::KeyPart>& parts, const Evaluator& evaluator, std::size_t lane) noexcept {
  const RulePlan& rule = plan_.rules[timed.rule];
  const Time now = evaluator.effective_time();
  if (rule.cooldown != 0 && !start_cooldown(cooldown_key(rule, parts, timed.key.data()), now, rule.cooldown)) {
    timed.fired = false;
    timed.suppressed = true;
    return;
  }
  const auto share_key = [&] { return pattern::part_of(timed.key.data(), parts[rule.share.of_pattern]); };
  timed.live = !rule.shadow && (rule.share.percent == 100 || in_share(rule.share, share_key().data(), share_key().size()));
  for (std::size_t i = 0; timed.live && i < rule.edits.size(); ++i) edit(rule.edits[i], evaluator, lane, now);
}

const std::byte* Effects::cooldown_key(const RulePlan& rule, const std::vector<pattern::KeyPart>& parts, const std::byte* key) noexcept {
  std::byte* to = begin_cooldown_key(rule);
  for (const KeyPlan::Part& part : rule.cooldown_key.parts) {
    const std::span<const std::byte> bytes = pattern::part_of(key, parts[part.of_pattern]);
    std::memcpy(to, bytes.data(), bytes.size());
    to += part.bytes;
  }
  return cooldown_key_.data();
}

bool Effects::live(const RulePlan& rule, const Evaluator& evaluator, std::size_t lane) const noexcept {
  return !rule.shadow && (rule.share.percent == 100 || in_share(rule.share, plan_.program, evaluator.event(lane), evaluator.slot(lane)));
}

// Null: a part of it is missing, and the rule never cools down.
const std::byte* Effects::cooldown_key(const RulePlan& rule, const Evaluator& evaluator, std::size_t lane) noexcept {
  std::byte* const to = begin_cooldown_key(rule);
  const bool whole = read_key(rule.cooldown_key, plan_.program, evaluator.event(lane), evaluator.slot(lane), to);
  return whole ? cooldown_key_.data() : nullptr;
}

// Where its fields go.
std::byte* Effects::begin_cooldown_key(const RulePlan& rule) noexcept {
  std::fill(cooldown_key_.begin(), cooldown_key_.end(), std::byte{0});
  const std::uint64_t number = rule.rule;
  std::memcpy(cooldown_key_.data(), &number, sizeof number);
  return cooldown_key_.data() + sizeof number;
}

bool Effects::cools_down(const std::byte* key, Time now) const noexcept { return key != nullptr && cooldowns_[0].holds(key, now); }

// False: the rule acted for this key less than its cooldown ago; else it acts now.
bool Effects::start_cooldown(const std::byte* key, Time now, Duration cooldown) noexcept {
  if (cools_down(key, now)) return false;
  if (key != nullptr) cooldowns_[0].add(key, now, cooldown);
  return true;
}

void Effects::edit(const EditPlan& edit, const Evaluator& evaluator, std::size_t lane, Time now) noexcept {
  ExpiringKeys& list = lists_[edit.list];
  bool present = false;
  const std::byte* const key = value_key(edit, evaluator, lane, present);
  if (!present) return;
  if (key == nullptr) {
    if (edit.add) list.note_too_long();
  } else if (edit.add) {
    list.add(key, now, edit.ttl);
  } else {
    list.remove(key, now);
  }
}

// `present` false: the value is missing. Null: the list cannot hold it.
const std::byte* Effects::value_key(const EditPlan& edit, const Evaluator& evaluator, std::size_t lane, bool& present) noexcept {
  const ListPlan& list = plan_.lists[edit.list];
  const Operand& value = edit.value;
  present = true;
  if (value.kind != Operand::Kind::column) {
    const auto text = text_at(value, plan_.program, evaluator, lane);
    present = text.has_value();
    return present ? text_key(*text, list.bytes, room_) : nullptr;
  }
  if (value.column.kind == ColumnKind::boolean) {
    const BoolColumn& column = evaluator.boolean(value.column);
    present = has_lane(column.valid, lane);
    return number_key(has_lane(column.truth, lane), false, room_);
  }
  const NumberColumn& column = evaluator.number(value.column);
  present = has_lane(column.valid, lane);
  return number_key(column.cells[lane], list.floating, room_);
}

std::vector<StateRows> Effects::rows() {
  std::vector<StateRows> all;
  for (ExpiringKeys& list : lists_) all.emplace_back(list);
  for (ExpiringKeys& cooldowns : cooldowns_) all.emplace_back(cooldowns);
  for (pattern::GroupRows& runs : runs_) all.emplace_back(runs);
  return all;
}

std::vector<const ExpiringKeys*> Effects::remembered() const {
  std::vector<const ExpiringKeys*> all;
  for (const ExpiringKeys& list : lists_) all.push_back(&list);
  for (const ExpiringKeys& cooldowns : cooldowns_) all.push_back(&cooldowns);
  return all;
}

}  // namespace pawl::rules
