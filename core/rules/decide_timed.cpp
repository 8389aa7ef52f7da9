// Decide's timed outputs: what deadlines of patterns that end with `no` come to, behind the input that lies behind them.
#include <algorithm>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/rules/decide.hpp"

namespace pawl::rules {

// The time that an input brings to deadlines; a tick leaves the effective one as it is.
Time Decide::time_of(const SlotView& slots, Sequence sequence, Time& effective) const noexcept {
  const EventHeader& header = slots.header(sequence);
  if (is_event(header.type)) effective = std::max(effective, header.at);
  return header.type == static_cast<std::uint16_t>(InputType::tick) ? std::max(effective, header.at) : effective;
}

// Until the time passes both the earliest deadline and that of a run that would begin with the span's first input.
Sequence Decide::span_end(const SlotView& slots, Sequence first, Sequence last) const noexcept {
  if (!timed_) return last;
  Time effective = evaluator_.effective_time();
  Time time = time_of(slots, first, effective), of_new;
  if (__builtin_add_overflow(effective, shortest_wait_, &of_new)) of_new = INT64_MAX;
  const Time bound = std::min(effects_->none_due_before(), of_new);
  Sequence end = first;
  while (end < last && time <= bound) time = time_of(slots, ++end, effective);
  return end;
}

void Decide::owe_timed() noexcept {
  PAWL_ASSERT(!owes_timed_);
  owes_timed_ = true;
}

bool Decide::next_timed(const SlotView& slots, std::byte* record) noexcept {
  if (!owes_timed_) return false;
  Time effective = evaluator_.effective_time();
  const Time now = time_of(slots, sequence_, effective);
  if (const auto timed = effects_->next_timed(evaluator_, sequence_, now)) {
    ++outputs_;
    write_timed(slots, *timed, record);
    return true;
  }
  owes_timed_ = false;
  outputs_ = 0;
  close_tile();
  return false;
}

void Decide::write_timed(const SlotView& slots, const Effects::Timed& timed, std::byte* record) noexcept {
  const RulePlan& rule = plan_.rules[timed.rule];
  const std::size_t lane = evaluator_.last_lane();
  std::int64_t score = 0;
  for (const ScorePlan& part : rule.scores) {
    const std::int64_t more = part.is_constant ? part.constant : evaluator_.number(part.value).cells[lane];
    if (timed.live && __builtin_add_overflow(score, more, &score)) score = more > 0 ? INT64_MAX : INT64_MIN;
  }
  if (plan_.policy.present) score = std::min(score, plan_.policy.cap);
  std::memset(record, 0, layout_.record_bytes());
  auto& head = *reinterpret_cast<DecisionRecord*>(record);
  head = {.sequence = sequence_, .ingest = slots.header(sequence_).ingest, .ticket = 0, .score = score, .id = 0, .source = 0, .event = timed.pattern->steps.front().event,
          .decision = plan_.policy.present ? decision_of(score, timed.live ? rule.rank : no_rank) : std::uint8_t{0}, .has_id = 0, .reserved = 0};
  const auto set = [&](bool is, std::size_t words_offset) {
    if (is) *reinterpret_cast<std::uint64_t*>(record + words_offset + timed.rule / 64 * sizeof(std::uint64_t)) |= std::uint64_t{1} << (timed.rule % 64);
  };
  set(timed.fired, layout_.fired_offset());
  set(timed.missing, layout_.missing_offset());
  set(timed.suppressed, layout_.suppressed_offset());
  set(timed.fired && !timed.live && rule.share.percent < 100, layout_.shadow_offset());
  *reinterpret_cast<TimedPart*>(record + layout_.timed_offset()) = {timed.run->first_sequence, outputs_, static_cast<std::uint32_t>(timed.rule)};
  std::memcpy(record + layout_.timed_offset() + sizeof(TimedPart), timed.key.data(), timed.key.size());
  write_timed_id(timed, record);
  if (layout_.with_shown()) write_timed_shown(timed, record);
  firings_[timed.rule] += timed.fired ? 1 : 0;
  absorb_timed(timed, head);
}

void Decide::write_timed_id(const Effects::Timed& timed, std::byte* record) const noexcept {
  if (!timed.pattern->id) return;
  const pattern::Capture& id = timed.pattern->captures[*timed.pattern->id];
  if (((timed.run->valid >> id.bit) & 1U) == 0) return;
  auto& head = *reinterpret_cast<DecisionRecord*>(record);
  const std::byte* const value = pattern::captures_of(timed.run) + id.offset;
  head.has_id = 1;
  if (id.text) std::memcpy(record + layout_.id_text_offset(), value, id.place.bytes);
  else std::memcpy(&head.id, value, sizeof head.id);
}

// Of its rule alone: what it shows was written by the match, or is a constant.
void Decide::write_timed_shown(const Effects::Timed& timed, std::byte* record) noexcept {
  auto* const valid = reinterpret_cast<std::uint64_t*>(record + layout_.shown_valid_offset());
  const auto write = [&](std::size_t value) {
    if (write_shown_value(plan_.shown[value], evaluator_.last_lane(), record + layout_.shown_offset(value))) valid[value / 64] |= std::uint64_t{1} << (value % 64);
  };
  if (!timed.fired && !timed.suppressed) return;
  for (const std::size_t value : plan_.rules[timed.rule].values) write(value);
  for (const std::vector<std::size_t>& holes : plan_.rules[timed.rule].holes) {
    for (const std::size_t value : holes) write(value);
  }
}

void Decide::absorb_timed(const Effects::Timed& timed, const DecisionRecord& head) noexcept {
  const struct {
    Sequence sequence, first_sequence;
    std::int64_t score;
    std::uint32_t output, rule;
    std::uint8_t fired, missing, suppressed, in_shadow, decision, zeros[3];
  } bytes{sequence_, timed.run->first_sequence, head.score, outputs_, static_cast<std::uint32_t>(timed.rule), timed.fired, timed.missing, timed.suppressed, timed.fired && !timed.live, head.decision, {}};
  static_assert(sizeof bytes == 40);
  hash_.absorb(&bytes, sizeof bytes);
  hash_.absorb(timed.key.data(), timed.key.size());
}

}  // namespace pawl::rules
