// Patterns of a pipeline over a log: by the naive twin, and by the matcher in any batches, also saved to rows and loaded again on the way.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/pattern/group_rows.hpp"
#include "pawl/core/pattern/matcher.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "pawl/core/rules/list_key.hpp"
#include "tests/twin/engine.hpp"
#include "tests/twin/log.hpp"

namespace pawl::pattern_test {

// What an input did: "rule=score" for each rule that it fired, "rule?" for each whose `where` was missing, then in their order timed outputs as
// "rule=score@first" with the first sequence of their run, or "rule?@first". Empty: nothing.
using Findings = std::map<Sequence, std::string>;

// What the lists of a pipeline hold, from the start and for ever: 1 and 3, "s1" and "s3", true.
inline bool is_listed(const Type& type, const twin::Datum& value) {
  if (type.kind == Kind::text) return value.text == "s1" || value.text == "s3";
  return value.number == 1 || (type.kind != Kind::boolean && value.number == 3);
}

class Lists {
 public:
  explicit Lists(const language::Pipeline& pipeline) {
    state::Arena measure;
    (void)make(pipeline, measure);
    memory_.assign(measure.used_bytes() / sizeof(Line) + 1, Line{});
    state::Arena arena({memory_.data()->bytes, memory_.size() * sizeof(Line)});
    lists_ = make(pipeline, arena);
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      const Type& type = pipeline.lists[i].type;
      rules::ListKey room;
      for (const std::int64_t number : {1, 3}) {
        const std::string text = "s" + std::to_string(number);
        const bool is_text = type.kind == Kind::text;
        if (is_text || type.kind != Kind::boolean || number == 1) lists_[i].add(is_text ? rules::text_key(text, type.text_bytes, room) : rules::number_key(number, false, room), INT64_MIN, 0);
      }
    }
  }
  [[nodiscard]] std::span<const rules::ExpiringKeys> all() const { return lists_; }

 private:
  struct alignas(64) Line { std::byte bytes[64]{}; };
  static std::vector<rules::ExpiringKeys> make(const language::Pipeline& pipeline, state::Arena& arena) {
    std::vector<rules::ExpiringKeys> lists;
    for (const language::List& list : pipeline.lists) lists.emplace_back(list.name, list.type.kind == Kind::text ? list.type.text_bytes : 8, 1 << 10, arena);
    return lists;
  }
  std::vector<Line> memory_;
  std::vector<rules::ExpiringKeys> lists_;
};

class Fast {
 public:
  static constexpr pattern::PatternLimits ample{.keys_max = 1 << 10, .runs_max = 1 << 14};

  explicit Fast(const language::Pipeline& pipeline, const pattern::PatternLimits& limits = ample)
      : plan_(rules::make_plan(pipeline)), limits_(limits), evaluator_(plan_), lists_(pipeline) {
    evaluator_.ask(lists_.all());
    PAWL_ASSERT(plan_.not_evaluated.empty());
    PAWL_ASSERT(plan_.features.empty());
    reset();
  }

  // REQUIRES: first follows the last one fed.
  void feed(const twin::Log& log, Sequence first, Sequence last, Findings& out) {
    while (first <= last) {
      const Sequence end = plan_.patterns.timed() ? first : std::min(last, first | 63);  // batches with deadlines are those of decide: tests/lockstep
      evaluator_.run(log.view(), tiles_, first, end);
      evaluator_.run_dependent(evaluator_.first_lane(), evaluator_.last_lane());
      matcher_->begin(evaluator_, evaluator_.span());
      rules::each_lane(matcher_->wanted(), [&](std::size_t lane) { note((first & ~Sequence{63}) + static_cast<Sequence>(lane), matcher_->step(lane), out); });
      if (plan_.patterns.timed()) end_due(log, first, out);
      first = end + 1;
    }
  }

  using Rows = std::vector<std::vector<std::vector<std::byte>>>;  // by group and part
  [[nodiscard]] Rows rows() const {
    Rows rows(matcher_->groups());
    for (std::size_t group = 0; group < rows.size(); ++group) {
      const pattern::GroupSaver saver(matcher_->group(group));
      for (std::size_t part = 0; part < pattern::GroupSaver::parts; ++part) saver.write(part, rows[group].emplace_back());
    }
    return rows;
  }
  // Throws its state away and goes on from rows.
  void restart(const Rows& rows) {
    reset();
    for (std::size_t group = 0; group < rows.size(); ++group) {
      pattern::GroupLoader loader(matcher_->group(group));
      for (const auto& part : rows[group]) {
        state::RowReader reader(part);
        PAWL_ASSERT(loader.read(reader));
      }
      PAWL_ASSERT(loader.finished());
    }
  }

