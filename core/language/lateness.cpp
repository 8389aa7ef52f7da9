#include "pawl/core/language/lateness.hpp"

#include <algorithm>

#include "pawl/core/language/typing.hpp"
#include "pawl/core/language/visit.hpp"

namespace pawl::language {

bool can_read(const Pipeline& pipeline, const Aggregate& aggregate, const EventSchema& schema) {
  const EventSchema& windowed = pipeline.events[aggregate.on[0]];
  return std::all_of(aggregate.key.begin(), aggregate.key.end(), [&](const std::string& name) {
    const int mine = schema.find(name), theirs = windowed.find(name);
    if (mine < 0 || theirs < 0) return false;
    const Type &a = schema.fields[static_cast<std::size_t>(mine)].type, &b = windowed.fields[static_cast<std::size_t>(theirs)].type;
    return a.kind == b.kind && a.scale == b.scale;
  });
}

Duration lateness(const Pipeline& pipeline, const Aggregate& aggregate) {
  Duration longest = 0;
  for (std::size_t i = 0; i < pipeline.late.size(); ++i) {
    if (can_read(pipeline, aggregate, pipeline.events[i])) longest = std::max(longest, pipeline.late[i]);
  }
  return longest;
}

std::optional<std::string> why_not_late(const Aggregate& aggregate) {
  if (aggregate.span == SpanKind::last_n) return "`last N`";
  if (aggregate.pane != 0) return "a window `by` panes";
  switch (aggregate.kind) {
    case AggregateKind::distinct: case AggregateKind::median: case AggregateKind::percentile: case AggregateKind::ewma: case AggregateKind::own:
      return '`' + std::string(word(aggregate)) + '`';
    default: return std::nullopt;
  }
}

void check_lateness(const Pipeline& pipeline, Problems& problems) {
  for_each(pipeline, [&](const Expr& expr) {
    if (expr.op != Op::aggregate || lateness(pipeline, *expr.aggregate) == 0) return;
    const auto what = why_not_late(*expr.aggregate);
    if (!what) return;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < pipeline.events.size(); ++i) {
      if (pipeline.late[i] != 0 && can_read(pipeline, *expr.aggregate, pipeline.events[i])) names.push_back(pipeline.events[i].name);
    }
    problems.error(expr.place, "E124", *what + " cannot take late events in yet, and " + quoted_list(names) + " can be late here; count, sum, avg, share, rate, stddev, min, max, first and last "
                                       "over a span of time or since the start can. Use one of them, or leave out `late`");
  });
}

}  // namespace pawl::language
