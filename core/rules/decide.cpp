#include "pawl/core/rules/decide.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/rules/firing.hpp"
#include "pawl/core/rules/share.hpp"
#include "pawl/core/rules/text_at.hpp"

namespace pawl::rules {
namespace {

// REQUIRES: a policy. `rank`: of the best that live rules ask for.
std::uint8_t decided(const PolicyPlan& policy, std::int64_t score, Rank rank) noexcept {
  for (const PolicyPlan::Threshold& threshold : policy.thresholds) {
    if (score >= threshold.score) rank = std::min(rank, threshold.rank);
  }
  return rank == no_rank ? policy.otherwise : policy.by_rank[rank];
}

constexpr Sequence tile_start(Sequence sequence) noexcept { return sequence & ~static_cast<Sequence>(limits::tile_events - 1); }

}  // namespace

Decide::Decide(const Plan& plan, const DecisionLayout& layout, const Kernels& kernels) : Decide(plan, layout, {}, {}, kernels) { PAWL_ASSERT(!plan.stateful()); }

std::size_t Decide::memory_bytes(const Plan& plan, const window::StateLimits& limits) { return plan.stateful() ? Effects::memory_bytes(plan, limits) : 0; }

Decide::Decide(const Plan& plan, const DecisionLayout& layout, const window::StateLimits& limits, std::span<std::byte> memory, const Kernels& kernels)
    : plan_(plan), layout_(layout), evaluator_(plan, kernels), marks_(plan.rules.size()), simple_(plan.rules.size()), always_((plan.rules.size() + 63) / 64), touched_(always_.size()),
      shadowed_(plan.rules.size()), firings_(plan.rules.size()), timed_(plan.patterns.timed()) {
  for (const pattern::PatternPlan& pattern : plan.patterns.patterns) {
    if (pattern.end != 0) shortest_wait_ = std::min(shortest_wait_, pattern.wait != 0 ? pattern.wait : pattern.within);
  }
  shown_at_.assign(plan.shown.size(), all_lanes);
  for (const RulePlan& rule : plan.rules) where_fired_.insert(where_fired_.end(), rule.where_fired.begin(), rule.where_fired.end());
  masks_.reserve(1 + 2 * plan.lets.size() + 4 * plan.rules.size());
  for (std::size_t rule = 0; rule < plan.rules.size(); ++rule) {
    if (plan.rules[rule].evaluated && !plan.conditions.takes[rule]) always_[rule / 64] |= std::uint64_t{1} << (rule % 64);
    const RulePlan& planned = plan.rules[rule];
    const bool constant = planned.scores.empty() || (planned.scores.size() == 1 && planned.scores[0].is_constant);
    const bool simple = plan.conditions.takes[rule] && constant && planned.cooldown == 0 && !planned.shadow && planned.share.percent == 100;
    simple_[rule] = {simple, planned.fire_if_missing, planned.rank, simple && !planned.scores.empty() ? planned.scores[0].constant : 0};
  }
  if (!plan.stateful()) return;
  effects_.emplace(plan, limits, memory);
  evaluator_.ask(effects_->lists());
}

void Decide::evaluate(const SlotView& slots, const state::Tiles& tiles, Sequence first, Sequence last) noexcept {
  PAWL_ASSERT(first == sequence_ + 1);
  evaluator_.run(slots, tiles, first, last);
  const Lanes span = evaluator_.span();
  if (evaluator_.first_lane() == 0) start_tile();
  events_ |= evaluator_.events();
  each_lane(span, [&](std::size_t lane) { scores_[lane] = 0; });
  if (plan_.policy.present) each_lane(span, [&](std::size_t lane) { ranks_[lane] = no_rank, decisions_[lane] = 0; });
  sequence_ = last;
}

// Most events fire nothing: their records are heads and zeros. What fired is marked rule by rule.
void Decide::decide(const SlotView& slots) noexcept {
  if (effects_) effects_->run(evaluator_);
  texts_.keep(evaluator_);
  for (std::size_t i = 0; i < touched_.size(); ++i) touched_[i] = always_[i] | evaluator_.conditions().active()[i];
  clear_marks();
  each_touched([this](std::size_t rule) { simple_[rule].is ? fire_simple(rule) : fire(rule); });
  if (plan_.policy.present) apply_policy();
  for (const std::uint16_t event : evaluator_.types()) write_heads(slots, event);
  const Lanes events = evaluator_.events();
  if (layout_.with_lets()) each_lane(events, [&](std::size_t lane) { write_lets(lane, records_[lane]); });
  if (layout_.with_shown()) write_shown();
}

// operation(rule) for all that fired or were missing somewhere in the span at hand, and maybe others; in file order.
template <class Operation>
void Decide::each_touched(Operation operation) const noexcept {
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    for (std::uint64_t bits = touched_[i]; bits != 0; bits &= bits - 1) operation(i * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
  }
}

// Spans follow each other and end with their tile, so that one of them begins it; behind that, lanes are only added.
void Decide::start_tile() noexcept {
  std::fill(marks_.begin(), marks_.end(), Marks{});
  std::fill(shadowed_.begin(), shadowed_.end(), 0);
  events_ = 0;
}

void Decide::fire(std::size_t index) noexcept {
  const RulePlan& rule = plan_.rules[index];
  const auto [would_fire, missing] = rule.has_pattern ? effects_->matched(index, evaluator_.span()) : firing(rule, plan_, evaluator_);
  const Lanes fired = rule.cooldown == 0 ? would_fire : would_fire & ~effects_->suppressed(index);
  marks_[index].fired |= fired;
  marks_[index].missing |= missing;
  const Lanes events = evaluator_.events();
  mark(missing & events, index, layout_.missing_offset());
  if (layout_.has_suppressed()) mark(effects_->suppressed(index) & events, index, layout_.suppressed_offset());
  if (fired == 0) return;
  mark(fired & events, index, layout_.fired_offset());
  firings_[index] += static_cast<std::uint64_t>(std::popcount(fired));
  const Lanes live = live_lanes(rule, fired);
  if (rule.share.percent < 100) {
    shadowed_[index] |= fired & ~live;
    mark(fired & ~live & events, index, layout_.shadow_offset());
  }
  add_scores(rule, live);
  if (rule.rank != no_rank) each_lane(live, [&](std::size_t lane) { ranks_[lane] = std::min(ranks_[lane], rule.rank); });
}

// The same, in one pass over the lanes.
void Decide::fire_simple(std::size_t index) noexcept {
  const Simple& rule = simple_[index];
  const Lanes missing = evaluator_.conditions().missing(index), truth = evaluator_.conditions().truth(index), fired = truth | (rule.fire_if_missing ? missing : 0);
  marks_[index].fired |= fired;
  marks_[index].missing |= missing;
  if (missing != 0) mark(missing, index, layout_.missing_offset());
  const std::size_t word = layout_.fired_offset() + index / 64 * sizeof(std::uint64_t);
  const std::uint64_t bit = std::uint64_t{1} << (index % 64);
  std::uint64_t count = 0;
  for (Lanes lanes = fired; lanes != 0; lanes &= lanes - 1, ++count) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(lanes));
    *reinterpret_cast<std::uint64_t*>(records_[lane] + word) |= bit;
    add_score(lane, rule.score);
  }
  firings_[index] += count;
  if (rule.rank != no_rank) each_lane(fired, [&](std::size_t lane) { ranks_[lane] = std::min(ranks_[lane], rule.rank); });
}

