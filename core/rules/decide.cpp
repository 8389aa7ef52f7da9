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

constexpr Sequence tile_start(Sequence sequence) noexcept { return sequence & ~static_cast<Sequence>(limits::tile_events - 1); }

}  // namespace

Decide::Decide(const Plan& plan, const DecisionLayout& layout)
    : plan_(plan), layout_(layout), evaluator_(plan), fired_(plan.rules.size()), missing_(plan.rules.size()), shadowed_(plan.rules.size()), firings_(plan.rules.size()) {
  PAWL_ASSERT(!plan.stateful());
  masks_.reserve(1 + 2 * plan.lets.size() + 4 * plan.rules.size());
}

std::size_t Decide::memory_bytes(const Plan& plan, const window::StateLimits& limits) { return plan.stateful() ? Effects::memory_bytes(plan, limits) : 0; }

Decide::Decide(const Plan& plan, const DecisionLayout& layout, const window::StateLimits& limits, std::span<std::byte> memory)
    : plan_(plan), layout_(layout), evaluator_(plan), fired_(plan.rules.size()), missing_(plan.rules.size()), shadowed_(plan.rules.size()), firings_(plan.rules.size()) {
  masks_.reserve(1 + 2 * plan.lets.size() + 4 * plan.rules.size());
  if (!plan.stateful()) return;
  effects_.emplace(plan, limits, memory);
  evaluator_.ask(effects_->lists());
}

void Decide::evaluate(const SlotView& slots, const state::Tiles& tiles, Sequence first, Sequence last) noexcept {
  PAWL_ASSERT(first == sequence_ + 1);
  evaluator_.run(slots, tiles, first, last);
  const Lanes span = evaluator_.span();
  events_ = (events_ & ~span) | evaluator_.events();
  each_lane(span, [&](std::size_t lane) { scores_[lane] = 0; });
  if (plan_.policy.present) each_lane(span, [&](std::size_t lane) { ranks_[lane] = no_rank, decisions_[lane] = 0; });
  if (effects_) effects_->run(evaluator_);
  texts_.keep(evaluator_);
  for (std::size_t rule = 0; rule < plan_.rules.size(); ++rule) fire(rule);
  if (plan_.policy.present) apply_policy();
  sequence_ = last;
}

void Decide::fire(std::size_t index) noexcept {
  const RulePlan& rule = plan_.rules[index];
  if (!rule.evaluated) return;
  const Lanes span = evaluator_.span();
  const auto [would_fire, missing] = rule.has_pattern ? effects_->matched(index, span) : firing(rule, plan_, evaluator_);
  const Lanes fired = rule.cooldown == 0 ? would_fire : would_fire & ~effects_->suppressed(index);
  fired_[index] = (fired_[index] & ~span) | fired;
  missing_[index] = (missing_[index] & ~span) | missing;
  shadowed_[index] &= ~span;
  if (fired == 0) return;
  firings_[index] += static_cast<std::uint64_t>(std::popcount(fired));
  const Lanes live = live_lanes(rule, fired);
  if (rule.share.percent < 100) shadowed_[index] |= fired & ~live;
  add_scores(rule, live);
  if (rule.rank != no_rank) each_lane(live, [&](std::size_t lane) { ranks_[lane] = std::min(ranks_[lane], rule.rank); });
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
    Rank rank = ranks_[lane];
    for (const PolicyPlan::Threshold& threshold : policy.thresholds) {
      if (scores_[lane] >= threshold.score) rank = std::min(rank, threshold.rank);
    }
    decisions_[lane] = rank == no_rank ? policy.otherwise : policy.by_rank[rank];
  });
}

void Decide::add_scores(const RulePlan& rule, Lanes fired) noexcept {
  for (const ScorePlan& score : rule.scores) {
    each_lane(fired, [&](std::size_t lane) {
      const std::int64_t add = score.is_constant ? score.constant : evaluator_.number(score.value).cells[lane];  // 0 if missing
      // Saturates: a score beyond 64 bits has no better meaning than the largest one.
      if (__builtin_add_overflow(scores_[lane], add, &scores_[lane])) scores_[lane] = add > 0 ? INT64_MAX : INT64_MIN;
    });
  }
}

Decide::Standing Decide::standing() const {
  PAWL_ASSERT(sequence_ == interval_.last);
  return {sequence_, interval_.digest, evaluator_.effective_time(), evaluator_.overflows(), evaluator_.divisions_by_zero(), firings_};
}