  [[nodiscard]] pattern::GroupCounters counters() const { return matcher_->counters(); }

 private:
  void reset() {
    matcher_.reset();
    state::Arena measure;
    (void)pattern::Matcher(plan_.patterns, limits_, measure);
    memory_.assign(measure.used_bytes() / sizeof(Line) + 1, Line{});
    state::Arena arena({memory_.data()->bytes, memory_.size() * sizeof(Line)});
    matcher_.emplace(plan_.patterns, limits_, arena);
  }

  void end_due(const twin::Log& log, Sequence sequence, Findings& out) {
    const bool tick = log.header(sequence).type == static_cast<std::uint16_t>(InputType::tick);
    const Time now = tick ? std::max(evaluator_.effective_time(), log.header(sequence).at) : evaluator_.effective_time();
    while (matcher_->deadline() < now) {
      const pattern::Due due = matcher_->end_first_due(evaluator_.last_lane(), sequence);
      const std::string first = "@" + std::to_string(due.run->first_sequence) + " ", name = plan_.pipeline->rules[plan_.patterns.patterns[due.pattern].rule].name;
      if (due.fired) out[sequence] += name + "=" + std::to_string(score_of(sequence, due.pattern, [&](std::size_t output) { return matcher_->output(due, output); })) + first;
      if (due.missing) out[sequence] += name + "?" + first;
    }
    matcher_->end_past(evaluator_.effective_time());
  }

  template <class Output>
  std::int64_t score_of(Sequence sequence, std::size_t pattern, Output value) const {
    const std::size_t rule = plan_.patterns.patterns[pattern].rule;
    std::int64_t score = 0;
    std::size_t output = 0, next = 0;
    for (const language::Action& action : plan_.pipeline->rules[rule].actions) {
      const rules::ScorePlan& planned = plan_.rules[rule].scores[next++];
      if (planned.is_constant) score += planned.constant;
      else if (language::is_of_match(*plan_.pipeline->rules[rule].pattern, *action.expr)) score += static_cast<std::int64_t>(value(output++).value.numerator);
      else score += evaluator_.number(planned.value).cells[static_cast<std::size_t>(sequence) % 64];
    }
    return score;
  }

  void note(Sequence sequence, const pattern::Findings& found, Findings& out) {
    std::string text;
    std::vector<pattern::Findings::Match> matches = found.matches;
    std::sort(matches.begin(), matches.end(), [](const auto& a, const auto& b) { return a.pattern < b.pattern; });
    for (const auto& match : matches) {
      const language::Rule& rule = plan_.pipeline->rules[plan_.patterns.patterns[match.pattern].rule];
      text += rule.name + "=" + std::to_string(score_of(sequence, match.pattern, [&](std::size_t output) { return matcher_->output(match, output); })) + " ";
    }
    for (std::size_t i = 0; i < plan_.patterns.patterns.size(); ++i) {
      const bool missing = std::find(found.missing.begin(), found.missing.end(), i) != found.missing.end();
      if (missing) text += plan_.pipeline->rules[plan_.patterns.patterns[i].rule].name + "? ";
    }
    if (!text.empty()) out[sequence] = text;
  }

  rules::Plan plan_;
  pattern::PatternLimits limits_;
  rules::Evaluator evaluator_;
  Lists lists_;
  struct alignas(64) Line { std::byte bytes[64]{}; };
  std::vector<Line> memory_;
  state::Tiles tiles_{{}, 0, 2};
  std::optional<pattern::Matcher> matcher_;
};

