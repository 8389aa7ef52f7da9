// Patterns of a pipeline over a log: by the naive twin, and by the matcher in any batches, also saved to rows and loaded again on the way.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/language/check.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/pattern/group_rows.hpp"
#include "pawl/core/pattern/matcher.hpp"
#include "pawl/core/rules/evaluator.hpp"
#include "tests/twin/engine.hpp"
#include "tests/twin/log.hpp"

namespace pawl::pattern_test {

// What an event did: "rule=score" for each rule that it fired, "rule?" for each whose `where` was missing. Empty: nothing.
using Findings = std::map<Sequence, std::string>;

class Fast {
 public:
  static constexpr pattern::PatternLimits ample{.keys_max = 1 << 10, .runs_max = 1 << 14};

  explicit Fast(const language::Pipeline& pipeline, const pattern::PatternLimits& limits = ample)
      : plan_(rules::make_plan(pipeline)), limits_(limits), evaluator_(plan_) {
    PAWL_ASSERT(plan_.not_evaluated.empty());
    PAWL_ASSERT(plan_.features.empty());
    reset();
  }

  // REQUIRES: first follows the last one fed.
  void feed(const twin::Log& log, Sequence first, Sequence last, Findings& out) {
    while (first <= last) {
      const Sequence end = std::min(last, first | 63);
      evaluator_.run(log.view(), tiles_, first, end);
      matcher_->begin(evaluator_, evaluator_.span());
      rules::each_lane(matcher_->wanted(), [&](std::size_t lane) { note((first & ~Sequence{63}) + static_cast<Sequence>(lane), matcher_->step(lane), out); });
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

  void note(Sequence sequence, const pattern::Findings& found, Findings& out) {
    std::string text;
    std::vector<pattern::Findings::Match> matches = found.matches;
    std::sort(matches.begin(), matches.end(), [](const auto& a, const auto& b) { return a.pattern < b.pattern; });
    for (const auto& match : matches) {
      const language::Rule& rule = plan_.pipeline->rules[plan_.patterns.patterns[match.pattern].rule];
      std::int64_t score = 0;
      std::size_t output = 0, next = 0;
      for (const language::Action& action : rule.actions) {
        const rules::ScorePlan& planned = plan_.rules[plan_.patterns.patterns[match.pattern].rule].scores[next++];
        if (planned.is_constant) score += planned.constant;
        else if (language::reads_steps(*action.expr)) score += static_cast<std::int64_t>(matcher_->output(match, output++).value.numerator);
        else score += evaluator_.number(planned.value).cells[static_cast<std::size_t>(sequence) % 64];
      }
      text += rule.name + "=" + std::to_string(score) + " ";
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
  for (Sequence s = 0; s <= log.last(); ++s) {
    if (!is_event(log.header(s).type)) continue;
    te = std::max(te, log.header(s).at);
    const auto event = static_cast<std::uint16_t>(log.header(s).type - first_event_type);
    twin::Scope scope{.schema = &pipeline.events[event], .slot = log.slot(s), .effective_time = te, .let = {}, .aggregate = {}, .in_list = {}, .counters = &counters};
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
    if (diagnostic.severity != language::Severity::note) problems += language::render(diagnostic, source, "test.pawl");
  }
  if (!problems.empty()) std::fputs(problems.c_str(), stderr);
  PAWL_ASSERT(checked.pipeline != nullptr && problems.empty());
  return std::move(checked.pipeline);
}

}  // namespace pawl::pattern_test
