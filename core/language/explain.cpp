#include "pawl/core/language/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "pawl/core/event/format.hpp"
#include "pawl/core/language/lateness.hpp"
#include "pawl/core/language/lookup.hpp"
#include "pawl/core/language/print.hpp"
#include "pawl/core/language/steps_read.hpp"
#include "pawl/core/language/typing.hpp"
#include "pawl/core/language/visit.hpp"

namespace pawl::language {

namespace {

// Estimated bytes.
constexpr std::size_t kept_key_bytes = 24;  // of a value of a list or a key that cools down: hash, until when, and its place among the deadlines
constexpr std::size_t last_event_bytes = 16;  // of a run whose pattern has `then immediately no` or, before its end, `no .. for`
constexpr std::size_t waiting_bytes = 40;  // more of a run that waits for its deadline: it, and a place among the deadlines
constexpr std::size_t runs_key_bytes = 48;  // of a key with open runs: hash, which patterns, first and last run, hints
constexpr std::size_t run_bytes = 40;       // of an open run: where it stands, since when
constexpr std::size_t line_bytes = 64;      // all of these are whole cache lines

constexpr std::size_t windows_named_max = 16;  // behind one expression

std::size_t whole_lines(std::size_t bytes) { return (bytes + line_bytes - 1) / line_bytes * line_bytes; }
std::size_t bytes_of(const Type& type) { return type.kind == Kind::text ? (type.text_bytes + 7U) / 8 * 8 : 8; }

struct Window {
  const Aggregate* aggregate = nullptr;
  std::string number;              // w1, w2, ...
  std::vector<std::string> users;  // "let usual", "rule spike", in file order
};

class Explainer {
 public:
  Explainer(const Pipeline& pipeline, std::span<const std::string> groups) : pipeline_(pipeline), groups_(groups) {
    for (const Let& let : pipeline.lets) {
      for_each(*let.expr, [&](const Expr& expr) { add(expr, std::string("let ") + let.name); });
    }
    for (const Model& model : pipeline.models) {
      for (const auto& input : model.inputs) for_each(*input, [&](const Expr& expr) { add(expr, std::string("model ") + model.name); });
    }
    for (const Rule& rule : pipeline.rules) {
      for_each(rule, [&](const Expr& expr) { add(expr, std::string("rule ") + rule.name); });
    }
    let_windows_.resize(pipeline.lets.size());
    for (const std::size_t let : pipeline.let_order) let_windows_[let] = windows_behind(*pipeline.lets[let].expr);
  }

