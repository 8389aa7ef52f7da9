#include "harness/agreement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/statistics.hpp"

namespace pawl::bench {
namespace {

using nlohmann::json;

struct Reading {
  const char* group;
  const char* name;
  const char* unit;
  double Condition::*value;
};
constexpr std::array readings{Reading{"the machine meanwhile, ns", "one step of a fixed loop", "ns", &Condition::step_ns},
                              Reading{"the machine meanwhile, ns", "one line from core to core", "ns", &Condition::line_ns},
                              Reading{"the machine meanwhile, % of time", "an empty loop was interrupted", "%", &Condition::lost_percent}};

std::vector<double> values_of(const std::vector<Condition>& conditions, const Reading& reading) {
  std::vector<double> values;
  for (const Condition& condition : conditions) values.push_back(condition.*reading.value);
  return values;
}

std::string range(const std::vector<double>& values, const char* unit) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{} to {} {}", short_number(*low), short_number(*high), unit);
}

// "one step of a fixed loop took 0.97 to 1.31 ns": of what was not steady; of interruptions always, if there were any.
std::string unsteady(const std::vector<Condition>& conditions) {
  constexpr double shaky_percent = 5;
  std::string text;
  if (conditions.empty()) return text;
  for (const Reading& reading : readings) {
    const std::vector<double> values = values_of(conditions, reading);
    const bool percent = reading.unit[0] == '%';
    if (percent ? *std::max_element(values.begin(), values.end()) < 1 : spread_percent(values) < shaky_percent) continue;
    text += fmt::format("; {} {}{}", reading.name, percent ? "" : "took ", range(values, reading.unit)) + (percent ? " of its time" : "");
  }
  return text;
}

std::string names(const std::vector<const Series*>& series) {
  constexpr std::size_t shown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(series.size(), shown); ++i) text += fmt::format("{}{} ({:.0f} %)", i == 0 ? "" : ", ", series[i]->name, doubt_percent(series[i]->values));
  return series.size() > shown ? text + ", ..." : text;
}

}  // namespace

std::string judge(const Outcome& outcome) {
  std::vector<const Series*> judged, noisy;
  std::size_t once = 0;
  for (const Series& series : outcome.series) {
    if (!series.judged) continue;
    judged.push_back(&series);
    if (series.values.size() < 2) ++once;
    if (doubt_percent(series.values) > noisy_percent) noisy.push_back(&series);
  }
  if (judged.empty()) return "No figure to judge.";
  if (once == judged.size()) return "One run says nothing of the next: take --runs 5 or more.";
  if (noisy.empty()) return fmt::format("Steady: the medians of all {} figures are known to {:.0f} %, so the same command on this machine should agree.", judged.size(), noisy_percent);
  std::sort(noisy.begin(), noisy.end(), [](const Series* a, const Series* b) { return doubt_percent(a->values) > doubt_percent(b->values); });
  return fmt::format("TOO NOISY for {} of {} figures: their medians are not known to {:.0f} %, and the same command may give others. Worst: {}. Why: {}{}.", noisy.size(), judged.size(),
                     noisy_percent, names(noisy), outcome.disturbance, unsteady(outcome.conditions));
}

std::vector<Series> condition_series(const std::vector<Condition>& conditions) {
  std::vector<Series> all;
  for (const Reading& reading : readings) {
    if (conditions.empty()) continue;
    all.push_back({.group = reading.group, .name = reading.name, .unit = reading.unit, .values = values_of(conditions, reading), .higher_is_better = false, .judged = false});
  }
  return all;
}

// --- two runs ---

namespace {

const json* find(const json& outcome, const json& wanted) {
  for (const json& series : outcome.at("series")) {
    if (series.at("group") == wanted.at("group") && series.at("name") == wanted.at("name")) return &series;
  }
  return nullptr;
}

bool apart(double a, double b) {
  const double low = std::min(std::abs(a), std::abs(b)), high = std::max(std::abs(a), std::abs(b));
  return high > low * (1 + noisy_percent / 100);
}

std::string machine_differences(const json& before, const json& now) {
  std::string text;
  for (const json& series : now.at("series")) {
    if (!series.at("group").get<std::string>().starts_with("the machine meanwhile")) continue;
    const json* const other = find(before, series);
    if (other == nullptr || !apart(other->at("median"), series.at("median"))) continue;
    text += fmt::format("{}{}: {} then, {} {} now", text.empty() ? "" : "; ", series.at("name").get<std::string>(), short_number(other->at("median")), short_number(series.at("median")),
                        series.at("unit").get<std::string>());
  }
  return text.empty() ? "its own readings (a fixed loop, L, interruptions) agree; what differed they do not show" : text;
}

}  // namespace

Comparison compare(const json& before, const json& now) {
  Comparison comparison;
  for (const json& series : now.at("series")) {
    const json* const other = find(before, series);
    if (other == nullptr || !series.value("judged", true)) continue;
    ++comparison.compared;
    const double was = other->at("median"), is = series.at("median");
    if (apart(was, is)) comparison.moved.push_back({series.at("group"), series.at("name"), was, is, other->value("noisy", false) || series.value("noisy", false)});
  }
  comparison.machine = machine_differences(before, now);
  return comparison;
}

std::string Comparison::text(const std::string& of_what) const {
  const auto noisy = static_cast<std::size_t>(std::count_if(moved.begin(), moved.end(), [](const Moved& one) { return one.was_noisy; }));
  std::string text = fmt::format("Beside {}: {} of {} figures agree within {:.0f} %", of_what, compared - moved.size(), compared, noisy_percent);
  if (moved.empty()) return text + ".";
  text += fmt::format("; {} do not, {} of which one of the runs called too noisy.", moved.size(), noisy);
  for (const Moved& one : moved) {
    if (!one.was_noisy) text += fmt::format("\n  moved though steady in both: {}, {}: {} then, {} now", one.group, one.name, short_number(one.before), short_number(one.now));
  }
  return noisy == moved.size() ? text : text + "\n  The machine: " + machine + ".";
}

}  // namespace pawl::bench
