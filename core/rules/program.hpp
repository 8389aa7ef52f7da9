// The compiled form of every let and rule of a pipeline: one straight list of instructions over columns of up to 64 events.
//
// A column is a register: 64 cells, one per lane, lane = sequence mod 64, and a mask of the lanes that have a value. Instructions
// write only the lanes of the span at hand, so that a register keeps the lanes of earlier spans of the same tile: the digest reads
// whole tiles, whatever batches they came in. A cell without a value holds 0 (a fraction 0/1).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pawl/core/base/limits.hpp"
#include "pawl/core/event/ratio.hpp"
#include "pawl/core/language/lookup.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/model/model.hpp"
#include "pawl/core/regex/regex.hpp"
#include "pawl/core/rules/field_access.hpp"
#include "pawl/core/rules/kernels.hpp"
#include "pawl/core/rules/value_set.hpp"

namespace pawl::rules {

struct alignas(64) NumberColumn {
  std::array<std::int64_t, limits::tile_events> cells{};
  Lanes valid = 0;
};

// Exact fractions, denominators > 0, not reduced. The parts stand in columns of their own; those of a fraction that needs more than
// 64 bits, which hardly ever comes, stand in `parts`, and its lane's cells hold 0/1.
struct alignas(64) RatioColumn {
  RatioColumn() { denominators.fill(1); }

  std::array<std::int64_t, limits::tile_events> numerators{}, denominators{};
  Lanes valid = 0;
  Lanes wide = 0;  // a subset of valid
  std::array<Fraction, limits::tile_events> parts{};

  [[nodiscard]] RatioCells cells() const noexcept { return {numerators.data(), denominators.data()}; }
  [[nodiscard]] Fraction at(std::size_t lane) const noexcept {
    return has_lane(wide, lane) ? parts[lane] : Fraction{numerators[lane], denominators[lane]};
  }
  // The cells and `wide`, not `valid`.
  void set(std::size_t lane, const Fraction& value) noexcept {
    const bool narrow = fits_64(value.numerator) && fits_64(value.denominator);
    numerators[lane] = narrow ? static_cast<std::int64_t>(value.numerator) : 0;
    denominators[lane] = narrow ? static_cast<std::int64_t>(value.denominator) : 1;
    wide = narrow ? wide & ~lane_bit(lane) : wide | lane_bit(lane);
    if (!narrow) parts[lane] = value;
  }
};

// Kleene's three values: true (both bits), false (valid alone), missing (neither).
struct BoolColumn {
  Lanes truth = 0;
  Lanes valid = 0;
};

// Texts that stand in no slot: what `lower` makes, what a map holds, what a pattern's match shows.
struct TextColumn {
  std::array<std::string_view, limits::tile_events> cells{};
  Lanes valid = 0;
  std::vector<char> own;  // where texts are made: a lane's bytes each
  std::size_t bytes = 0;  // of a lane

