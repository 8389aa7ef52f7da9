// Predicates and functions of texts, where they stand: in slots, or in columns of their own.
#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/base/characters.hpp"
#include "pawl/core/rules/evaluator.hpp"

namespace pawl::rules {
namespace {

// The order of texts is that of their bytes (unsigned), so that of UTF-8 is the order of code points.
bool text_holds(Code code, std::string_view text, std::string_view other) noexcept {
  switch (code) {
    case Code::text_equals_field: return text == other;
    case Code::text_less_field: return text < other;
    default: PAWL_ASSERT(code == Code::text_less_equal_field); return text <= other;
  }
}

bool text_holds(Code code, std::string_view text, std::span<const std::string> constants) noexcept {
  switch (code) {
    case Code::text_in: return std::find(constants.begin(), constants.end(), text) != constants.end();
    case Code::text_starts_with: return text.starts_with(constants[0]);
    case Code::text_less: return text < constants[0];
    case Code::text_less_equal: return text <= constants[0];
    default: PAWL_ASSERT(code == Code::text_present); return true;
  }
}

}  // namespace

void Evaluator::execute_text(const Instruction& instruction) noexcept {
  if (instruction.code == Code::text_matches) return match_texts(instruction);
  if (instruction.code <= Code::text_less_equal_field) return compare_texts(instruction);
  Lanes truth = 0;
  const auto* constants = plan_.program.texts.data() + instruction.aux;
  const Lanes valid = each_text(instruction.a, [&](std::size_t lane, std::string_view text) {
    truth |= static_cast<Lanes>(text_holds(instruction.code, text, {constants, instruction.c})) << lane;
  });
  store(booleans_[instruction.out], truth, instruction.code == Code::text_present ? all_lanes : valid);
}

void Evaluator::compare_texts(const Instruction& instruction) noexcept {
  Lanes truth = 0, valid = 0;
  (void)each_text(instruction.a, [&](std::size_t lane, std::string_view a) {
    const auto b = text(instruction.b, lane);
    if (!b) return;
    valid |= lane_bit(lane);
    truth |= static_cast<Lanes>(text_holds(instruction.code, a, *b)) << lane;
  });
  store(booleans_[instruction.out], truth, valid);
}

std::optional<std::string_view> Evaluator::text(std::size_t field, std::size_t lane) const noexcept {
  const FieldAccess& access = plan_.program.fields[field];
  if (access.column) return has_lane(texts_[*access.column].valid, lane) ? std::optional(texts_[*access.column].cells[lane]) : std::nullopt;
  const SlotPlace& place = access.in[event(lane)];
  return place.exists() && place.present(slot_[lane]) ? std::optional(place.text(slot_[lane])) : std::nullopt;
}

void Evaluator::match_texts(const Instruction& instruction) noexcept {
  const regex::Regex& regex = *plan_.program.regexes[static_cast<std::size_t>(instruction.aux)];
  Lanes truth = 0;
  const Lanes valid = each_text(instruction.a, [&](std::size_t lane, std::string_view text) { truth |= static_cast<Lanes>(regex.matches(text)) << lane; });
  store(booleans_[instruction.out], truth, valid);
}

void Evaluator::lower_texts(const Instruction& instruction) noexcept {
  TextColumn& out = texts_[instruction.out];
  const Lanes valid = each_text(instruction.a, [&](std::size_t lane, std::string_view text) {
    out.cells[lane] = write_lower(text, out.room(lane));
  });
  keep(out.valid, valid);
}

void Evaluator::entry_texts(const Instruction& instruction) noexcept {
  const LookupCall& call = plan_.program.lookups[static_cast<std::size_t>(instruction.aux)];
  const NumberColumn& entries = numbers_[instruction.a];
  TextColumn& out = texts_[instruction.out];
  each_lane(entries.valid & span_, [&](std::size_t lane) { out.cells[lane] = call.text(entries.cells[lane]); });
  keep(out.valid, entries.valid);
}

void Evaluator::text_lengths(const Instruction& instruction) noexcept {
  NumberColumn& out = numbers_[instruction.out];
  each_lane(span_, [&](std::size_t lane) { out.cells[lane] = 0; });
  keep(out.valid, each_text(instruction.a, [&](std::size_t lane, std::string_view text) { out.cells[lane] = characters(text); }));
}

}  // namespace pawl::rules