void Decide::restore(const Standing& standing) {
  PAWL_ASSERT(sequence_ == no_sequence);
  PAWL_ASSERT((standing.sequence + 1) % limits::digest_interval == 0);
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

// Most events fire nothing: their records are heads and zeros. What fired is then marked rule by rule.
void Decide::write_records(const SlotView& slots) noexcept {
  for (const std::uint16_t event : evaluator_.types()) write_heads(slots, event);
  const Lanes events = evaluator_.events();
  for (std::size_t rule = 0; rule < fired_.size(); ++rule) {
    mark(fired_[rule] & events, rule, layout_.fired_offset());
    mark(missing_[rule] & events, rule, layout_.missing_offset());
  }
  for (std::size_t rule = 0; layout_.has_suppressed() && rule < fired_.size(); ++rule) {
    mark(effects_->suppressed(rule) & events, rule, layout_.suppressed_offset());
  }
  for (std::size_t rule = 0; layout_.has_shadow() && rule < fired_.size(); ++rule) mark(shadowed_[rule] & events, rule, layout_.shadow_offset());
  if (layout_.with_lets()) each_lane(events, [&](std::size_t lane) { write_lets(lane, records_[lane]); });
  if (layout_.with_shown()) write_shown();
}

void Decide::write_heads(const SlotView& slots, std::uint16_t event) noexcept {
  const SlotPlace id = layout_.id_place(event);
  const bool has_number = id.exists() && id.kind != Kind::text;
  const Sequence start = tile_start(sequence_);
  const std::size_t marks_bytes = layout_.let_valid_offset() - sizeof(DecisionRecord);
  each_lane(evaluator_.events_of(event), [&](std::size_t lane) {
    const Sequence sequence = start + static_cast<Sequence>(lane);
    const std::byte* const slot = slots[sequence];
    const auto& header = *reinterpret_cast<const EventHeader*>(slot);
    const bool has_id = id.exists() && id.present(slot);
    std::byte* const record = records_[lane];
    *reinterpret_cast<DecisionRecord*>(record) = {.sequence = sequence, .ingest = header.ingest, .ticket = header.ticket, .score = scores_[lane],
                                                  .id = has_id && has_number ? id.number(slot) : 0, .source = header.source, .event = event,
                                                  .decision = decisions_[lane], .has_id = has_id, .reserved = 0};
    for (std::size_t i = 0; i < marks_bytes; i += sizeof(std::uint64_t)) std::memset(record + sizeof(DecisionRecord) + i, 0, sizeof(std::uint64_t));
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
  for (std::size_t rule = 0; rule < fired_.size(); ++rule) {
    explained |= fired_[rule];
    if (effects_) explained |= effects_->suppressed(rule);
  }
  explained &= events;
  if (explained != 0) evaluator_.run_explaining();
  const std::size_t words_bytes = std::max<std::size_t>(1, (plan_.shown.size() + 63) / 64) * 8;
  each_lane(events, [&](std::size_t lane) {
    auto* valid = reinterpret_cast<std::uint64_t*>(records_[lane] + layout_.shown_valid_offset());
    std::memset(valid, 0, words_bytes);
    if (!has_lane(explained, lane)) return;
    for (std::size_t i = 0; i < plan_.shown.size(); ++i) {
      if (write_shown_value(plan_.shown[i], lane, records_[lane] + layout_.shown_offset(i))) valid[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  });
}

bool Decide::write_shown_value(const ShownValue& shown, std::size_t lane, std::byte* cell) const noexcept {
  if (!shown.known) return false;
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
  events_ = 0;
  if ((last + 1) % limits::digest_interval != 0) return;
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
  const bool any_fired = std::any_of(fired_.begin(), fired_.end(), [&](Lanes fired) { return (fired & present) != 0; });
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
  for (std::size_t rule = 0; rule < fired_.size(); ++rule) {
    masks_.insert(masks_.end(), {fired_[rule], missing_[rule]});
    if (plain) continue;
    if (plan_.rules[rule].cooldown != 0 && plan_.rules[rule].evaluated) masks_.push_back(effects_->suppressed(rule));
    if (plan_.rules[rule].share.percent < 100) masks_.push_back(shadowed_[rule]);
  }
  for (Lanes& mask : masks_) mask &= present;
  hash.absorb(masks_.data(), masks_.size() * sizeof(Lanes));
}

}  // namespace pawl::rules
