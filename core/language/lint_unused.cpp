// What stands in a pipeline without any effect: names that nobody reads, parts of patterns that no run reaches.
#include <set>
#include <string_view>
#include <vector>

#include "pawl/core/language/lint.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/language/visit.hpp"

namespace pawl::language {

namespace {

constexpr int lets_noted_max = 20;

struct Used {
  std::vector<bool> lets, models, asked, added, looked_up;
  std::set<std::string_view> operators = {};
};

Used used_by(const Pipeline& pipeline) {
  Used used{std::vector<bool>(pipeline.lets.size()), std::vector<bool>(pipeline.models.size()), std::vector<bool>(pipeline.lists.size()), std::vector<bool>(pipeline.lists.size()),
            std::vector<bool>(pipeline.maps.size())};
  for_each(pipeline, [&](const Expr& expr) {
    if (expr.op == Op::let) used.lets[expr.index] = true;
    if (expr.op == Op::model) used.models[expr.index] = true;
    if (expr.op == Op::map_lookup) used.looked_up[expr.index] = true;
    if (expr.op == Op::in_list) used.asked[expr.index] = true;
    if (expr.op == Op::aggregate && expr.aggregate->kind == AggregateKind::own) used.operators.insert(expr.aggregate->own_name);
  });
  for (const Rule& rule : pipeline.rules) {
    for (const Action& action : rule.actions) {
      if (action.kind == ActionKind::add_to_list) used.added[action.list] = true;
    }
  }
  return used;
}

void warn_unused(const Pipeline& pipeline, Problems& problems) {
  const Used used = used_by(pipeline);
  int noted = 0;
  for (std::size_t i = 0; i < pipeline.lets.size() && noted < lets_noted_max; ++i) {
    const Let& let = pipeline.lets[i];
    if (used.lets[i] || let.expr->op == Op::literal) continue;
    ++noted;
    problems.note(let.place, "I330", std::string("let `") + let.name + "` is read by nothing else in the file: it is computed for the file of features alone");
  }
  for (std::size_t i = 0; i < pipeline.models.size(); ++i) {
    const Model& model = pipeline.models[i];
    if (!used.models[i]) problems.warning(model.place, "W203", std::string("model `") + model.name + "` is read nowhere and never evaluated");
  }
  for (const OwnOperator& own : pipeline.operators) {
    if (!used.operators.contains(own.name)) problems.warning(own.place, "W203", std::string("operator `") + own.name + "` is called nowhere and never evaluated");
  }
  for (std::size_t i = 0; i < pipeline.maps.size(); ++i) {
    const Map& map = pipeline.maps[i];
    if (!map.filled) problems.warning(map.place, "W203", std::string("map `") + map.name + "` holds nothing; write what it holds, `{ \"a\" = 1, \"b\" = 2 }`, or `from \"file.csv\" sha256 \"..\"`, behind its types");
    else if (!used.looked_up[i]) problems.warning(map.place, "W203", std::string("map `") + map.name + "` is never looked into; an expression does with `" + map.name + "[key]`");
  }
  for (std::size_t i = 0; i < pipeline.lists.size(); ++i) {
    const List& list = pipeline.lists[i];
    if (!used.asked[i]) problems.warning(list.place, "W203", std::string("list `") + list.name + "` is never asked; a condition asks it with `x in " + list.name + "`");
    else if (!used.added[i]) problems.warning(list.place, "W203", std::string("nothing is ever added to list `") + list.name + "`, so that `in " + list.name + "` is never true; an action adds with `add x to " + list.name + "`");
  }
}

// With a `where`, a run that is complete but for it goes on.
void warn_never_reached(const Rule& rule, Problems& problems) {
  const Pattern& pattern = *rule.pattern;
  if (pattern.where || is_timed(pattern)) return;
  const std::size_t last = first_that_completes(pattern);
  const Step& step = pattern.steps[last];
  const std::string count = std::to_string(step.at_least);
  if (step.at_most != step.at_least) {
    problems.warning(step.place, "W220", "the pattern is complete with the " + (step.at_least == 1 ? std::string("first") : std::string("first ") + count) + " of these and takes no more; write `{" +
                                             (step.at_most < 0 ? std::string("5") : std::to_string(step.at_most)) + "}` for so many, or say in `where` when it is complete");
  }
  for (std::size_t i = last + 1; i < pattern.steps.size(); ++i) {
    if (!pattern.steps[i].negated) problems.warning(pattern.steps[i].place, "W220", "this step is never taken: the pattern is complete before it; say in `where` when it is, or leave the step out");
  }
}

// What is behind `no .. for` comes later than that, and all of it within `within`. Of several before one step the longest counts, as each is counted from
// the last event taken; those before one step and before the next add up.
void warn_never_completed(const Rule& rule, Problems& problems) {
  const Pattern& pattern = *rule.pattern;
  Int128 waited = 0;
  const Step* longest = nullptr;
  for (const Step& step : pattern.steps) {
    if (step.negated && step.wait != 0 && (longest == nullptr || step.wait > longest->wait)) longest = &step;
    if (step.negated || step.at_least == 0 || longest == nullptr) continue;
    waited += longest->wait;
    if (waited >= pattern.within) {
      const std::string times = waited == longest->wait ? "the time of its `for`" : "the times of `for` up to here, one after the other";
      problems.warning(longest->place, "W201", "the pattern can never complete: what follows this has to come later than " + times + ", and by then `within` is over; shorten the one or lengthen the other");
      return;
    }
    longest = nullptr;
  }
}

}  // namespace

void lint_unused(const Pipeline& pipeline, Problems& problems) {
  warn_unused(pipeline, problems);
  for (const Rule& rule : pipeline.rules) {
    if (!rule.pattern) continue;
    warn_never_reached(rule, problems);
    warn_never_completed(rule, problems);
  }
}

}  // namespace pawl::language
