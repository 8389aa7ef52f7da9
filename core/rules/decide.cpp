#include "pawl/core/rules/decide.hpp"

#include <bit>
#include <cstring>

#include "pawl/core/base/assert.hpp"

namespace pawl::rules {

Decide::Decide(const Plan& plan, const DecisionLayout& layout)
    : plan_(plan), layout_(layout), evaluator_(plan), fired_(plan.rules.size()), missing_(plan.rules.size()), firings_(plan.rules.size()) {}

std::size_t Decide::count_events(const SlotView& slots, Sequence first, Sequence last) noexcept {
  std::size_t events = 0;
  for (Sequence s = first; s <= last; ++s) events += is_event(slots.header(s).type);
  return events;
}

void Decide::evaluate(const SlotView& slots, const state::Tiles& tiles, Sequence first, Sequence last) noexcept {
  PAWL_ASSERT(first == sequence_ + 1);
  evaluator_.run(slots, tiles, first, last);
  const Lanes span = evaluator_.span();
  events_ = (events_ & ~span) | evaluator_.events();
  any_ = 0;
  for (Lanes lanes = span; lanes != 0; lanes &= lanes - 1) scores_[static_cast<std::size_t>(std::countr_zero(lanes))] = 0;
  for (std::size_t rule = 0; rule < plan_.rules.size(); ++rule) fire(rule);
  sequence_ = last;
}

void Decide::fire(std::size_t index) noexcept {
  const RulePlan& rule = plan_.rules[index];
  if (!rule.evaluated) return;
  Lanes on = 0;
  for (const std::uint16_t event : plan_.pipeline->rules[rule.rule].on) on |= evaluator_.events_of(event);
  const BoolColumn& when = evaluator_.boolean(rule.when);
  const Lanes span = evaluator_.span();
  const Lanes missing = on & ~when.valid;
  const Lanes fired = (on & when.truth) | (rule.fire_if_missing ? missing : 0);
  fired_[index] = (fired_[index] & ~span) | fired;
  missing_[index] = (missing_[index] & ~span) | missing;
  any_ |= fired | missing;
  if (fired == 0) return;
  firings_[index] += static_cast<std::uint64_t>(std::popcount(fired));
  if (!rule.shadow) add_scores(rule, fired);
}

void Decide::add_scores(const RulePlan& rule, Lanes fired) noexcept {
  for (const ScorePlan& score : rule.scores) {
    for (Lanes lanes = fired; lanes != 0; lanes &= lanes - 1) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(lanes));
      const std::int64_t add = score.is_constant ? score.constant : evaluator_.number(score.value).cells[lane];  // 0 if missing
      // Saturates: a score beyond 64 bits has no better meaning than the largest one.
      if (__builtin_add_overflow(scores_[lane], add, &scores_[lane])) scores_[lane] = add > 0 ? INT64_MAX : INT64_MIN;
    }
  }
}

void Decide::write_record(const SlotView& slots, Sequence sequence, std::size_t lane, std::byte* record) const noexcept {
  const std::byte* slot = slots[sequence];
  const auto& header = *reinterpret_cast<const EventHeader*>(slot);
  DecisionRecord head{};
  head.sequence = sequence;
  head.ingest = header.ingest;
  head.ticket = header.ticket;
  head.source = header.source;
  head.event = static_cast<std::uint16_t>(header.type - first_event_type);
  head.score = scores_[lane];
  std::memset(record + layout_.fired_offset(), 0, layout_.let_valid_offset() - layout_.fired_offset());
  if (((any_ >> lane) & 1U) != 0) {
    auto* fired = reinterpret_cast<std::uint64_t*>(record + layout_.fired_offset());
    auto* missing = reinterpret_cast<std::uint64_t*>(record + layout_.missing_offset());
    for (std::size_t rule = 0; rule < fired_.size(); ++rule) {
      fired[rule / 64] |= ((fired_[rule] >> lane) & 1U) << (rule % 64);
      missing[rule / 64] |= ((missing_[rule] >> lane) & 1U) << (rule % 64);
    }
  }
  write_id(slot, head, record);
  std::memcpy(record, &head, sizeof head);
  if (layout_.with_lets()) write_lets(lane, record);
}

void Decide::write_id(const std::byte* slot, DecisionRecord& head, std::byte* record) const noexcept {
  const int id = layout_.id_field(head.event);
  if (id < 0) return;
  const auto field = static_cast<std::size_t>(id);
  const EventSchema& schema = plan_.pipeline->events[head.event];
  if (is_missing(schema, slot, field)) return;
  head.has_id = 1;
  if (schema.fields[field].type.kind != Kind::text) {
    head.id = read_number(schema, slot, field);
    return;
  }
  const std::string_view text = read_text(schema, slot, field);
  std::memcpy(record + layout_.id_text_offset(), text.data(), text.size());
}

void Decide::write_lets(std::size_t lane, std::byte* record) const noexcept {
  auto* valid = reinterpret_cast<std::uint64_t*>(record + layout_.let_valid_offset());
  std::memset(valid, 0, (plan_.lets.size() + 63) / 64 * 8);
  for (std::size_t i = 0; i < plan_.lets.size(); ++i) {
    const LetPlan& let = plan_.lets[i];
    if (!let.evaluated) continue;
    std::byte* cell = record + layout_.let_offset(i);
    Lanes present = 0;
    if (let.value.kind == ColumnKind::ratio) {
      const RatioColumn& column = evaluator_.ratio(let.value);
      present = column.valid;
      std::memcpy(cell, &column.cells[lane], sizeof(Fraction));
    } else if (let.value.kind == ColumnKind::number) {
      const NumberColumn& column = evaluator_.number(let.value);
      present = column.valid;
      std::memcpy(cell, &column.cells[lane], sizeof(std::int64_t));
    } else {
      const BoolColumn& column = evaluator_.boolean(let.value);
      present = column.valid;
      const auto truth = static_cast<std::int64_t>((column.truth >> lane) & 1U);
      std::memcpy(cell, &truth, sizeof truth);
    }
    valid[i / 64] |= ((present >> lane) & 1U) << (i % 64);
  }
}

// --- digest ---

void Decide::close_tile(Sequence last) noexcept {
  if (static_cast<std::size_t>(last) % limits::tile_events != limits::tile_events - 1) return;
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

void Decide::absorb_tile(ChainedHash& hash, std::size_t lanes) const noexcept {
  const Lanes present = ~Lanes{0} >> (limits::tile_events - lanes);
  const auto absorb_mask = [&](Lanes mask) {
    mask &= present;
    hash.absorb(&mask, sizeof mask);
  };
  absorb_mask(events_);
  for (const LetPlan& let : plan_.lets) {
    if (!let.evaluated) continue;
    if (let.value.kind == ColumnKind::boolean) {
      absorb_mask(evaluator_.boolean(let.value).valid);
      absorb_mask(evaluator_.boolean(let.value).truth);
    } else if (let.value.kind == ColumnKind::ratio) {
      absorb_mask(evaluator_.ratio(let.value).valid);
      hash.absorb(evaluator_.ratio(let.value).cells.data(), lanes * sizeof(Fraction));
    } else {
      absorb_mask(evaluator_.number(let.value).valid);
      hash.absorb(evaluator_.number(let.value).cells.data(), lanes * sizeof(std::int64_t));
    }
  }
  for (std::size_t rule = 0; rule < fired_.size(); ++rule) {
    absorb_mask(fired_[rule]);
    absorb_mask(missing_[rule]);
  }
  hash.absorb(scores_.data(), lanes * sizeof(std::int64_t));
}

}  // namespace pawl::rules
