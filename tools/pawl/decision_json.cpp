#include "pawl/decision_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "pawl/core/event/format.hpp"
#include "pawl/journal/hash.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

using rules::Decision;
using rules::ShownValue;

// Halves away from zero. REQUIRES: denominator > 0.
Int128 rounded(const Fraction& fraction) {
  const Int128 whole = fraction.numerator / fraction.denominator, rest = fraction.numerator % fraction.denominator;
  const Int128 size = rest < 0 ? -rest : rest;
  if (size < fraction.denominator - size) return whole;
  return fraction.numerator < 0 ? whole - 1 : whole + 1;
}

// In the form of CSV cells. REQUIRES: there is a value.
std::string exact_text(const Decision& decision, std::size_t value) {
  const ShownValue& shown = decision.plan().shown[value];
  if (shown.type.kind == Kind::text) return std::string(decision.shown_text(value));
  const Fraction number = decision.shown_value(value);
  std::array<char, print_bytes_max> room;
  if (shown.type.ratio) return {room.data(), print_ratio(shown.type, number, room.data())};
  return {room.data(), print_number(shown.type, static_cast<std::int64_t>(number.numerator), shown.labels, room.data())};
}

std::string reason_value(const Decision& decision, std::size_t value) {
  const ShownValue& shown = decision.plan().shown[value];
  if (!decision.shown_present(value)) return "missing";
  if (shown.type.kind == Kind::boolean) return decision.shown_value(value).numerator != 0 ? "true" : "false";
  const bool scaled = shown.type.kind == Kind::money || shown.type.kind == Kind::decimal;
  if (!shown.type.ratio || !scaled) return exact_text(decision, value);
  const Int128 units = rounded(decision.shown_value(value));
  if (units < INT64_MIN || units > INT64_MAX) return exact_text(decision, value);
  std::array<char, print_bytes_max> room;
  return {room.data(), print_scaled(static_cast<std::int64_t>(units), shown.type.scale, room.data())};
}

std::string json_value(const Decision& decision, std::size_t value) {
  if (!decision.shown_present(value)) return "null";
  if (decision.plan().shown[value].type.kind == Kind::boolean) return decision.shown_value(value).numerator != 0 ? "true" : "false";
  return json_string(exact_text(decision, value));
}

std::string json_list(const char* name, const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list.append(list.empty() ? "" : ",").append(json_string(text));
  return texts.empty() ? std::string() : fmt::format(",\"{}\":[{}]", name, list);
}

int alert_rank(const std::string& level) { return level == "high" ? 3 : level == "medium" ? 2 : 1; }

}  // namespace

DecisionJson::DecisionJson(const language::Pipeline& pipeline) : pipeline_(pipeline) {
  journal::Hasher hasher;
  std::string hash;
  for (const std::byte byte : hasher.sha_256({std::as_bytes(std::span(pipeline.source))})) hash += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  about_pipeline_ = fmt::format(",\"pipeline\":{},\"version\":{},\"hash\":\"{}\"", json_string(pipeline.name), pipeline.version, hash);
}

const std::string& DecisionJson::line(const Decision& decision) {
  line_ = fmt::format("{{\"sequence\":{}", decision.sequence());
  if (decision.is_timed()) add_match(decision);
  add_id(decision);
  line_ += fmt::format(",\"event\":{},\"source\":{},\"ticket\":{}", json_string(decision.event().name), decision.source(), decision.ticket());
  line_ += about_pipeline_;
  line_ += fmt::format(",\"decision\":\"{}\",\"score\":{},\"fired\":[", decision.decision(), decision.score());
  add_rules(decision, "", true);
  line_ += ']';
  add_actions(decision);
  add_rules(decision, "shadow", false);
  add_names(decision, "suppressed", &Decision::suppressed);
  add_names(decision, "missing", &Decision::could_not_be_evaluated);
  line_ += '}';
  return line_;
}

// Of a timed output: which one of the input it is, the first event that the pattern took, and the pattern's key.
void DecisionJson::add_match(const Decision& decision) {
  line_ += fmt::format(",\"output\":{},\"first\":{},\"key\":{{", decision.output(), decision.first_sequence());
  const std::vector<std::string>& key = pipeline_.rules[decision.timed_rule()].pattern->key;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const Decision::KeyValue value = decision.key_value(i);
    std::array<char, print_bytes_max> room;
    const bool is_text = value.field.type.kind == Kind::text;
    const std::string_view text = is_text ? value.text : std::string_view(room.data(), print_number(value.field.type, value.number, value.field.labels, room.data()));
    line_.append(i == 0 ? "" : ",").append(json_string(key[i])).append(":").append(json_string(text));
  }
  line_ += '}';
}