// Saturates: a score beyond 64 bits has no better meaning than the largest one.
inline void Decide::add_score(std::size_t lane, std::int64_t score) noexcept {
  if (__builtin_add_overflow(scores_[lane], score, &scores_[lane])) scores_[lane] = score > 0 ? INT64_MAX : INT64_MIN;
}

Lanes Decide::live_lanes(const RulePlan& rule, Lanes fired) const noexcept {
  if (rule.shadow) return 0;
  if (rule.share.percent == 100) return fired;
  Lanes live = 0;
  each_lane(fired, [&](std::size_t lane) {
    if (in_share(rule.share, plan_.program, evaluator_.event(lane), evaluator_.slot(lane))) live |= lane_bit(lane);
  });
  return live;
}

// The best of what live rules and the score ask for.
void Decide::apply_policy() noexcept {
  const PolicyPlan& policy = plan_.policy;
  each_lane(evaluator_.events(), [&](std::size_t lane) {
    scores_[lane] = std::min(scores_[lane], policy.cap);
    decisions_[lane] = decided(policy, scores_[lane], ranks_[lane]);
  });
}

std::uint8_t Decide::decision_of(std::int64_t score, Rank rank) const noexcept { return decided(plan_.policy, score, rank); }

void Decide::add_scores(const RulePlan& rule, Lanes fired) noexcept {
  for (const ScorePlan& score : rule.scores) {
    each_lane(fired, [&](std::size_t lane) {
      add_score(lane, score.is_constant ? score.constant : evaluator_.number(score.value).cells[lane]);  // 0 if missing
    });
  }
}

