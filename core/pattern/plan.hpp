// A pattern as tables: what each step needs, where a run may go from it, and what is kept of its events.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/pattern/capture.hpp"
#include "pawl/core/pattern/formula.hpp"
#include "pawl/core/rules/program.hpp"

namespace pawl::pattern {

using StepMask = std::uint32_t;  // bit i: step i of the pattern
constexpr StepMask bit(std::size_t step) noexcept { return StepMask{1} << step; }
inline constexpr std::size_t steps_max = 32;
inline constexpr std::size_t valid_bits = 64;  // captures of a run that can be missing

struct StepPlan {
  std::uint16_t event = 0;
  std::vector<rules::Register> free; // booleans: the parts of the condition that read no step; all have to be true
  std::vector<Formula> bound;        // the rest: all have to be true
  std::uint32_t at_least = 1, at_most = 1;
  StepMask next = 0;                 // steps that may be entered once it has at_least
  bool ends = false;                 // with at_least of it nothing more is needed
  struct Negation {
    std::uint16_t step;
    StepMask closes;                 // the steps behind it
    Duration wait = 0;               // `no X for wait` before the end: asked so far behind the last event taken, and what it closes cannot be entered before; 0: for ever
    bool of_next = false;            // `then immediately no`: asked of the first event behind the last one taken, whether or not that is taken
  };
  std::vector<Negation> negations;   // asked from here on, once it has at_least
  std::uint16_t first_capture = 0, captures = 0;
};

struct PatternPlan {
  std::size_t rule = 0;              // index into Pipeline::rules
  std::vector<StepPlan> steps;
  StepMask strict = 0;               // steps with `then immediately`
  bool asks_next = false;            // of some negation
  // Runs remember the last event taken: its effective time, then whether one that was not taken has come since, 8 bytes each behind their captures.
  std::optional<std::uint16_t> last_event;
  // Of a pattern that ends with `no`, else 0: the bit of its last step, which stands for the pattern's end. No event enters it; a run that
  // could waits there for its deadline, unless the negation is broken.
  StepMask end = 0;
  Duration wait = 0;                 // the deadline lies so far behind the last event taken (`no X for wait`); 0: `within` behind the first
  std::optional<std::uint16_t> id;   // the capture of the first event's field `id`, of a pattern that ends with `no`
  std::vector<Capture> captures;     // by step
  std::size_t capture_bytes = 0;
  std::optional<Formula> where;
  struct Output {
    Formula formula;
    rules::Register to;              // the column that a match writes it into, set by the program's compiler
  };
  std::vector<Output> outputs;       // what the rule's actions and then its reasons compute of a match, in their order
  Duration within = 0;
  std::uint32_t limit = 0;
  bool skip_to_next = false;
  bool fire_if_missing = false;      // a missing `where` counts as true
};

// One part of a key in the slots of an event type.
struct KeyPart {
  rules::SlotPlace place;
  std::uint16_t offset = 0;  // in the key
};

// What a key holds there: the bytes of a number, or of a text without its padding.
[[nodiscard]] inline std::span<const std::byte> part_of(const std::byte* key, const KeyPart& part) noexcept {
  const bool text = part.place.kind == Kind::text;
  return {key + part.offset, text ? ::strnlen(reinterpret_cast<const char*>(key + part.offset), part.place.bytes) : sizeof(std::int64_t)};
}

struct GroupPlan {
  std::vector<std::size_t> patterns;               // indices into the plan's patterns, ascending
  std::vector<std::vector<KeyPart>> parts;         // by event type; `per all`: nothing
  std::size_t key_bytes = 0;                       // at least 8
};

// The register of an expression over the event at hand, or nothing. Set-up only.
using ColumnOf = std::function<std::optional<rules::Register>(const language::Expr&)>;

// Nothing: this release cannot run it, for the reason in `why`, or for the one that `column` has. REQUIRES: a rule with a pattern.
[[nodiscard]] std::optional<PatternPlan> make_pattern(const language::Pipeline& pipeline, std::size_t rule, const ColumnOf& column, std::string& why);

struct PatternsPlan {
  std::vector<PatternPlan> patterns;  // in file order
  std::vector<GroupPlan> groups;

  // Some of them end with `no`.
  [[nodiscard]] bool timed() const noexcept {
    return std::any_of(patterns.begin(), patterns.end(), [](const PatternPlan& pattern) { return pattern.end != 0; });
  }
  // That the pattern is in.
  [[nodiscard]] const GroupPlan& group_of(std::size_t pattern) const noexcept {
    return *std::find_if(groups.begin(), groups.end(), [&](const GroupPlan& group) { return std::binary_search(group.patterns.begin(), group.patterns.end(), pattern); });
  }
  // How its key stands in those of the group: the parts that its first event gives.
  [[nodiscard]] const std::vector<KeyPart>& key_of(std::size_t pattern) const noexcept { return group_of(pattern).parts[patterns[pattern].steps.front().event]; }
  [[nodiscard]] std::size_t key_bytes_max() const noexcept {
    std::size_t bytes = 0;
    for (const GroupPlan& group : groups) bytes = std::max(bytes, group.key_bytes);
    return bytes;
  }
};

// Patterns with one key, by the names and types of its fields, share a group. REQUIRES: patterns of this pipeline.
[[nodiscard]] std::vector<GroupPlan> make_groups(const language::Pipeline& pipeline, const std::vector<PatternPlan>& patterns);

}  // namespace pawl::pattern
