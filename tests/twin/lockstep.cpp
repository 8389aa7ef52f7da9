#include "tests/twin/lockstep.hpp"

namespace pawl::twin::lockstep {
namespace {

using language::Pipeline;

constexpr Sequence inputs_shown_max = 60;

std::string names(const Pipeline& pipeline, const std::vector<std::size_t>& rules) {
  std::string text;
  for (const std::size_t rule : rules) text.append(text.empty() ? "" : ";").append(pipeline.rules[rule].name);
  return text.empty() ? "none" : text;
}

std::optional<Difference> compare_values(const Engine& twin, const Outcome& expected, const Outcome& got) {
  for (std::size_t i = 0; i < twin.aggregate_count(); ++i) {
    const language::Expr& expr = twin.aggregate(i);
    const Datum& value = i < got.aggregates.size() ? got.aggregates[i] : Datum{};
    if (expected.aggregates[i] == value) continue;
    return Difference{expected.sequence, describe(*expr.aggregate), describe(expr.type, expected.aggregates[i]), describe(expr.type, value), i};
  }
  return std::nullopt;
}

std::optional<std::size_t> aggregate_in(const Engine& twin, const language::Expr& expr) {
  if (expr.aggregate) return twin.aggregate_index(*expr.aggregate);
  if (expr.op == language::Op::let) return aggregate_in(twin, *twin.pipeline().lets[expr.index].expr);
  for (const auto& arg : expr.args) {
    if (const auto found = aggregate_in(twin, *arg)) return found;
  }
  return std::nullopt;
}

std::optional<Difference> compare_rules(const Engine& twin, const Outcome& expected, const Outcome& got) {
  const Pipeline& pipeline = twin.pipeline();
  const auto differ = [&](const char* what, const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) -> std::optional<Difference> {
    if (a == b) return std::nullopt;
    Difference difference{expected.sequence, what, names(pipeline, a), names(pipeline, b), {}};
    for (std::size_t rule = 0; rule < pipeline.rules.size(); ++rule) {
      const bool in_a = std::find(a.begin(), a.end(), rule) != a.end();
      const bool in_b = std::find(b.begin(), b.end(), rule) != b.end();
      if (in_a != in_b && pipeline.rules[rule].when) return difference.aggregate = aggregate_in(twin, *pipeline.rules[rule].when), difference;
    }
    return difference;
  };
  if (auto fired = differ("rules fired", expected.fired, got.fired)) return fired;
  if (auto shadow = differ("shadow rules fired", expected.shadow, got.shadow)) return shadow;
  if (auto suppressed = differ("rules suppressed", expected.suppressed, got.suppressed)) return suppressed;
  if (auto missing = differ("rules not evaluated", expected.missing, got.missing)) return missing;
  if (expected.decision != got.decision) return Difference{expected.sequence, "decision", expected.decision, got.decision, {}};
  if (expected.score != got.score) return Difference{expected.sequence, "score", expected.score.str(), got.score.str(), {}};
  return std::nullopt;
}

std::optional<Difference> compare_lets(const Engine& twin, const Outcome& expected, const Outcome& got) {
  const Pipeline& pipeline = twin.pipeline();
  for (std::size_t i = 0; i < pipeline.lets.size(); ++i) {
    const language::Let& let = pipeline.lets[i];
    const Datum& value = i < got.lets.size() ? got.lets[i] : Datum{};
    if (expected.lets[i] == value) continue;
    return Difference{expected.sequence, std::string("let ").append(let.name), describe(let.expr->type, expected.lets[i]),
                      describe(let.expr->type, value), aggregate_in(twin, *let.expr)};
  }
  return std::nullopt;
}

std::string outputs_text(const Engine& twin, const std::vector<Timed>& outputs) {
  std::string text;
  for (const Timed& timed : outputs) {
    text.append(twin.pipeline().rules[timed.rule].name).append(timed.fired ? " fired" : timed.shadow ? " in shadow" : timed.suppressed ? " suppressed" : "").append(timed.missing ? " missing" : "");
    text.append(" from ").append(std::to_string(timed.first_sequence)).append(" ").append(timed.decision).append(" ").append(timed.score.str()).append("; ");
  }
  return text.empty() ? "none" : text;
}

void append_history(const Pipeline& pipeline, const Log& log, const Difference& difference, std::string& text) {
  Engine twin(pipeline);
  for (Sequence s = 0; s <= difference.sequence; ++s) (void)twin.step(s, log.slot(s));
  const language::Expr& expr = twin.aggregate(*difference.aggregate);
  text.append("history of its key for ").append(describe(*expr.aggregate)).append(":\n");
  for (const Engine::Member& member : twin.history(*difference.aggregate, log.slot(difference.sequence))) {
    text.append("  sequence ").append(std::to_string(member.sequence)).append(" effective time ").append(std::to_string(member.place));
    if (expr.aggregate->value) text.append(" value ").append(describe(expr.aggregate->value->type, member.value));
    text.append(member.where ? "" : " (where: not true)").append("\n");
  }
}

}  // namespace

std::optional<Difference> compare(const Engine& twin, const Outcome& expected, const Outcome& got, Compare what) {
  if (what == Compare::decisions && expected.timed != got.timed) return Difference{expected.sequence, "timed outputs", outputs_text(twin, expected.timed), outputs_text(twin, got.timed), {}};
  if (!expected.is_event) return std::nullopt;
  if (what == Compare::features) return compare_values(twin, expected, got);
  if (auto lets = compare_lets(twin, expected, got)) return lets;
  return compare_rules(twin, expected, got);
}

std::string report(const Pipeline& pipeline, const Log& log, const Difference& difference) {
  std::string text = "\ndifference at sequence ";
  text.append(std::to_string(difference.sequence)).append(" of pipeline \"").append(pipeline.name).append("\": ").append(difference.what);
  text.append("\n  twin: ").append(difference.expected).append("\n  fast: ").append(difference.got).append("\ninputs:\n");
  Time effective_time = INT64_MIN;
  for (Sequence s = 0; s <= difference.sequence; ++s) {
    if (is_event(log.header(s).type)) effective_time = std::max(effective_time, log.header(s).at);
    if (s + inputs_shown_max < difference.sequence) continue;
    text.append("  ").append(log.describe(s)).append(" effective time ").append(std::to_string(effective_time)).append("\n");
  }
  if (difference.aggregate) append_history(pipeline, log, difference, text);
  return text;
}

Log without(const Log& log, Sequence first, Sequence last) {
  Log smaller(log.pipeline());
  for (Sequence s = 1; s <= log.last(); ++s) {
    if (s < first || s > last) smaller.append_copy(log, s);
  }
  return smaller;
}

Log prefix(const Log& log, Sequence last) { return without(log, last + 1, log.last()); }

}  // namespace pawl::twin::lockstep