Decide::Standing Decide::standing() const {
  PAWL_ASSERT(sequence_ == interval_.last);
  return {sequence_, interval_.digest, evaluator_.effective_time(), evaluator_.overflows(), evaluator_.divisions_by_zero(), firings_};
}

void Decide::restore(const Standing& standing) {
  PAWL_ASSERT(sequence_ == no_sequence);
  PAWL_ASSERT((standing.sequence + 1) % interval_inputs_ == 0);
  PAWL_ASSERT(standing.firings.size() == firings_.size());
  sequence_ = standing.sequence;
  interval_ = {standing.sequence, standing.digest};
  hash_.chain_behind(standing.digest);
  evaluator_.restore(standing.effective_time, standing.overflows, standing.divisions_by_zero);
  firings_ = standing.firings;
}

std::vector<StateRows> Decide::rows() { return effects_ ? effects_->rows() : std::vector<StateRows>{}; }

std::vector<Decide::Remembered> Decide::remembered() const {
  std::vector<Remembered> all;
  if (!effects_) return all;
  for (const ExpiringKeys* keys : effects_->remembered()) all.push_back({keys->name(), keys->counters()});
  return all;
}

pattern::GroupCounters Decide::runs() const noexcept {
  const pattern::Matcher* const matcher = effects_ ? effects_->matcher() : nullptr;
  return matcher == nullptr ? pattern::GroupCounters{} : matcher->counters();
}

// --- records ---

void Decide::clear_marks() const noexcept {
  const std::size_t bytes = layout_.let_valid_offset() - sizeof(DecisionRecord);
  const auto clear = [this](std::size_t lane, std::size_t count) { std::memset(records_[lane] + sizeof(DecisionRecord), 0, count); };
  constexpr std::size_t few_rules = 2 * sizeof(std::uint64_t);  // a word each of fired and missing: no call
  if (bytes == few_rules) return each_lane(evaluator_.events(), [&](std::size_t lane) { clear(lane, few_rules); });
  each_lane(evaluator_.events(), [&](std::size_t lane) { clear(lane, bytes); });
}

void Decide::write_heads(const SlotView& slots, std::uint16_t event) noexcept {
  const SlotPlace id = layout_.id_place(event);
  const bool has_number = id.exists() && id.kind != Kind::text;
  const Sequence start = tile_start(sequence_);
  each_lane(evaluator_.events_of(event), [&](std::size_t lane) {
    const Sequence sequence = start + static_cast<Sequence>(lane);
    const std::byte* const slot = slots[sequence];
    const auto& header = *reinterpret_cast<const EventHeader*>(slot);
    const bool has_id = id.exists() && id.present(slot);
    std::byte* const record = records_[lane];
    *reinterpret_cast<DecisionRecord*>(record) = {.sequence = sequence, .ingest = header.ingest, .ticket = header.ticket, .score = scores_[lane],
                                                  .id = has_id && has_number ? id.number(slot) : 0, .source = header.source, .event = event,
                                                  .decision = decisions_[lane], .has_id = has_id, .reserved = 0};
    if (has_id && !has_number) write_id_text(id.text(slot), record);
  });
}

void Decide::write_id_text(std::string_view text, std::byte* record) const noexcept {
  std::memcpy(record + layout_.id_text_offset(), text.data(), text.size());
}

// Sets the rule's bit in the words at `words_offset` of these lanes' records.
void Decide::mark(Lanes lanes, std::size_t rule, std::size_t words_offset) const noexcept {
  const std::size_t word = words_offset + rule / 64 * sizeof(std::uint64_t);
  for (; lanes != 0; lanes &= lanes - 1) {
    *reinterpret_cast<std::uint64_t*>(records_[static_cast<std::size_t>(std::countr_zero(lanes))] + word) |= std::uint64_t{1} << (rule % 64);
  }
}

