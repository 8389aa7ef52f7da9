#include "pawl/core/pattern/matcher.hpp"

#include <algorithm>

#include "pawl/core/base/assert.hpp"

namespace pawl::pattern {
namespace {

// Runs that share a table have to agree on these.
struct KeyShape {
  std::vector<std::string> names;
  std::vector<Kind> kinds;
  friend bool operator==(const KeyShape&, const KeyShape&) = default;
};

class Grouping {
 public:
  explicit Grouping(const language::Pipeline& pipeline) : pipeline_(pipeline) {}

  void add(std::size_t pattern, const language::Rule& rule) {
    const KeyShape shape = shape_of(rule);
    std::size_t group = static_cast<std::size_t>(std::find(shapes_.begin(), shapes_.end(), shape) - shapes_.begin());
    if (group == shapes_.size()) {
      shapes_.push_back(shape);
      widths_.emplace_back(shape.names.size(), sizeof(std::int64_t));
      events_.emplace_back();
      groups_.emplace_back();
    }
    groups_[group].patterns.push_back(pattern);
    for (const std::uint16_t event : rule.on) {
      events_[group].push_back(event);
      for (std::size_t i = 0; i < shape.names.size(); ++i) widths_[group][i] = std::max(widths_[group][i], (stored_bytes(field(event, shape.names[i]).type) + 7) / 8 * 8);
    }
  }

  std::vector<GroupPlan> finish() {
    for (std::size_t group = 0; group < groups_.size(); ++group) lay_out(group);
    return std::move(groups_);
  }

 private:
  const Field& field(std::uint16_t event, const std::string& name) const {
    const EventSchema& schema = pipeline_.events[event];
    const int index = schema.find(name);
    PAWL_ASSERT(index >= 0);
    return schema.fields[static_cast<std::size_t>(index)];
  }

  KeyShape shape_of(const language::Rule& rule) const {
    KeyShape shape{.names = rule.pattern->key, .kinds = {}};
    for (const std::string& name : shape.names) shape.kinds.push_back(field(rule.on.front(), name).type.kind);
    return shape;
  }

  void lay_out(std::size_t group) {
    GroupPlan& plan = groups_[group];
    plan.parts.resize(pipeline_.events.size());
    for (const std::uint16_t event : events_[group]) {
      std::vector<KeyPart> parts;
      std::size_t offset = 0;
      for (std::size_t i = 0; i < shapes_[group].names.size(); ++i) {
        const EventSchema& schema = pipeline_.events[event];
        parts.push_back({rules::place_of(schema, schema.find(shapes_[group].names[i])), static_cast<std::uint16_t>(offset)});
        offset += widths_[group][i];
      }
      plan.parts[event] = std::move(parts);
      plan.key_bytes = std::max<std::size_t>(offset, sizeof(std::int64_t));
    }
  }

  const language::Pipeline& pipeline_;
  std::vector<GroupPlan> groups_;
  std::vector<KeyShape> shapes_;                       // by group, as the two below
  std::vector<std::vector<std::size_t>> widths_;       // of the parts of its key
  std::vector<std::vector<std::uint16_t>> events_;
};

}  // namespace

std::vector<GroupPlan> make_groups(const language::Pipeline& pipeline, const std::vector<PatternPlan>& patterns) {
  Grouping grouping(pipeline);
  for (std::size_t i = 0; i < patterns.size(); ++i) grouping.add(i, pipeline.rules[patterns[i].rule]);
  return grouping.finish();
}

Matcher::Matcher(const PatternsPlan& plan, const PatternLimits& limits, state::Arena& arena) : plan_(plan) {
  for (const GroupPlan& group : plan.groups) groups_.push_back(std::make_unique<Group>(plan.patterns, group, limits, arena));
  findings_.matches.reserve(plan.patterns.size());
  findings_.missing.reserve(plan.patterns.size());
}

void Matcher::begin(const rules::Evaluator& evaluator, rules::Lanes lanes) noexcept {
  evaluator_ = &evaluator;
  wanted_ = 0;
  for (const auto& group : groups_) {
    group->begin(evaluator, lanes);
    wanted_ |= group->wanted();
  }
}

const Findings& Matcher::step(std::size_t lane) noexcept {
  findings_.clear();
  lane_ = lane;
  for (const auto& group : groups_) {
    if (rules::has_lane(group->wanted(), lane)) group->step(*evaluator_, lane, findings_);
  }
  return findings_;
}

Operand Matcher::output(const Findings::Match& match, std::size_t index) noexcept {
  const Moment moment{.evaluator = *evaluator_, .lane = lane_, .slot = evaluator_->slot(lane_), .captures = captures_of(match.run), .captured = match.run->valid, .counters = groups_.front()->formula_counters()};
  return plan_.patterns[match.pattern].outputs[index].formula.run(moment);
}

// Null: no run waits.
Group* Matcher::first_due() const noexcept {
  Group* first = nullptr;
  for (const auto& group : groups_) {
    const Deadline* const due = group->first_due();
    if (due != nullptr && (first == nullptr || Deadline::is_before(*due, *first->first_due()))) first = group.get();
  }
  return first;
}

Time Matcher::deadline() const noexcept {
  const Group* const first = first_due();
  return first == nullptr ? INT64_MAX : first->first_due()->at;
}

Time Matcher::none_due_before() const noexcept {
  Time time = INT64_MAX;
  for (const auto& group : groups_) time = std::min(time, group->none_due_before());
  return time;
}

void Matcher::end_past(Time te) noexcept {
  for (const auto& group : groups_) group->end_past(te);
}

Due Matcher::end_first_due(std::size_t lane, Sequence sequence) noexcept {
  lane_ = lane;
  return first_due()->end_first_due(*evaluator_, lane, sequence);
}

GroupCounters Matcher::counters() const noexcept {
  GroupCounters sum;
  for (const auto& group : groups_) {
    const GroupCounters one = group->counters();
    sum.keys += one.keys;
    sum.runs += one.runs;
    sum.runs_dropped += one.runs_dropped;
    sum.runs_refused += one.runs_refused;
    sum.missing.overflows += one.missing.overflows;
    sum.missing.divisions_by_zero += one.missing.divisions_by_zero;
  }
  return sum;
}

}  // namespace pawl::pattern