void DecisionJson::add_id(const Decision& decision) {
  if (!decision.has_id()) return;
  if (decision.id_is_text()) {
    line_.append(",\"id\":").append(json_string(decision.id_text()));
    return;
  }
  const EventSchema& event = decision.event();
  const Field& field = event.fields[static_cast<std::size_t>(event.find("id"))];
  std::array<char, print_bytes_max> room;
  const std::size_t bytes = print_number(field.type, decision.id(), field.labels, room.data());
  line_.append(",\"id\":").append(json_string({room.data(), bytes}));
}

// Those that fired live, or in shadow under a name of their own.
void DecisionJson::add_rules(const Decision& decision, const char* name, bool live) {
  if (!decision.any_fired()) return;
  bool first = true;
  for (std::size_t rule = 0; rule < pipeline_.rules.size(); ++rule) {
    if (live ? !decision.fired_live(rule) : !decision.fired_in_shadow(rule)) continue;
    if (!first) line_ += ',';
    if (first && !live) line_.append(",\"").append(name).append("\":[");
    first = false;
    add_rule(decision, rule);
  }
  if (!live && !first) line_ += ']';
}

void DecisionJson::add_rule(const Decision& decision, std::size_t rule) {
  const rules::RulePlan& plan = decision.plan().rules[rule];
  line_.append("{\"rule\":").append(json_string(pipeline_.rules[rule].name));
  for (std::size_t reason = 0; reason < pipeline_.rules[rule].reasons.size(); ++reason) {
    line_ += fmt::format("{}{{\"code\":{},\"text\":{}}}", reason == 0 ? ",\"reasons\":[" : ",", json_string(pipeline_.rules[rule].reasons[reason].code),
                         json_string(reason_text(decision, rule, reason)));
  }
  if (!pipeline_.rules[rule].reasons.empty()) line_ += ']';
  for (std::size_t i = 0; i < plan.values.size(); ++i) {
    line_.append(i == 0 ? ",\"values\":{" : ",").append(json_string(decision.plan().shown[plan.values[i]].text)).append(":").append(json_value(decision, plan.values[i]));
  }
  line_ += plan.values.empty() ? "}" : "}}";
}

std::string DecisionJson::reason_text(const Decision& decision, std::size_t rule, std::size_t reason) {
  const language::Reason& definition = decision.plan().pipeline->rules[rule].reasons[reason];
  const std::vector<std::size_t>& holes = decision.plan().rules[rule].holes[reason];
  std::string text;
  for (std::size_t i = 0; i < definition.texts.size(); ++i) {
    text += definition.texts[i];
    if (i < holes.size()) text += reason_value(decision, holes[i]);
  }
  return text;
}

// What live rules ask people and other services to do; of several alerts the highest. One without a level is low.
void DecisionJson::add_actions(const Decision& decision) {
  if (!decision.any_fired()) return;
  std::string alert;
  std::vector<std::string> queues, challenges, tags;
  const auto add = [](std::vector<std::string>& texts, const std::string& text) {
    if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  };
  for (std::size_t rule = 0; rule < pipeline_.rules.size(); ++rule) {
    if (!decision.fired_live(rule)) continue;
    for (const language::Action& action : pipeline_.rules[rule].actions) {
      const std::string level = action.text.empty() ? "low" : action.text;
      if (action.kind == language::ActionKind::alert && (alert.empty() || alert_rank(level) > alert_rank(alert))) alert = level;
      if (action.kind == language::ActionKind::review) add(queues, action.text);
      if (action.kind == language::ActionKind::challenge) add(challenges, action.text);
      if (action.kind == language::ActionKind::tag) add(tags, action.text);
    }
  }
  if (!alert.empty()) line_ += fmt::format(",\"alert\":\"{}\"", alert);
  line_.append(json_list("queues", queues)).append(json_list("challenges", challenges)).append(json_list("tags", tags));
}

void DecisionJson::add_names(const Decision& decision, const char* name, bool (Decision::*holds)(std::size_t) const noexcept) {
  std::vector<std::string> names;
  for (std::size_t rule = 0; rule < pipeline_.rules.size(); ++rule) {
    if ((decision.*holds)(rule)) names.push_back(pipeline_.rules[rule].name);
  }
  line_ += json_list(name, names);
}

}  // namespace pawl::tools