  [[nodiscard]] char* room(std::size_t lane) noexcept { return own.data() + lane * bytes; }
};

enum class ColumnKind : std::uint8_t { number, ratio, boolean, text };
inline constexpr std::size_t column_kinds = 4;

struct Register {
  ColumnKind kind = ColumnKind::number;
  std::uint16_t index = 0;
};

// What a model gets: the double nearest to a value in its unit (12.34 for money, seconds for durations, 0 and 1 for booleans).
struct ModelInput {
  Register value;
  bool is_float = false;
  unsigned scale = 0;  // value / 10^scale
};

enum class Code : std::uint8_t {
  // Out of the slot or the feature tiles; a = index into Program::fields / feature column.
  load_number, load_boolean, load_number_feature, load_ratio_feature, load_lateness,
  // Texts are compared where they stand. a = field, b = field or aux = first text, c = texts.
  // text_matches: aux = index into Program::regexes.
  text_equals_field, text_less_field, text_less_equal_field, text_in, text_starts_with, text_less, text_less_equal, text_matches, text_present,
  // Numbers to number.
  add, subtract, multiply, modulo, negate, absolute, minimum, maximum, hour_of_day, day_of_week,
  // The same of doubles, whose bits stand in columns of numbers. What is not finite is missing.
  float_add, float_subtract, float_multiply, float_divide, float_negate, float_absolute, float_minimum, float_maximum,
  // Numbers to ratio, ratios to ratio.
  to_ratio, divide_numbers, ratio_add, ratio_subtract, ratio_multiply, ratio_divide, ratio_negate,
  ratio_absolute, ratio_minimum, ratio_maximum,
  // Comparisons to boolean; greater and not-equal are made of these. number_in: aux = index into Program::sets.
  number_equal, number_less, number_less_equal, number_in, float_equal, float_less, float_less_equal, ratio_equal, ratio_less, ratio_less_equal, boolean_equal,
  logical_and, logical_or, logical_not,
  number_present, ratio_present, boolean_present,
  number_otherwise, ratio_otherwise, boolean_otherwise,
  number_choose, ratio_choose, boolean_choose,  // if boolean a then b else c
  // Is a in list c? a = register, field, or aux = text.
  list_holds_number, list_holds_boolean, list_holds_text_field, list_holds_text,
  // a = index into Program::models; out: a number that holds the bits of a double.
  evaluate_model,
  // What a map has for a (a register, or a field that is a text). aux = index into Program::lookups; out: a number, of a boolean 0 or 1.
  // Of a map to texts: the number of the entry.
  lookup_number, lookup_boolean, lookup_text,
  // To a text: field a in lower case; what entry a (a number) of the map of call aux holds.
  lower_text, entry_text,
  // To a number: characters of field a; the whole number of a / 10^aux (a: fractions).
  text_length, ratio_floor, ratio_round,
  // To a double: a / 10^aux; the kilometres from place (a, b) to (c, aux), in degrees.
  float_of_number, float_of_ratio, great_circle,
};

struct Instruction {
  Code code;
  std::uint16_t out = 0;  // register of the kind that the code yields
  std::uint16_t a = 0, b = 0, c = 0;
  std::int64_t aux = 0;   // texts: index of the first
};

struct Constant {
  Register target;
  std::int64_t number = 0, denominator = 1;  // boolean: number != 0
};

// A trained model over registers.
struct ModelCall {
  const model::Model* model = nullptr;  // the pipeline's
  std::vector<ModelInput> inputs;
  std::vector<std::uint16_t> events;    // event types that have all of them; elsewhere it is missing
  std::vector<std::string> names;       // of the inputs, as reasons show them
  std::size_t reasons_bytes = 0;        // of the longest text of reasons
};

// A map of the pipeline.
struct LookupCall {
  const language::Lookup* content = nullptr;
  bool has_otherwise = false;
  std::int64_t otherwise = 0;
  const std::string* otherwise_text = nullptr;  // the pipeline's

  // Nothing: missing.
  template <class Key>
  [[nodiscard]] std::optional<std::int64_t> find(Key key) const noexcept {
    const std::int64_t* const found = content->find(key);
    if (found != nullptr) return *found;
    return has_otherwise ? std::optional(otherwise) : std::nullopt;
  }
  // Of a map to texts, what find() found.
  [[nodiscard]] std::string_view text(std::int64_t entry) const noexcept {
    return entry == language::Lookup::no_entry ? std::string_view(*otherwise_text) : content->text_value(static_cast<std::size_t>(entry));
  }
};

[[nodiscard]] inline LookupCall lookup_call(const language::Map& map) {
  std::int64_t otherwise = map.otherwise.number;
  if (map.to.kind == Kind::floating) otherwise = std::bit_cast<std::int64_t>(map.otherwise.floating);
  if (map.to.kind == Kind::text) otherwise = language::Lookup::no_entry;
  return {.content = map.content.get(), .has_otherwise = !map.otherwise.missing, .otherwise = otherwise, .otherwise_text = &map.otherwise.text};
}

struct Program {
  std::vector<FieldAccess> fields;
  std::vector<std::string> texts;
  std::vector<ValueSet> sets;
  std::vector<const regex::Regex*> regexes;  // the pipeline's
  std::vector<Constant> constants;
  std::vector<Instruction> instructions;  // free of state: the first pass
  std::vector<Instruction> dependent;     // those that ask a list, and what is computed of them: the second pass
  std::vector<Instruction> explaining;    // free of state, and for reasons alone: run when something fired and records carry values
  std::vector<ModelCall> models;
  std::vector<LookupCall> lookups;
  std::size_t numbers = 0, ratios = 0, booleans = 0;  // registers of each kind
  std::vector<std::size_t> texts_bytes;               // of each register that is a text, those that it has of its own; 0: it points elsewhere
};

}  // namespace pawl::rules
