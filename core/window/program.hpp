// The `where` and value expressions of aggregates: only fields of the windowed event and constants, so evaluated once per
// event and group, whatever the number of windows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pawl/core/base/characters.hpp"
#include "pawl/core/event/ratio.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/window/field_ref.hpp"
#include "pawl/core/window/ordered_float.hpp"

namespace pawl::window {

// A number, boolean (0, 1), ordered_float() or nothing; the number of a missing value is 0.
struct Scalar {
  std::int64_t number = 0;
  bool valid = false;
};

// Both are the same computation: equal trees, names and constants.
[[nodiscard]] bool same(const language::Expr& a, const language::Expr& b) noexcept;

// Why an expression can't stand in an aggregate of this release, or nothing if it can.
[[nodiscard]] std::optional<std::string> unsupported_in_aggregate(const language::Expr& expr);

// One number field, plain or against a range, without a branch: what nearly all `where` and values are.
struct Quick {
  std::uint16_t word = 0;          // offset in the slot
  std::uint16_t missing_byte = 0;
  std::uint8_t missing_mask = 0;
  std::uint8_t shift = 0;
  bool outside = false;            // in_range: true outside of it
  std::uint64_t mask = 0;
  std::uint64_t low = 0, width = 0;

  [[nodiscard]] bool valid(const std::byte* slot) const noexcept {
    return (std::to_integer<std::uint8_t>(slot[missing_byte]) & missing_mask) == 0;
  }
  [[nodiscard]] std::uint64_t number(const std::byte* slot) const noexcept {
    std::uint64_t value;
    std::memcpy(&value, slot + word, sizeof value);
    return value >> shift & mask;
  }
  [[nodiscard]] bool in_range(const std::byte* slot) const noexcept { return (number(slot) - low <= width) != outside; }
  // The field's bit in EventHeader::missing, 0 if it is never missing, or nothing if its bit stands further on.
  [[nodiscard]] std::optional<std::uint32_t> header_bit() const noexcept {
    if (missing_mask == 0) return 0;
    constexpr std::size_t first = offsetof(EventHeader, missing);
    if (missing_byte < first || missing_byte >= first + sizeof(EventHeader::missing)) return std::nullopt;
    return std::uint32_t{missing_mask} << (8 * (missing_byte - first));
  }
};

// Immutable after compile(); holds all it needs, so the tree may go.
class Program {
 public:
  // REQUIRES: !unsupported_in_aggregate(expr); every field of expr is one of `schema`.
  [[nodiscard]] static Program compile(const language::Expr& expr, const EventSchema& schema);

  // A number field as it is.
  [[nodiscard]] static Program of_field(const FieldRef& field) {
    Program program;
    program.shape_ = Shape::field;
    program.field_ = field;
    return program;
  }

  // The same computation as a number or as a condition, or nothing if it takes more than one field.
  [[nodiscard]] std::optional<Quick> quick_value() const;
  [[nodiscard]] std::optional<Quick> quick_where() const;

  // `te` is the event's effective time. Exact; overflow and division by zero are missing. No allocation.
  [[nodiscard]] Scalar run(const std::byte* slot, Time te) const noexcept {
    if (shape_ == Shape::tree) return run_tree(slot, te);
    const bool valid = !field_.missing(slot);
    const std::int64_t value = field_.number(slot);
    if (floating_) return float_value(valid, value);
    const std::int64_t result = shape_ == Shape::field ? value : static_cast<std::int64_t>((value >= low_ && value <= high_) != outside_);
    return {valid ? result : 0, valid};
  }

 private:
  // As an ordered_float(); missing if it is not finite.
  [[nodiscard]] static Scalar float_value(bool valid, std::int64_t bits) noexcept {
    if (!valid || !is_finite_float(bits)) return {};
    return {bits == negative_zero ? 0 : ordered_float(bits), true};
  }

  // Most are one field, or one field against a constant; these need no tree.
  enum class Shape : std::uint8_t { field, range, tree };

  struct Node {
    language::Op op = language::Op::literal;
    std::uint8_t function = 0;  // call: index in the list of functions
    bool text = false;          // its arguments are texts
    bool floating = false;      // likewise floats
    bool late_by = false;
    bool ratio = false;         // its result
    bool missing = false;       // a missing literal
    FieldRef field;
    std::int64_t number = 0;
    std::int64_t denominator = 1;
    std::string literal;
    std::uint32_t regex = 0;  // matches: among regexes_
    std::vector<std::uint16_t> args;  // nodes
    std::vector<std::optional<unsigned>> digits;  // call: of each argument behind the point of a decimal, else 0; nothing: a float
  };
  struct Operand {
    Fraction value;  // a number that is no ratio has denominator 1; of a float its bits
    bool valid = false;
    CasedText text{};
  };
  using Arguments = const std::vector<std::uint16_t>&;

  std::uint16_t add(const language::Expr& expr, const EventSchema& schema);
  void recognise_shape();
  [[nodiscard]] Quick quick(std::int64_t low, std::int64_t high, bool outside) const;
  void set_range(language::Op op, std::int64_t constant);
  [[nodiscard]] Scalar run_tree(const std::byte* slot, Time te) const noexcept;

  struct Evaluation;  // one run of the tree, in program.cpp

  Shape shape_ = Shape::tree;
  bool floating_ = false; // its value is a double
  bool outside_ = false;  // range: true if the field is not in [low, high]
  FieldRef field_;
  std::int64_t low_ = 0, high_ = 0;
  std::vector<Node> nodes_;  // the root is the last
  std::vector<regex::Regex> regexes_;
};

}  // namespace pawl::window
