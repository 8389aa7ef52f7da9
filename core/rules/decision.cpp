#include "pawl/core/rules/decision.hpp"

#include <algorithm>
#include <cstring>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/schema.hpp"

namespace pawl::rules {
namespace {

constexpr std::size_t words_for(std::size_t bits) noexcept { return std::max<std::size_t>(1, (bits + 63) / 64); }
constexpr std::size_t round_up(std::size_t bytes, std::size_t to) noexcept { return (bytes + to - 1) / to * to; }

}  // namespace

std::size_t DecisionLayout::shown_bytes(const ShownValue& value) noexcept {
  if (!value.known) return 0;
  if (value.value.kind != Operand::Kind::column) return round_up(value.bytes, 8);
  return value.value.column.kind == ColumnKind::ratio ? sizeof(Fraction) : sizeof(std::int64_t);
}

DecisionLayout::DecisionLayout(const Plan& plan, Carried carried)
    : plan_(&plan), carried_(carried), has_suppressed_(plan.has_cooldowns()), has_shadow_(plan.has_shares()), rule_words_(words_for(plan.rules.size())) {
  for (const EventSchema& event : plan.pipeline->events) {
    const SlotPlace id = place_of(event, event.find("id"));
    if (id.exists() && id.kind == Kind::text) id_text_bytes_ = std::max(id_text_bytes_, round_up(id.bytes, 8));
    id_places_.push_back(id);
  }
  if (plan.patterns.timed()) timed_bytes_ = sizeof(TimedPart) + plan.patterns.key_bytes_max();
  let_valid_offset_ = timed_offset() + timed_bytes_;
  std::size_t offset = let_valid_offset_;
  if (carried.lets) {
    offset += words_for(plan.lets.size()) * 8;
    for (const LetPlan& let : plan.lets) {
      let_offsets_.push_back(offset);
      if (let.evaluated) offset += let.is_text ? round_up(let.bytes, 8) : let.value.kind == ColumnKind::ratio ? sizeof(Fraction) : sizeof(std::int64_t);
    }
  }
  if (carried.shown) {
    shown_valid_offset_ = offset;
    offset += words_for(plan.shown.size()) * 8;
    for (const ShownValue& value : plan.shown) {
      shown_offsets_.push_back(offset);
      offset += shown_bytes(value);
    }
  }
  record_bytes_ = round_up(offset, limits::cache_line_bytes);
}

bool Decision::id_is_text() const noexcept {
  const SlotPlace& id = layout_->id_place(head().event);
  return id.exists() && id.kind == Kind::text;
}

std::string_view Decision::id_text() const noexcept {
  const char* text = reinterpret_cast<const char*>(record_ + layout_->id_text_offset());
  return {text, ::strnlen(text, layout_->id_text_bytes())};
}

Decision::KeyValue Decision::key_value(std::size_t part) const noexcept {
  const std::vector<pattern::PatternPlan>& patterns = plan().patterns.patterns;
  const auto pattern = std::find_if(patterns.begin(), patterns.end(), [&](const pattern::PatternPlan& one) { return one.rule == timed_rule(); });
  PAWL_ASSERT(pattern != patterns.end());
  const pattern::KeyPart& stands = plan().patterns.key_of(static_cast<std::size_t>(pattern - patterns.begin()))[part];
  const std::span<const std::byte> bytes = pattern::part_of(record_ + layout_->timed_offset() + sizeof(TimedPart), stands);
  const Field& field = event().fields[static_cast<std::size_t>(event().find(plan().pipeline->rules[timed_rule()].pattern->key[part]))];
  KeyValue value{field, 0, {}};
  if (field.type.kind == Kind::text) value.text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  else std::memcpy(&value.number, bytes.data(), sizeof value.number);
  return value;
}

bool Decision::any(std::size_t words_offset) const noexcept {
  const auto* words = reinterpret_cast<const std::uint64_t*>(record_ + words_offset);
  return std::any_of(words, words + layout_->rule_words(), [](std::uint64_t word) { return word != 0; });
}

Fraction Decision::cell(std::size_t offset, ColumnKind kind) const noexcept {
  if (kind == ColumnKind::ratio) {
    Fraction fraction;
    std::memcpy(&fraction, record_ + offset, sizeof fraction);
    return fraction;
  }
  std::int64_t number;
  std::memcpy(&number, record_ + offset, sizeof number);
  return {number, 1};
}

Fraction Decision::let_value(std::size_t let) const noexcept {
  PAWL_ASSERT(layout_->with_lets());
  const LetPlan& plan = layout_->plan().lets[let];
  if (!plan.evaluated || plan.is_text || !let_present(let)) return {0, 1};
  return cell(layout_->let_offset(let), plan.value.kind);
}

std::string_view Decision::let_text(std::size_t let) const noexcept {
  PAWL_ASSERT(layout_->with_lets());
  const LetPlan& plan = layout_->plan().lets[let];
  if (!plan.evaluated || !plan.is_text || !let_present(let)) return {};
  const char* text = reinterpret_cast<const char*>(record_ + layout_->let_offset(let));
  return {text, ::strnlen(text, plan.bytes)};
}

Fraction Decision::shown_value(std::size_t value) const noexcept {
  PAWL_ASSERT(layout_->with_shown());
  const ShownValue& shown = layout_->plan().shown[value];
  if (!shown_present(value) || shown.value.kind != Operand::Kind::column) return {0, 1};
  return cell(layout_->shown_offset(value), shown.value.column.kind);
}

std::string_view Decision::shown_text(std::size_t value) const noexcept {
  PAWL_ASSERT(layout_->with_shown());
  const char* text = reinterpret_cast<const char*>(record_ + layout_->shown_offset(value));
  return {text, ::strnlen(text, layout_->plan().shown[value].bytes)};
}

}  // namespace pawl::rules
