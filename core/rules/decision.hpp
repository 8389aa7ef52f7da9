// What decide passes to emit: one compact record per event and per timed output, of a size fixed when the pipeline is loaded.
//
//   0         8        16       24      32   40       42      44         45      46         48
//   | sequence | ingest | ticket | score | id | source | event | decision | flags | reserved | fired words | missing words |
//   | suppressed words | shadow words | id text | timed | let validity words | let cells | shown validity words | shown cells |
//
// fired, missing: one bit per rule of the pipeline, in file order, in ceil(rules / 64) words. `missing` are the rules that could not be
// evaluated because something they need was missing. `suppressed`, only if the pipeline has cooldowns: those that fired within theirs, and so
// did nothing; they are not among `fired`. `shadow`, only if rules are live for a share of keys: those that fired in shadow. Lets and
// shown values (Plan::shown) follow only if the records were asked to carry them; the latter have a value only where something fired.
// `timed`, only if patterns end with `no`: zeros in an event's own decision; in a timed output
//   0                8        12     16
//   | first sequence | output | rule | key ... |
// A timed output belongs to the input that fired it and stands behind that input's own decision: (sequence, output) is its identity. It has
// source and ticket 0, as it answers no producer, and the event type and id of the pattern's first event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/base/types.hpp"
#include "pawl/core/event/ratio.hpp"
#include "pawl/core/rules/plan.hpp"

namespace pawl::rules {

struct DecisionRecord {
  Sequence sequence;
  Time ingest;         // when its event was sequenced
  Ticket ticket;
  std::int64_t score;  // sum of the scores of the live rules that fired, at most the policy's cap
  std::int64_t id;     // the event's field `id`, if it is a number
  std::uint16_t source;
  std::uint16_t event;  // index into Pipeline::events
  std::uint8_t decision;  // index into decision_names; 0: approve
  std::uint8_t has_id;
  std::uint16_t reserved;
};
static_assert(sizeof(DecisionRecord) == 48);

// Of a timed output: what identifies the match. Its pattern's key follows.
struct TimedPart {
  Sequence first_sequence;  // of the first event that the pattern took
  std::uint32_t output;     // from 1, of each input; 0: no timed output
  std::uint32_t rule;
};
static_assert(sizeof(TimedPart) == 16);

// What records carry beyond what was decided.
struct Carried {
  bool lets = false;   // the value of every let
  bool shown = false;  // what explanations show of rules that fired
};

// Where everything stands in a record. Made once per pipeline; shared read-only by decide and emit.
class DecisionLayout {
 public:
  DecisionLayout(const Plan& plan, Carried carried);

  [[nodiscard]] std::size_t record_bytes() const noexcept { return record_bytes_; }  // a multiple of 64
  [[nodiscard]] std::size_t rule_words() const noexcept { return rule_words_; }
  [[nodiscard]] bool with_lets() const noexcept { return carried_.lets; }
  [[nodiscard]] bool with_shown() const noexcept { return carried_.shown; }
  [[nodiscard]] bool has_suppressed() const noexcept { return has_suppressed_; }
  [[nodiscard]] bool has_shadow() const noexcept { return has_shadow_; }
  [[nodiscard]] const Plan& plan() const noexcept { return *plan_; }
  [[nodiscard]] std::size_t id_text_bytes() const noexcept { return id_text_bytes_; }

  [[nodiscard]] std::size_t fired_offset() const noexcept { return sizeof(DecisionRecord); }
  [[nodiscard]] std::size_t missing_offset() const noexcept { return fired_offset() + rule_words_ * 8; }
  [[nodiscard]] std::size_t suppressed_offset() const noexcept { return missing_offset() + rule_words_ * 8; }
  [[nodiscard]] std::size_t shadow_offset() const noexcept { return suppressed_offset() + (has_suppressed_ ? rule_words_ * 8 : 0); }
  [[nodiscard]] std::size_t id_text_offset() const noexcept { return shadow_offset() + (has_shadow_ ? rule_words_ * 8 : 0); }
  [[nodiscard]] bool has_timed() const noexcept { return timed_bytes_ != 0; }
  [[nodiscard]] std::size_t timed_offset() const noexcept { return id_text_offset() + id_text_bytes_; }
  [[nodiscard]] std::size_t let_valid_offset() const noexcept { return let_valid_offset_; }
  [[nodiscard]] std::size_t let_offset(std::size_t let) const noexcept { return let_offsets_[let]; }
  [[nodiscard]] std::size_t shown_valid_offset() const noexcept { return shown_valid_offset_; }
  [[nodiscard]] std::size_t shown_offset(std::size_t value) const noexcept { return shown_offsets_[value]; }
  [[nodiscard]] static std::size_t shown_bytes(const ShownValue& value) noexcept;  // 0: not known to this release

  // Where the field `id` stands, by event index.
  [[nodiscard]] const SlotPlace& id_place(std::size_t event) const noexcept { return id_places_[event]; }

