#include "pawl/pipeline_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "pawl/core/rules/decide.hpp"
#include "pawl/core/window/windows.hpp"
#include "pawl/io/memory.hpp"

namespace pawl::tools {
namespace {

using language::Expectation;
using language::Pipeline;

// Small: a test gives a handful of events.
constexpr window::StateLimits limits_of_tests{.keys_max = 1 << 12, .entries_max = 1 << 16, .distinct_max = 1 << 12};

Result<io::Region> zeroed(std::size_t bytes) {
  return io::Region::map({.bytes = std::max<std::size_t>(bytes, 4096), .best_pages = io::Pages::small, .prefault = false});
}

// Windows and decide over one slot, from the start of a log.
class Trial {
 public:
  static Result<std::unique_ptr<Trial>> make(const rules::Plan& plan) {
    auto trial = std::unique_ptr<Trial>(new Trial(plan));
    if (auto ready = trial->reserve(); !ready.ok()) return std::move(ready).error();
    return trial;
  }

  // The event's decision is valid until the next one, as is what deadlines fired that passed by it.
  rules::Decision play(const language::Given& given) {
    const Sequence sequence = next_++;
    std::byte* const slot = slots_->bytes().data() + static_cast<std::size_t>(sequence & mask) * slot_bytes_;
    std::memset(slot, 0, slot_bytes_);
    const EventSchema& schema = pipeline_.events[given.event];
    begin_event(schema, slot);
    for (const auto& [field, value] : given.fields) write(schema, slot, field, value);
    windows_->process(view(), sequence, sequence, *tiles_);
    decide_->run(view(), *tiles_, sequence, sequence, [&](std::size_t) { return record_->bytes().data(); });
    timed_.assign(pipeline_.rules.size(), false);
    while (decide_->owes_timed() && decide_->next_timed(view(), timed_record_->bytes().data())) {
      const rules::Decision decision(timed_record_->bytes().data(), layout_);
      timed_[decision.timed_rule()] = timed_[decision.timed_rule()] || decision.fired(decision.timed_rule());
    }
    return {record_->bytes().data(), layout_};
  }

  [[nodiscard]] bool fired_by_deadline(std::size_t rule) const { return timed_[rule]; }

 private:
  static constexpr Sequence mask = 127;

  explicit Trial(const rules::Plan& plan) : pipeline_(*plan.pipeline), plan_(plan), layout_(plan, {}) {
    for (const EventSchema& schema : pipeline_.events) slot_bytes_ = std::max(slot_bytes_, pawl::slot_bytes(schema.payload_bytes));
  }

  Result<void> reserve() {
    auto state_bytes = window::memory_bytes(pipeline_, plan_.features, limits_of_tests);
    if (!state_bytes.ok()) return std::move(state_bytes).error();
    const std::pair<std::optional<io::Region>*, std::size_t> wanted[] = {
        {&slots_, static_cast<std::size_t>(mask + 1) * slot_bytes_}, {&cells_, state::Tiles::memory_bytes(plan_.feature_columns, 2)}, {&state_, *state_bytes},
        {&remembered_, rules::Decide::memory_bytes(plan_, limits_of_tests)}, {&record_, layout_.record_bytes()}, {&timed_record_, layout_.record_bytes()}};
    for (const auto& [region, bytes] : wanted) {
      auto mapped = zeroed(bytes);
      if (!mapped.ok()) return std::move(mapped).error();
      region->emplace(*std::move(mapped));
    }
    tiles_.emplace(cells_->bytes(), plan_.feature_columns, 2);
    auto windows = window::Windows::make(pipeline_, plan_.features, limits_of_tests, state_->bytes());
    if (!windows.ok()) return std::move(windows).error();
    windows_.emplace(*std::move(windows));
    decide_.emplace(plan_, layout_, limits_of_tests, remembered_->bytes());
    return {};
  }

  static void write(const EventSchema& schema, std::byte* slot, std::size_t field, const Value& value) {
    const Type& type = schema.fields[field].type;
    if (value.missing) return;
    if (type.kind == Kind::text) {
      PAWL_ASSERT(write_text(schema, slot, field, value.text));  // checked with the file
    } else {
      write_number(schema, slot, field, type.kind == Kind::floating ? std::bit_cast<std::int64_t>(value.floating) : value.number);
    }
  }