void Decide::write_lets(std::size_t lane, std::byte* record) const noexcept {
  auto* valid = reinterpret_cast<std::uint64_t*>(record + layout_.let_valid_offset());
  std::memset(valid, 0, (plan_.lets.size() + 63) / 64 * 8);
  for (std::size_t i = 0; i < plan_.lets.size(); ++i) {
    const LetPlan& let = plan_.lets[i];
    if (!let.evaluated) continue;
    std::byte* const cell = record + layout_.let_offset(i);
    const bool present = let.is_text ? write_text_let(i, lane, cell) : write_cell(let.value, lane, cell);
    const bool readable = let.readable.empty() || let.readable[evaluator_.event(lane)];
    if (present && readable) valid[i / 64] |= std::uint64_t{1} << (i % 64);
  }
}

bool Decide::write_text_let(std::size_t let, std::size_t lane, std::byte* cell) const noexcept {
  const std::span<const std::byte> text = texts_.at(let, lane);
  const bool present = has_lane(evaluator_.boolean(plan_.lets[let].value).truth, lane);
  std::memset(cell, 0, (text.size() + 7) / 8 * 8);
  if (present && !text.empty()) std::memcpy(cell, text.data(), text.size());
  return present;
}

// Whether the column has a value there.
bool Decide::write_cell(Register value, std::size_t lane, std::byte* cell) const noexcept {
  if (value.kind == ColumnKind::ratio) {
    const RatioColumn& column = evaluator_.ratio(value);
    const Fraction fraction = column.at(lane);
    std::memcpy(cell, &fraction, sizeof fraction);
    return has_lane(column.valid, lane);
  }
  if (value.kind == ColumnKind::number) {
    const NumberColumn& column = evaluator_.number(value);
    std::memcpy(cell, &column.cells[lane], sizeof(std::int64_t));
    return has_lane(column.valid, lane);
  }
  const BoolColumn& column = evaluator_.boolean(value);
  const std::int64_t truth = has_lane(column.truth, lane);
  std::memcpy(cell, &truth, sizeof truth);
  return has_lane(column.valid, lane);
}