 private:
  const Plan* plan_;
  Carried carried_;
  bool has_suppressed_, has_shadow_;
  std::size_t rule_words_;
  std::size_t id_text_bytes_ = 0, timed_bytes_ = 0, let_valid_offset_ = 0;
  std::size_t record_bytes_ = 0;
  std::vector<std::size_t> let_offsets_, shown_offsets_;
  std::size_t shown_valid_offset_ = 0;
  std::vector<SlotPlace> id_places_;
};

// One decision, as a sink sees it. Valid only during the call it is given to.
class Decision {
 public:
  Decision(const std::byte* record, const DecisionLayout& layout) noexcept : record_(record), layout_(&layout) {}

  [[nodiscard]] Sequence sequence() const noexcept { return head().sequence; }
  [[nodiscard]] Ticket ticket() const noexcept { return head().ticket; }
  [[nodiscard]] std::uint16_t source() const noexcept { return head().source; }
  [[nodiscard]] Time ingest() const noexcept { return head().ingest; }
  [[nodiscard]] std::int64_t score() const noexcept { return head().score; }
  [[nodiscard]] std::string_view decision() const noexcept { return decision_names[head().decision]; }
  [[nodiscard]] const EventSchema& event() const noexcept { return layout_->plan().pipeline->events[head().event]; }

  // The event's field `id`: as a number, or as a text if the field is one.
  [[nodiscard]] bool has_id() const noexcept { return head().has_id != 0; }
  [[nodiscard]] std::int64_t id() const noexcept { return head().id; }
  [[nodiscard]] std::string_view id_text() const noexcept;
  [[nodiscard]] bool id_is_text() const noexcept;

  // Fired by a deadline, not by an event: a pattern that ends with `no`. It has no lets, and concerns one rule.
  [[nodiscard]] bool is_timed() const noexcept { return output() != 0; }
  // 0: the event's own decision; from 1: timed outputs of that input. With the sequence, the decision's identity.
  [[nodiscard]] std::uint32_t output() const noexcept { return layout_->has_timed() ? timed().output : 0; }
  // Of a timed output: the first event that the pattern took, and the values of the pattern's key, in its order. REQUIRES: is_timed().
  [[nodiscard]] Sequence first_sequence() const noexcept { return timed().first_sequence; }
  [[nodiscard]] std::size_t timed_rule() const noexcept { return timed().rule; }
  struct KeyValue {
    const Field& field;
    std::int64_t number;    // unless it is a text
    std::string_view text;
  };
  [[nodiscard]] KeyValue key_value(std::size_t part) const noexcept;

  // Rules by index in file order. In shadow a rule fires without effect.
  [[nodiscard]] bool fired(std::size_t rule) const noexcept { return bit(layout_->fired_offset(), rule); }
  [[nodiscard]] bool fired_live(std::size_t rule) const noexcept { return fired(rule) && !in_shadow(rule); }
  [[nodiscard]] bool fired_in_shadow(std::size_t rule) const noexcept { return fired(rule) && in_shadow(rule); }
  [[nodiscard]] bool could_not_be_evaluated(std::size_t rule) const noexcept { return bit(layout_->missing_offset(), rule); }
  [[nodiscard]] bool suppressed(std::size_t rule) const noexcept { return layout_->has_suppressed() && bit(layout_->suppressed_offset(), rule); }
  [[nodiscard]] bool any_fired() const noexcept { return any(layout_->fired_offset()); }

  // REQUIRES: the records carry lets.
  [[nodiscard]] bool let_present(std::size_t let) const noexcept { return bit(layout_->let_valid_offset(), let); }
  [[nodiscard]] Fraction let_value(std::size_t let) const noexcept;  // numbers and booleans: denominator 1; 0/1 if missing or a text
  [[nodiscard]] std::string_view let_text(std::size_t let) const noexcept;  // of a text; empty if missing

  // Values of Plan::shown. REQUIRES: the records carry them, and a rule fired or was suppressed.
  [[nodiscard]] bool shown_present(std::size_t value) const noexcept { return bit(layout_->shown_valid_offset(), value); }
  [[nodiscard]] Fraction shown_value(std::size_t value) const noexcept;  // as let_value
  [[nodiscard]] std::string_view shown_text(std::size_t value) const noexcept;

  [[nodiscard]] const Plan& plan() const noexcept { return layout_->plan(); }
  // The record as it stands in the ring.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {record_, layout_->record_bytes()}; }

 private:
  [[nodiscard]] const DecisionRecord& head() const noexcept { return *reinterpret_cast<const DecisionRecord*>(record_); }
  [[nodiscard]] const TimedPart& timed() const noexcept { return *reinterpret_cast<const TimedPart*>(record_ + layout_->timed_offset()); }
  [[nodiscard]] bool in_shadow(std::size_t rule) const noexcept {
    return plan().rules[rule].shadow || (layout_->has_shadow() && bit(layout_->shadow_offset(), rule));
  }
  [[nodiscard]] bool any(std::size_t words_offset) const noexcept;
  [[nodiscard]] Fraction cell(std::size_t offset, ColumnKind kind) const noexcept;
  [[nodiscard]] bool bit(std::size_t offset, std::size_t index) const noexcept {
    return ((reinterpret_cast<const std::uint64_t*>(record_ + offset)[index / 64] >> (index % 64)) & 1U) != 0;
  }

  const std::byte* record_;
  const DecisionLayout* layout_;
};

}  // namespace pawl::rules