  [[nodiscard]] SlotView view() const { return {slots_->bytes().data(), slot_bytes_, mask}; }

  const Pipeline& pipeline_;
  const rules::Plan& plan_;
  rules::DecisionLayout layout_;
  std::size_t slot_bytes_ = 0;
  std::optional<io::Region> slots_, cells_, state_, remembered_, record_, timed_record_;
  std::optional<state::Tiles> tiles_;
  std::optional<window::Windows> windows_;
  std::optional<rules::Decide> decide_;
  std::vector<bool> timed_;  // by rule
  Sequence next_ = 0;
};

std::size_t rule_named(const Pipeline& pipeline, const std::string& name) {
  const auto found = std::find_if(pipeline.rules.begin(), pipeline.rules.end(), [&](const language::Rule& rule) { return rule.name == name; });
  return static_cast<std::size_t>(found - pipeline.rules.begin());
}

// What the rule did at the event, in words.
std::string what_came(const rules::Decision& decision, const language::Rule& rule, std::size_t index, bool fired_by_deadline) {
  if (!rule.not_evaluated.empty()) return "it is not evaluated by this release: " + rule.not_evaluated;
  if (rule.mode == language::RuleMode::off) return "its mode is off";
  if (decision.fired(index)) return "it fired";
  if (fired_by_deadline) return "its deadline had passed, and fired it";
  if (decision.suppressed(index)) return "its cooldown suppressed it";
  if (decision.could_not_be_evaluated(index)) return "a value that it needs is missing";
  return "it was silent";
}

// Nothing if it holds.
std::optional<std::string> check(const Pipeline& pipeline, const Expectation& expected, const rules::Decision& decision, const Trial& trial) {
  const std::string after = fmt::format("after given {}: ", expected.after_given);
  if (expected.kind == Expectation::Kind::decision) {
    if (decision.decision() == expected.name) return std::nullopt;
    return fmt::format("{}expected decision {}, but it is {} with score {}", after, expected.name, decision.decision(), decision.score());
  }
  const std::size_t rule = rule_named(pipeline, expected.name);
  const bool fires = expected.kind == Expectation::Kind::fires;
  const bool fired = decision.fired(rule) || trial.fired_by_deadline(rule);
  if (pipeline.rules[rule].not_evaluated.empty() && fired == fires) return std::nullopt;
  return fmt::format("{}expected {} {}, but {}", after, fires ? "fires" : "silent", expected.name, what_came(decision, pipeline.rules[rule], rule, trial.fired_by_deadline(rule)));
}

Result<TestOutcome> run(const rules::Plan& plan, const language::Test& test) {
  TestOutcome outcome{&test, {}};
  auto trial = Trial::make(plan);
  if (!trial.ok()) return std::move(trial).error();
  for (std::size_t given = 1; given <= test.given.size(); ++given) {
    const rules::Decision decision = (*trial)->play(test.given[given - 1]);
    for (const Expectation& expected : test.expect) {
      if (expected.after_given != given) continue;
      if (auto failure = check(*plan.pipeline, expected, decision, **trial)) outcome.failures.push_back(*std::move(failure));
    }
  }
  for (const Expectation& expected : test.expect) {
    if (expected.after_given == 0) outcome.failures.push_back(fmt::format("`expect .. {}` stands before the first `given`: there is no event to look at", expected.name));
  }
  return outcome;
}

}  // namespace

Result<std::vector<TestOutcome>> run_pipeline_tests(const Pipeline& pipeline) {
  std::vector<TestOutcome> outcomes;
  const rules::Plan plan = rules::make_plan(pipeline);
  for (const language::Test& test : pipeline.tests) {
    auto outcome = run(plan, test);
    if (!outcome.ok()) return std::move(outcome).error();
    outcomes.push_back(*std::move(outcome));
  }
  return outcomes;
}

}  // namespace pawl::tools