// Of events where something fired: most have nothing to explain.
void Decide::write_shown() noexcept {
  const Lanes events = evaluator_.events();
  Lanes explained = 0;
  for (const std::size_t value : where_fired_) shown_at_[value] = 0;
  each_touched([&](std::size_t rule) {
    const Lanes lanes = marks_[rule].fired | (effects_ ? effects_->suppressed(rule) : 0);
    explained |= lanes;
    for (const std::size_t value : plan_.rules[rule].where_fired) shown_at_[value] |= lanes;
  });
  explained &= events;
  if (explained != 0) evaluator_.run_explaining();
  const std::size_t words_bytes = std::max<std::size_t>(1, (plan_.shown.size() + 63) / 64) * 8;
  each_lane(events, [&](std::size_t lane) {
    auto* valid = reinterpret_cast<std::uint64_t*>(records_[lane] + layout_.shown_valid_offset());
    std::memset(valid, 0, words_bytes);
    if (!has_lane(explained, lane)) return;
    for (std::size_t i = 0; i < plan_.shown.size(); ++i) {
      if (!has_lane(shown_at_[i], lane)) continue;
      if (write_shown_value(plan_.shown[i], lane, records_[lane] + layout_.shown_offset(i))) valid[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  });
}

bool Decide::write_shown_value(const ShownValue& shown, std::size_t lane, std::byte* cell) noexcept {
  if (!shown.known) return false;
  if (shown.value.kind == Operand::Kind::model_reasons) {
    std::memset(cell, 0, (shown.bytes + 7) / 8 * 8);
    if (!has_lane(evaluator_.number(shown.value.column).valid, lane)) return false;
    return evaluator_.write_model_reasons(shown.value.index, lane, reinterpret_cast<char*>(cell)) > 0;
  }
  if (shown.value.kind == Operand::Kind::column) return write_cell(shown.value.column, lane, cell);
  const auto text = text_at(shown.value, plan_.program, evaluator_, lane);
  if (!text) return false;
  std::memset(cell, 0, (shown.bytes + 7) / 8 * 8);
  std::memcpy(cell, text->data(), text->size());
  return true;
}

// --- digest ---

void Decide::close_tile() noexcept {
  const Sequence last = sequence_;
  if (last != tile_start(last) + static_cast<Sequence>(limits::tile_events) - 1) return;
  absorb_tile(hash_, limits::tile_events);
  if ((last + 1) % interval_inputs_ != 0) return;
  interval_ = {last, hash_.value()};
  hash_.chain();
}

Digest128 Decide::digest() noexcept {
  const std::size_t lanes = static_cast<std::size_t>(sequence_ + 1) % limits::tile_events;
  // At the end of an interval the digest is the interval's own, so that its annotation and this function agree.
  if (lanes == 0) return sequence_ != no_sequence && sequence_ == interval_.last ? interval_.digest : hash_.value();
  partial_.copy_from(hash_);
  absorb_tile(partial_, lanes);
  return partial_.value();
}

// The first `lanes` lanes of the tile at hand, in the order that digest.hpp gives.
void Decide::absorb_tile(ChainedHash& hash, std::size_t lanes) noexcept {
  const Lanes present = all_lanes >> (limits::tile_events - lanes);
  absorb_masks(hash, present);
  const auto absorb_cells = [&](const auto& cells) { hash.absorb(cells.data(), lanes * sizeof(std::int64_t)); };
  for (const LetPlan& let : plan_.lets) {
    if (!let.evaluated) continue;
    if (let.is_text) each_lane(evaluator_.boolean(let.value).truth & present, [&](std::size_t lane) { hash.absorb(texts_.at(let.let, lane).data(), let.bytes); });
    if (let.value.kind == ColumnKind::boolean) continue;
    if (let.value.kind == ColumnKind::number) {
      absorb_cells(evaluator_.number(let.value).cells);
      continue;
    }
    const RatioColumn& column = evaluator_.ratio(let.value);
    absorb_cells(column.numerators);
    absorb_cells(column.denominators);
    each_lane(column.wide & present, [&](std::size_t lane) { hash.absorb(&column.parts[lane], sizeof(Fraction)); });
  }
  const bool any_fired = std::any_of(marks_.begin(), marks_.end(), [](const Marks& marks) { return marks.fired != 0; });
  if (any_fired) absorb_cells(scores_);
  if (plan_.policy.present) hash.absorb(decisions_.data(), lanes);
}

void Decide::absorb_masks(ChainedHash& hash, Lanes present) noexcept {
  masks_.assign(1, events_);
  for (const LetPlan& let : plan_.lets) {
    if (!let.evaluated) continue;
    if (let.value.kind == ColumnKind::boolean) {
      const BoolColumn& column = evaluator_.boolean(let.value);
      masks_.insert(masks_.end(), {column.valid, column.truth});
    } else if (let.value.kind == ColumnKind::ratio) {
      const RatioColumn& column = evaluator_.ratio(let.value);
      masks_.insert(masks_.end(), {column.valid, column.wide});
    } else {
      masks_.push_back(evaluator_.number(let.value).valid);
    }
  }
  const bool plain = !layout_.has_suppressed() && !layout_.has_shadow();
  if (plain) {  // the marks stand as the digest wants them; lanes that are not present have none
    for (Lanes& mask : masks_) mask &= present;
    hash.absorb(masks_.data(), masks_.size() * sizeof(Lanes));
    static_assert(sizeof(Marks) == 2 * sizeof(Lanes));
    hash.absorb(marks_.data(), marks_.size() * sizeof(Marks));
    return;
  }
  for (std::size_t rule = 0; rule < marks_.size(); ++rule) {
    masks_.insert(masks_.end(), {marks_[rule].fired, marks_[rule].missing});
    if (plan_.rules[rule].cooldown != 0 && plan_.rules[rule].evaluated) masks_.push_back(effects_->suppressed(rule));
    if (plan_.rules[rule].share.percent < 100) masks_.push_back(shadowed_[rule]);
  }
  for (Lanes& mask : masks_) mask &= present;
  hash.absorb(masks_.data(), masks_.size() * sizeof(Lanes));
}

}  // namespace pawl::rules
