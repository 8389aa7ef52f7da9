#include "pawl/explain.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "pawl/phrase.hpp"

namespace pawl::tools {
namespace {

using language::Aggregate;
using language::Expr;
using language::Pipeline;
using language::Rule;

// Distinct windows by their canonical text, in the order in which the file first names them, and the lets and rules that read each.
struct Windows {
  std::vector<std::pair<const Aggregate*, std::vector<std::string>>> in_order;
  std::map<std::string, std::size_t> index;

  void add(const Aggregate& aggregate, const std::string& reader) {
    const auto [at, is_new] = index.try_emplace(canonical(aggregate), in_order.size());
    if (is_new) in_order.push_back({&aggregate, {}});
    auto& readers = in_order[at->second].second;
    if (readers.empty() || readers.back() != reader) readers.push_back(reader);
  }

  void collect(const Expr* expr, const std::string& reader) {
    if (expr == nullptr) return;
    if (expr->aggregate) add(*expr->aggregate, reader);
    for (const auto& arg : expr->args) collect(arg.get(), reader);
  }
};

Windows windows_of(const Pipeline& pipeline) {
  Windows windows;
  for (const auto& let : pipeline.lets) windows.collect(let.expr.get(), fmt::format("let {}", let.name));
  for (const auto& rule : pipeline.rules) {
    const std::string reader = fmt::format("rule {}", rule.name);
    windows.collect(rule.when.get(), reader);
    for (const auto& action : rule.actions) windows.collect(action.expr.get(), reader);
    for (const auto& reason : rule.reasons) {
      for (const auto& expr : reason.exprs) windows.collect(expr.get(), reader);
    }
  }
  return windows;
}

template <class Items, class Text>
std::string joined(const Items& items, const char* separator, Text text) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += separator;
    out += text(item);
  }
  return out;
}

std::string event_names(const Pipeline& pipeline, const std::vector<std::uint16_t>& events) {
  return joined(events, ", ", [&](std::uint16_t event) { return pipeline.events[event].name; });
}

std::string decisions(const Pipeline& pipeline, const Rule& rule) {
  static constexpr const char* words[] = {"allow", "approve", "decline", "reject", "review", "challenge", "alert", "score", "tag", "add to list", "remove from list"};
  return joined(rule.actions, ", ", [&](const language::Action& action) {
    std::string text = words[static_cast<std::size_t>(action.kind)];
    if (action.expr) text += fmt::format(" {}", phrase(pipeline, *action.expr));
    if (!action.text.empty()) text += fmt::format(" {}", action.text);
    return text;
  });
}

std::string not_evaluated(const std::string& why) { return why.empty() ? "" : fmt::format("\n    not evaluated by this release: {}", why); }

std::string rule_text(const Pipeline& pipeline, const Rule& rule) {
  static constexpr const char* modes[] = {"", " (shadow: recorded, without effect)", " (off)", " (live for a share)"};
  std::string text = fmt::format("  {}{}{}, on {}\n", rule.name, rule.title.empty() ? "" : fmt::format(" \"{}\"", rule.title),
                                 modes[static_cast<std::size_t>(rule.mode)], event_names(pipeline, rule.on));
  if (rule.when) text += fmt::format("    when {}\n", phrase(pipeline, *rule.when));
  if (rule.when) text += fmt::format("    something missing: {}\n", rule.fire_if_missing ? "fires" : "does not fire");
  if (rule.pattern) text += fmt::format("    pattern of {} steps\n", rule.pattern->steps.size());
  if (!rule.actions.empty()) text += fmt::format("    then {}\n", decisions(pipeline, rule));
  if (!rule.not_evaluated.empty()) text += not_evaluated(rule.not_evaluated).substr(1) + "\n";
  return text;
}

std::string events_text(const Pipeline& pipeline) {
  std::string text = "\nevents\n";
  for (const auto& event : pipeline.events) {
    text += fmt::format("  {}: {}, {} bytes of payload\n", event.name,
                        joined(event.fields, ", ", [](const Field& field) { return fmt::format("{} {}", field.name, to_string(field.type)); }), event.payload_bytes);
  }
  return text;
}

std::string windows_text(const Pipeline& pipeline) {
  const Windows windows = windows_of(pipeline);
  std::string text = fmt::format("\nwindows, each kept once ({})\n", windows.in_order.size());
  for (const auto& [aggregate, readers] : windows.in_order) {
    text += fmt::format("  {}\n    {}; read by {}\n", phrase(pipeline, *aggregate), aggregate->pane > 0 ? "approximate: kept in panes" : "exact",
                        joined(readers, ", ", [](const std::string& reader) { return reader; }));
  }
  return text;
}

}  // namespace

std::string explanation(const Pipeline& pipeline) {
  std::string text = fmt::format("pipeline \"{}\" version {}\n", pipeline.name, pipeline.version) + events_text(pipeline) + windows_text(pipeline);
  text += "\nlets\n";
  for (const auto& let : pipeline.lets) {
    text += fmt::format("  {}: {} = {}\n    readable at {}{}\n", let.name, to_string(let.expr->type), phrase(pipeline, *let.expr),
                        event_names(pipeline, let.readable_at), not_evaluated(let.not_evaluated));
  }
  text += "\nrules, in the order of their effects\n";
  for (const auto& rule : pipeline.rules) text += rule_text(pipeline, rule);
  const auto& policy = pipeline.policy;
  text += policy.present ? fmt::format("\npolicy\n  default {}; thresholds {}\n", policy.default_decision,
                                       joined(policy.at_score, ", ", [](const auto& at) { return fmt::format("{} at {}", at.first, at.second); }))
                         : std::string("\nno policy: the decision is approve, the score is the sum\n");
  return text;
}

}  // namespace pawl::tools
