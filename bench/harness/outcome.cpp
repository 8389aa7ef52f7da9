// Results as files: JSON for reports, CSV for spreadsheets, .hgrm for HdrHistogram's plotter.
#include "harness/outcome.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/fail.hpp"
#include "harness/hgrm.hpp"
#include "harness/statistics.hpp"

namespace pawl::bench {
namespace {

using nlohmann::json;

void write_text(const std::string& text, const std::string& path) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) fail("cannot write " + path);
}

json series_json(const Outcome& outcome, const Series& series) {
  json out = {{"group", series.group}, {"name", series.name}, {"unit", series.unit}, {"median", median(series.values)},
              {"spread_percent", spread_percent(series.values)}, {"noisy", doubt_percent(series.values) > noisy_percent}, {"values", series.values},
              {"higher_is_better", series.higher_is_better}, {"peer", series.peer}, {"judged", series.judged}};
  if (!series.base.empty()) out["ratio"] = {{"to", series.base}, {"label", series.base_label}, {"value", ratio(outcome, series)}};
  if (series.x >= 0) {
    out["x"] = series.x;
    out["line"] = series.line;
  }
  return out;
}

json curve_json(const Curve& curve) {
  json points = json::array();
  for (const CurvePoint& point : curve_points(curve.histogram)) points.push_back({point.percentile, point.value});
  const auto at = [&](double fraction) { return curve.histogram.at(fraction); };
  return {{"group", curve.group}, {"name", curve.name}, {"rate", curve.rate}, {"noise", curve.noise}, {"peer", curve.peer},
          {"count", curve.histogram.count()}, {"p50_ns", at(0.5)}, {"p99_ns", at(0.99)}, {"p99_9_ns", at(0.999)}, {"p99_99_ns", at(0.9999)},
          {"max_ns", at(1)}, {"points", points}};
}

// A field of a CSV row: quoted when it has to be.
std::string csv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string file_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    else if (!name.empty() && name.back() != '-') name += '-';
  }
  return name;
}

}  // namespace

json to_json(const Outcome& outcome) {
  json facts = json::object();
  for (const auto& [name, value] : outcome.facts) facts[name] = value;
  json out = {{"pawl_bench", 1}, {"command", outcome.command}, {"arguments", outcome.arguments}, {"runs", outcome.runs}, {"facts", facts},
              {"notes", outcome.notes}, {"disturbance", outcome.disturbance}, {"verdict", outcome.verdict}, {"series", json::array()}, {"curves", json::array()}};
  for (const Series& series : outcome.series) out["series"].push_back(series_json(outcome, series));
  for (const Curve& curve : outcome.curves) out["curves"].push_back(curve_json(curve));
  return out;
}

void write_json(const Outcome& outcome, const std::string& path) { write_text(to_json(outcome).dump(1) + "\n", path); }

void write_csv(const Outcome& outcome, const std::string& path) {
  std::string text = "command,group,name,unit,x,run,value\n";
  for (const Series& series : outcome.series) {
    for (std::size_t run = 0; run < series.values.size(); ++run) {
      text += fmt::format("{},{},{},{},{},{},{}\n", csv(outcome.command), csv(series.group), csv(series.name), csv(series.unit),
                          series.x < 0 ? "" : fmt::format("{}", series.x), run, series.values[run]);
    }
  }
  write_text(text, path);
}

void write_hgrm(const Outcome& outcome, const std::string& prefix) {
  for (const Curve& curve : outcome.curves) write_text(to_hgrm(curve.histogram), prefix + "-" + file_name(curve.group + " " + curve.name) + ".hgrm");
}

}  // namespace pawl::bench
