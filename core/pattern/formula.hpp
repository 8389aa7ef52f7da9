// An expression that reads steps of a pattern: walked for one run at one event. What it needs of the event alone was computed for all
// events at once and stands in columns; what it needs of the run stands in the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/base/characters.hpp"
#include "pawl/core/event/ratio.hpp"
#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/pattern/capture.hpp"
#include "pawl/core/rules/field_access.hpp"
#include "pawl/core/rules/program.hpp"

namespace pawl::rules {
class Evaluator;
}

namespace pawl::pattern {

// A number, a fraction, a boolean (0, 1), the bits of a float, or a text; or missing.
struct Operand {
  Fraction value{};
  bool valid = false;
  CasedText text{};
};

// Results that became missing, as the columns' program counts them.
struct FormulaCounters {
  std::uint64_t overflows = 0, divisions_by_zero = 0;
};

// One run at one event.
struct Moment {
  const rules::Evaluator& evaluator;
  std::size_t lane;
  const std::byte* slot;
  const std::byte* captures;  // of the run
  std::uint64_t captured;     // its valid bits
  FormulaCounters& counters;
};

// What a formula is compiled with. Set-up only.
struct FormulaSources {
  // The column of an expression that reads no step, or nothing: it cannot be computed.
  std::function<std::optional<rules::Register>(const language::Expr&)> column;
  // What a run keeps for a binding, or for a call over a repeated step, or nothing.
  std::function<std::optional<Captured>(const language::Expr&)> captured;
  const language::Pipeline* pipeline = nullptr;
  bool of_deadline = false;  // there is no event
};

// Immutable after compile().
class Formula {
 public:
  // Nothing: this release cannot compute it, for the reason in `why`.
  [[nodiscard]] static std::optional<Formula> compile(const language::Expr& expr, const FormulaSources& sources, std::string& why);

  // No allocation. Texts point into the slot, the run or the formula.
  [[nodiscard]] Operand run(const Moment& moment) const noexcept { return eval(nodes_.size() - 1, moment); }
  [[nodiscard]] bool is_true(const Moment& moment) const noexcept {
    const Operand result = run(moment);
    return result.valid && result.value.numerator != 0;
  }

 private:
  enum class Leaf : std::uint8_t { none, constant, column, text_field, captured };
  struct Node {
    Leaf leaf = Leaf::none;
    language::Op op = language::Op::literal;
    bool text = false;      // its arguments, or a leaf itself, are texts
    bool floating = false;  // likewise floats
    bool ratio = false;     // its result
    std::uint8_t function = 0;
    bool missing = false;  // constant
    rules::Register column;
    std::vector<rules::SlotPlace> places;  // text_field: by event type
    Captured captured;
    std::int64_t number = 0, denominator = 1;
    std::string literal;
    const regex::Regex* regex = nullptr;  // matches: the pipeline's
    std::vector<std::uint32_t> args;
    std::vector<Fraction> numbers;   // in_set: its members, ascending; of texts:
    std::vector<std::string> texts;
    std::uint32_t list = 0;          // in_list
    std::size_t list_text_bytes = 0;
    rules::LookupCall lookup;        // map_lookup
    bool to_text = false;            // likewise: what it holds
    std::vector<std::optional<unsigned>> digits;  // call: of each argument behind the point of a decimal, else 0; nothing: a float
  };
  using Arguments = const std::vector<std::uint32_t>&;

  std::optional<std::uint32_t> add(const language::Expr& expr, const FormulaSources& sources, std::string& why);
  bool add_leaf(const language::Expr& expr, const FormulaSources& sources, Node& node);
  bool add_operation(const language::Expr& expr, const FormulaSources& sources, Node& node, std::string& why);
  bool add_arguments(std::span<const std::unique_ptr<language::Expr>> args, const FormulaSources& sources, Node& node, std::string& why);
  static void add_members(const language::Expr& expr, Node& node);

  [[nodiscard]] Operand eval(std::size_t index, const Moment& moment) const noexcept;
  [[nodiscard]] Operand leaf(const Node& node, const Moment& moment) const noexcept;
  [[nodiscard]] static Operand cell(rules::Register column, const Moment& moment) noexcept;
  [[nodiscard]] Operand kleene(Arguments args, Int128 decisive, const Moment& moment) const noexcept;
  [[nodiscard]] Operand between(const Node& node, const Moment& moment) const noexcept;
  [[nodiscard]] Operand in_set(const Node& node, const Moment& moment) const noexcept;
  [[nodiscard]] Operand in_list(const Node& node, const Moment& moment) const noexcept;
  [[nodiscard]] Operand map_lookup(const Node& node, const Operand& key) const noexcept;
  [[nodiscard]] Operand call(const Node& node, const Moment& moment) const noexcept;
  [[nodiscard]] Operand kilometres(const Node& node, const Moment& moment) const noexcept;
  [[nodiscard]] static Operand arithmetic(const Node& node, language::Op op, const Operand& a, const Operand& b, const Moment& moment) noexcept;

  std::vector<Node> nodes_;  // the root is the last
};

}  // namespace pawl::pattern