// The scores of several rules at one event are told apart by running each rule's own twin.
inline Findings by_twin(const language::Pipeline& pipeline, const twin::Log& log, std::uint64_t* dropped = nullptr) {
  std::vector<twin::PatternTwin> twins;
  for (const language::Rule& rule : pipeline.rules) twins.emplace_back(pipeline, rule);
  Findings out;
  Time te = first_effective_time;
  twin::Counters counters;
  const auto fire_due = [&](Sequence s, Time now) {
    const auto in_list = [&](std::size_t list, const twin::Datum& value) { return is_listed(pipeline.lists[list].type, value); };
    for (;;) {
      std::optional<twin::PatternTwin::Due> first;
      std::size_t rule = 0;
      for (std::size_t i = 0; i < twins.size(); ++i) {
        auto due = twins[i].first_due(now);
        if (due && (!first || *due < *first)) first = std::move(due), rule = i;
      }
      if (!first) return;
      const twin::Scope scope{.schema = nullptr, .slot = nullptr, .effective_time = te, .let = {}, .aggregate = {}, .in_list = in_list, .maps = &pipeline.maps, .counters = &counters};
      const twin::PatternTwin::Outcome ended = twins[rule].end(*first, s, scope);
      const std::string from = "@" + std::to_string(first->run.first().sequence) + " ";
      twin::Integer score = 0;
      for (const language::Action& action : pipeline.rules[rule].actions) {
        if (ended.fired) score += numerator(evaluate(*action.expr, twins[rule].scope_of(first->run, scope)).number);
      }
      if (ended.fired) out[s] += pipeline.rules[rule].name + "=" + score.str() + from;
      if (ended.missing) out[s] += pipeline.rules[rule].name + "?" + from;
    }
  };
  for (Sequence s = 0; s <= log.last(); ++s) {
    if (log.header(s).type == static_cast<std::uint16_t>(InputType::tick)) fire_due(s, std::max(te, log.header(s).at));
    if (!is_event(log.header(s).type)) continue;
    te = std::max(te, log.header(s).at);
    const auto event = static_cast<std::uint16_t>(log.header(s).type - first_event_type);
    twin::Scope scope{.schema = &pipeline.events[event], .slot = log.slot(s), .effective_time = te, .let = {}, .aggregate = {}, .in_list = {}, .maps = &pipeline.maps, .counters = &counters};
    scope.in_list = [&](std::size_t list, const twin::Datum& value) { return is_listed(pipeline.lists[list].type, value); };
    scope.let = [&](std::size_t let) { return evaluate(*pipeline.lets[let].expr, scope); };
    std::string fired, missing;
    for (std::size_t i = 0; i < twins.size(); ++i) {
      const twin::PatternTwin::Outcome seen = twins[i].step(s, event, scope);
      if (seen.missing) missing += pipeline.rules[i].name + "? ";
      if (!seen.fired) continue;
      twin::Integer score = 0;
      for (const language::Action& action : pipeline.rules[i].actions) {
        if (action.kind == language::ActionKind::score) score += numerator(evaluate(*action.expr, twins[i].scope_of(*seen.fired, scope)).number);
      }
      fired += pipeline.rules[i].name + "=" + score.str() + " ";
    }
    if (!(fired + missing).empty()) out[s] = fired + missing;
    fire_due(s, te);
  }
  if (dropped != nullptr) {
    *dropped = 0;
    for (const twin::PatternTwin& twin : twins) *dropped += twin.dropped();
  }
  return out;
}

// In batches of 1 to `batch_max`, restarted from rows with one chance in `restart` after each (0: never).
inline Findings by_matcher(const language::Pipeline& pipeline, const twin::Log& log, std::uint64_t seed, std::uint64_t batch_max, std::uint64_t restart,
                           std::uint64_t* dropped = nullptr) {
  Fast fast(pipeline);
  Findings out;
  std::mt19937_64 random(seed);
  for (Sequence first = 0; first <= log.last();) {
    const Sequence last = std::min(log.last(), first + static_cast<Sequence>(random() % batch_max));
    fast.feed(log, first, last, out);
    if (restart != 0 && random() % restart == 0) {
      const Fast::Rows rows = fast.rows();
      fast.restart(rows);
      PAWL_ASSERT(fast.rows() == rows);
    }
    first = last + 1;
  }
  if (dropped != nullptr) *dropped = fast.counters().runs_dropped;
  return out;
}

inline std::unique_ptr<const language::Pipeline> checked(const std::string& source) {
  language::Checked checked = language::check(source, "test.pawl");
  std::string problems;
  for (const auto& diagnostic : checked.diagnostics) {
    const bool is_meant = diagnostic.code == "W220" || diagnostic.code == "W203";  // patterns that end early; lists that nobody fills
    if (diagnostic.severity != language::Severity::note && !is_meant) problems += language::render(diagnostic, source, "test.pawl");
  }
  if (!problems.empty()) std::fputs(problems.c_str(), stderr);
  PAWL_ASSERT(checked.pipeline != nullptr && problems.empty());
  return std::move(checked.pipeline);
}

}  // namespace pawl::pattern_test