  std::string text() const {
    const auto plural = [](std::size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
    std::string text = fmt::format("pipeline \"{}\" version {}: {}, {}, {}, {}\n", pipeline_.name, pipeline_.version, plural(pipeline_.events.size(), "event"),
                                   plural(pipeline_.lets.size(), "let"), plural(pipeline_.rules.size(), "rule"), plural(windows_.size(), "window"));
    for (std::size_t i = 0; i < pipeline_.events.size(); ++i) {
      if (pipeline_.reorder[i] == 0) continue;
      text += fmt::format("\n{} is put in order before it is sequenced: its source is held back by {}, and by {} events at most\n", pipeline_.events[i].name, print(pipeline_.reorder[i]), limits::reorder_events_max);
    }
    if (!windows_.empty()) text += "\nWindows (te: effective time of the event at hand; an event exactly at the far edge is out, one at the near edge is in)\n";
    for (const Window& window : windows_) text += describe(window);
    text += state();
    if (!pipeline_.lets.empty()) text += "\nLets\n";
    for (const Let& let : pipeline_.lets) text += describe(let);
    if (!pipeline_.lists.empty()) text += "\nLists (a value is in from the event after the one that adds it; a full list refuses, and says how often)\n";
    for (const List& list : pipeline_.lists) text += describe(list);
    if (!pipeline_.maps.empty()) text += "\nMaps (a key that a map does not have gives what stands behind `otherwise`)\n";
    for (const Map& map : pipeline_.maps) text += describe(map);
    for (const Rule& rule : pipeline_.rules) text += describe(rule);
    return text + policy();
  }

 private:
  void add(const Expr& expr, const std::string& user) {
    if (expr.op != Op::aggregate) return;
    const auto [at, fresh] = index_.try_emplace(canonical(*expr.aggregate), windows_.size());
    if (fresh) windows_.push_back({expr.aggregate.get(), fmt::format("w{}", windows_.size() + 1), {}});
    std::vector<std::string>& users = windows_[at->second].users;
    if (users.empty() || users.back() != user) users.push_back(user);
  }

  std::string events(const std::vector<std::uint16_t>& on) const {
    std::string text;
    for (const std::uint16_t event : on) text += (text.empty() ? "" : ", ") + pipeline_.events[event].name;
    return text;
  }

  static std::string far_and_near(const Aggregate& aggregate) {
    const std::string near = aggregate.delay == 0 ? "te" : std::string("te - ") + print(aggregate.delay);
    const std::string far = std::string("te - ") + print(aggregate.width + aggregate.delay);
    if (aggregate.kind == AggregateKind::ewma) return fmt::format("since the start of the log, up to {}, each with half the weight of one {} later", near, print(aggregate.width));
    switch (aggregate.span) {
      case SpanKind::time: return fmt::format("later than {}, up to {}", far, near);
      case SpanKind::last_n: return fmt::format("the latest {} up to {}", aggregate.n, near);
      case SpanKind::since_start: return fmt::format("since the start of the log, up to {}", near);
    }
    return {};
  }

  std::string edges(const Aggregate& aggregate) const {
    std::string text = events(aggregate.on) + " with " + (aggregate.key.empty() ? "any key" : std::string("the same ") + print_key(aggregate.key));
    if (aggregate.where) text += std::string(" and ") + print(*aggregate.where, pipeline_);
    text += std::string(", ") + far_and_near(aggregate);
    if (aggregate.prior) text += "; this event is excluded";
    else if (aggregate.delay == 0) text += "; this event is included";
    if (const Duration late = lateness(pipeline_, aggregate); late != 0) text += std::string("; an event that may be late stands at its own time, up to ") + print(late) + " behind, and te is that time";
    if (aggregate.pane != 0) text += std::string("; approximate: times are rounded down to whole panes of ") + print(aggregate.pane);
    return text;
  }

  std::string describe(const Window& window) const {
    std::string users;
    for (const std::string& user : window.users) users += (users.empty() ? "" : ", ") + user;
    const char* shared = window.users.size() > 1 ? "shared by " : "used by ";
    return fmt::format("  {:<4} {}\n       {}\n       {}{}\n", window.number, print(*window.aggregate, pipeline_), edges(*window.aggregate), shared, users);
  }

  std::string state() const {
    std::string text;
    for (const std::string& group : groups_) text += "  " + group + '\n';
    if (!text.empty()) text = "\nState of windows\n" + text;
    const std::string other = other_state();
    return other.empty() ? text : text + "\nOther state (estimated)\n" + other;
  }

  std::string other_state() const {
    std::string text;
    for (const List& list : pipeline_.lists) text += fmt::format("  list {}: {} bytes a value\n", list.name, whole_lines(kept_key_bytes + bytes_of(list.type)));
    for (const Map& map : pipeline_.maps) {
      if (map.content != nullptr) text += fmt::format("  map {}: {} bytes\n", map.name, map.content->memory_bytes());
    }
    for (const Rule& rule : pipeline_.rules) {
      if (rule.cooldown != 0) text += fmt::format("  cooldown of {} per {}: {} bytes a key that cools down\n", rule.name, print_key(rule.cooldown_key), whole_lines(kept_key_bytes + 8 + key_bytes(rule, rule.cooldown_key)));
      if (rule.pattern) text += runs(rule);
    }
    return text;
  }

  std::size_t key_bytes(const Rule& rule, const std::vector<std::string>& key) const {
    std::size_t bytes = 0;
    for (const std::string& part : key) {
      const EventSchema& event = pipeline_.events[rule.on.front()];
      bytes += bytes_of(event.fields[static_cast<std::size_t>(event.find(part))].type);
    }
    return bytes;
  }

  // What a run keeps of its steps: each field that is read of them, and of a repeated step its totals.
  std::string runs(const Rule& rule) const {
    std::map<std::string, std::size_t> captured;
    for_each(rule, [&](const Expr& expr) {
      if (expr.op == Op::binding) captured[expr.name + '.' + expr.member] = expr.member.empty() ? 8 : std::max(captured[expr.name + '.' + expr.member], bytes_of(expr.type));
      if (is_over_repeated(expr)) captured[canonical(expr)] = 16;
    });
    std::size_t bytes = run_bytes;
    for (const auto& [what, size] : captured) bytes += size;
    if (is_timed(*rule.pattern)) bytes += waiting_bytes;
    if (remembers_last_event(*rule.pattern)) bytes += last_event_bytes;
    return fmt::format("  pattern of {} per {}: {} bytes a key with open runs and {} bytes a run, at most {} of them, none for longer than {}\n", rule.name, print_key(rule.pattern->key),
                       whole_lines(runs_key_bytes + std::max<std::size_t>(key_bytes(rule, rule.pattern->key), 8)),
                       whole_lines(bytes), rule.pattern->limit,
                       rule.pattern->steps.back().wait == 0 ? print(rule.pattern->within) : print(rule.pattern->within) + " and " + print(rule.pattern->steps.back().wait));
  }

  // What an expression reads, itself and through its lets: a bit for each window.
  std::vector<bool> windows_behind(const Expr& expr) const {
    std::vector<bool> used(windows_.size());
    const auto add_all = [&](const std::vector<bool>& others) {
      for (std::size_t i = 0; i < others.size(); ++i) used[i] = used[i] || others[i];
    };
    std::set<std::size_t> lets;
    for_each(expr, [&](const Expr& inner) {
      if (inner.op == Op::aggregate) used[index_.at(canonical(*inner.aggregate))] = true;
      if (inner.op == Op::let && lets.insert(inner.index).second) add_all(let_windows_[inner.index]);
      if (inner.op != Op::model || !lets.insert(pipeline_.lets.size() + inner.index).second) return;
      for (const auto& input : pipeline_.models[inner.index].inputs) {
        for_each(*input, [&](const Expr& read) {
          if (read.op == Op::aggregate) used[index_.at(canonical(*read.aggregate))] = true;
          if (read.op == Op::let && lets.insert(read.index).second) add_all(let_windows_[read.index]);
        });
      }
    });
    return used;
  }

  // "w1, w3"
  std::string windows_of(const Expr& expr) const {
    const std::vector<bool> used = windows_behind(expr);
    std::string text;
    std::size_t count = 0;
    for (std::size_t window = 0; window < used.size(); ++window) {
      if (!used[window] || ++count > windows_named_max) continue;
      text += (text.empty() ? "" : ", ") + windows_[window].number;
      if (windows_[window].users.size() > 1) text += " (shared)";
    }
    return count > windows_named_max ? text + fmt::format(" and {} more", count - windows_named_max) : text;
  }

  std::string describe(const Let& let) const {
    std::string text = fmt::format("  {} = {}\n       {}, read at {}", let.name, print(*let.expr, pipeline_), to_string(let.expr->type), events(let.readable_at));
    if (const std::string windows = windows_of(*let.expr); !windows.empty()) text += std::string("; ") + windows;
    if (!let.not_evaluated.empty()) text += std::string("\n       NOT EVALUATED by this release: ") + let.not_evaluated;
    return text + '\n';
  }

  static std::string describe(const List& list) {
    const std::string held = list.expires_after == 0 ? std::string("until it is removed") : std::string("for ") + print(list.expires_after);
    return fmt::format("  {} of {}, held {} unless the action says otherwise\n", list.name, to_string(list.type), held);
  }

  std::string describe(const Map& map) const {
    std::string text = fmt::format("  {} from {} to {}, ", map.name, to_string(map.from), to_string(map.to));
    if (!map.filled) return text + "does not say what it holds\n";
    if (map.content == nullptr) text += fmt::format("the entries of {}, which was not read", map.path);
    else text += map.content->size() == 1 ? "1 entry" : fmt::format("{} entries", map.content->size());
    if (map.content != nullptr && !map.path.empty()) text += " of " + map.path;
    Expr otherwise;
    otherwise.type = map.to;
    otherwise.value = map.otherwise;
    return text + ", otherwise " + (map.otherwise.missing ? std::string("missing") : print(otherwise, pipeline_)) + '\n';
  }

  std::string policy() const {
    const Policy& policy = pipeline_.policy;
    if (!policy.present) return "\nPolicy: none; every decision is approve, and the score is the sum of the live rules that fire\n";
    std::string text = "\nPolicy\n";
    std::string order;
    for (const std::string& name : policy.order) order.append(order.empty() ? "" : " > ").append(name);
    text += order.empty() ? "  of several decisions the first of decline, reject, challenge, review, allow, approve\n" : "  of several decisions the first of " + order + '\n';
    for (const auto& [decision, score] : policy.at_score) text += fmt::format("  {} at a score of {} and more\n", decision, score);
    if (policy.cap) text += fmt::format("  the score is at most {}\n", *policy.cap);
    return text + "  otherwise " + policy.default_decision + '\n';
  }

  std::string describe(const Action& action) const {
    switch (action.kind) {
      case ActionKind::allow: return "allow";
      case ActionKind::approve: return "approve";
      case ActionKind::decline: return "decline";
      case ActionKind::reject: return "reject";
      case ActionKind::review: return action.text.empty() ? "review" : std::string("review queue \"") + action.text + '"';
      case ActionKind::challenge: return std::string("challenge \"") + action.text + '"';
      case ActionKind::alert: return action.text.empty() ? "alert" : std::string("alert ") + action.text;
      case ActionKind::score: return std::string("score ") + print(*action.expr, pipeline_);
      case ActionKind::tag: return std::string("tag ") + action.text;
      case ActionKind::add_to_list: {
        const std::string ttl = action.ttl == 0 ? std::string() : std::string(" for ") + print(action.ttl);
        return std::string("add ") + print(*action.expr, pipeline_) + " to " + pipeline_.lists[action.list].name + ttl;
      }
      case ActionKind::remove_from_list: return std::string("remove ") + print(*action.expr, pipeline_) + " from " + pipeline_.lists[action.list].name;
    }
    return {};
  }

  std::string describe(const Pattern& pattern) const {
    std::string text;
    for (const Step& step : pattern.steps) {
      if (!text.empty()) text += step.immediately ? " then immediately " : " then ";
      text += (step.negated ? "no " : "") + (step.name.empty() ? std::string() : step.name + ": ") + pipeline_.events[step.event].name;
      if (step.condition) text += '(' + print(*step.condition, pipeline_) + ')';
      text += repetition(step);
      if (step.wait != 0) text += std::string(" for ") + print(step.wait);
    }
    text += std::string(" within ") + print(pattern.within) + " per " + print_key(pattern.key);
    if (pattern.where) text += std::string(" where ") + print(*pattern.where, pipeline_);
    if (is_timed(pattern)) text += std::string("; complete ") + (pattern.steps.back().wait != 0 ? print(pattern.steps.back().wait) + " after its last event" : print(pattern.within) + " after its first event") + ", with the first input or tick behind that";
    return text + fmt::format("; at most {} open runs a key, after a match {}", pattern.limit, pattern.skip_to_next ? "the next start" : "all runs of the key end");
  }

  static std::string repetition(const Step& step) {
    if (step.at_least == 1 && step.at_most == 1) return {};
    if (step.at_least == 0 && step.at_most == 1) return "?";
    if (step.at_most < 0) return fmt::format("{{{},}}", step.at_least);
    return fmt::format("{{{},{}}}", step.at_least, step.at_most);
  }

  static std::string_view word(RuleMode mode) {
    switch (mode) {
      case RuleMode::live: return "live";
      case RuleMode::shadow: return "shadow: recorded, without effect";
      case RuleMode::off: return "off";
      case RuleMode::live_percent: return "live for a share";
    }
    return {};
  }

  std::string describe(const Rule& rule) const {
    std::string text = fmt::format("\nrule {}{}\n  on {}\n", rule.name, rule.title.empty() ? std::string() : std::string(" \"") + rule.title + '"', events(rule.on));
    if (rule.when) text += std::string("  when ") + print(*rule.when, pipeline_) + '\n';
    if (rule.pattern) text += std::string("  pattern ") + describe(*rule.pattern) + '\n';
    if (rule.when) {
      if (const std::string windows = windows_of(*rule.when); !windows.empty()) text += std::string("  windows ") + windows + '\n';
    }
    std::string actions;
    for (const Action& action : rule.actions) actions += (actions.empty() ? "" : ", ") + describe(action);
    text += std::string("  then ") + (actions.empty() ? std::string("nothing but the record that it fired") : actions) + '\n';
    if (rule.mode == RuleMode::live_percent) text += fmt::format("  mode live for {} % by {}\n", rule.live_percent, rule.live_by);
    else if (rule.mode != RuleMode::live) text += fmt::format("  mode {}\n", word(rule.mode));
    if (rule.fire_if_missing) text += "  fires if a value is missing\n";
    if (rule.cooldown != 0) text += std::string("  cooldown ") + print(rule.cooldown) + " per " + print_key(rule.cooldown_key) + '\n';
    for (const Reason& reason : rule.reasons) text += describe(reason);
    if (!rule.not_evaluated.empty()) text += std::string("  NOT EVALUATED by this release: ") + rule.not_evaluated + "; it never fires\n";
    return text;
  }

  std::string describe(const Reason& reason) const {
    std::string text = std::string("  reason ") + reason.code + " \"";
    for (std::size_t i = 0; i < reason.texts.size(); ++i) {
      text += reason.texts[i];
      if (i < reason.exprs.size()) text += '{' + print(*reason.exprs[i], pipeline_) + '}';
    }
    return text + "\"\n";
  }

  const Pipeline& pipeline_;
  std::span<const std::string> groups_;
  std::vector<Window> windows_;
  std::map<std::string, std::size_t> index_;  // canonical text -> window
  std::vector<std::vector<bool>> let_windows_;
};

}  // namespace

std::string explain(const Pipeline& pipeline, std::span<const std::string> groups) { return Explainer(pipeline, groups).text(); }

}  // namespace pawl::language
