// pawl-bench report: one page of everything that was measured, with its charts, to be opened anywhere without a network.
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "commands.hpp"
#include "harness/fail.hpp"

namespace pawl::bench {
namespace {

using nlohmann::json;

struct Options {
  std::string results = "build/bench-results";
  std::string output = "build/bench-results/report.html";
  std::string directory = "build/bench-files";  // of the runs that are missing
  std::string keep;             // folder of kept summaries; empty: none
  bool measure = true;
};

// What a report shows, and how it is measured when nobody has: briefly, with native peers.
struct Part {
  const char* command;
  const char* arguments;
};
constexpr std::array parts{Part{"machine", "--runs 3 --seconds 0.5 --depths 1"},
                           Part{"ring", "--runs 3 --events 2000000 --slots 8192,65536 --peers"},
                           Part{"journal", "--runs 3 --events 2000000 --seconds 0.5 --peers"},
                           Part{"windows", "--runs 3 --events 400000 --keys 20000"},
                           Part{"rules", "--runs 3 --events 40000"},
                           Part{"replay", "--runs 3 --events 300000"},
                           Part{"pipeline", "--runs 3 --events 500000 --rate 500000 --seconds 2 --sweep 100000,250000,500000,1000000 --sweep-seconds 0.5"}};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const std::string& path, const std::string& text) {
  std::error_code ignored;
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) std::filesystem::create_directories(folder, ignored);
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) fail("cannot write " + path);
}

void measure_missing(const Options& options) {
  for (const Part& part : parts) {
    if (std::filesystem::exists(fmt::format("{}/{}.json", options.results, part.command))) continue;
    const std::string command =
        fmt::format("'{}' {} {} --directory '{}' --results '{}'", std::filesystem::read_symlink("/proc/self/exe").string(), part.command, part.arguments, options.directory, options.results);
    fmt::print("report: measuring {} {}\n", part.command, part.arguments);
    std::fflush(stdout);
    if (std::system((command + " >/dev/null").c_str()) != 0) fail("this failed: " + command);
  }
}

json read_results(const Options& options) {
  json results = json::array();
  for (const Part& part : parts) {
    const std::string path = fmt::format("{}/{}.json", options.results, part.command);
    if (!std::filesystem::exists(path)) continue;
    json result = json::parse(read(path), nullptr, false);
    if (!result.is_object() || result.value("pawl_bench", 0) != 1) fail(path + " is no result of pawl-bench");
    results.push_back(std::move(result));
  }
  if (results.empty()) fail("no results in " + options.results + "; run a subcommand, or leave out --no-measure");
  return results;
}

std::string replace(std::string text, const std::string& mark, const std::string& with) {
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) fail("the page has no " + mark);
  return text.replace(at, mark.size(), with);
}

std::string page(const json& results) {
  const std::string folder = PAWL_SOURCE_DIR "/bench/report/";
  std::string data = results.dump();
  for (std::size_t at = data.find("</"); at != std::string::npos; at = data.find("</", at + 3)) data.replace(at, 2, "<\\/");
  std::string text = replace(read(folder + "page.html"), "{{STYLE}}", read(folder + "page.css"));
  text = replace(text, "{{SCRIPT}}", read(folder + "page.js"));
  text = replace(text, "{{LIBRARY}}", read(PAWL_CHART_JS));
  return replace(text, "{{RESULTS}}", data);
}

// A kept result without what makes it large: single runs and curves.
json summary(const json& result) {
  json small = {{"command", result["command"]}, {"arguments", result["arguments"]}, {"runs", result["runs"]}, {"facts", result["facts"]}, {"series", json::array()}};
  for (const json& series : result["series"]) {
    json row = {{"group", series["group"]}, {"name", series["name"]}, {"unit", series["unit"]}, {"median", series["median"]}, {"spread_percent", series["spread_percent"]}};
    if (series.contains("ratio")) row["ratio"] = series["ratio"];
    if (series.value("peer", false)) row["peer"] = true;
    small["series"].push_back(std::move(row));
  }
  return small;
}

int report(const Options& options) {
  if (options.measure) measure_missing(options);
  const json results = read_results(options);
  write(options.output, page(results));
  fmt::print("{}\n", options.output);
  if (options.keep.empty()) return 0;
  json kept = json::array();
  for (const json& result : results) kept.push_back(summary(result));
  const std::string path = fmt::format("{}/{}-{}.json", options.keep, utc_now().substr(0, 10), results[0]["facts"]["commit"].get<std::string>().substr(0, 7));
  write(path, kept.dump(1) + "\n");
  fmt::print("{}\n", path);
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("report", "One HTML page of the last results; what was not measured yet is, briefly");
  command.add_option("--results", options->results, "Where the results of the subcommands lie")->capture_default_str();
  command.add_option("--output", options->output, "The page")->capture_default_str();
  command.add_option("--directory", options->directory, "For journals and test files of what is measured")->capture_default_str();
  command.add_option("--keep", options->keep, "Also write a small summary into this folder, dated");
  command.add_flag("!--no-measure", options->measure, "Only what is there");
  command.callback([=, &action] { action = [=] { return report(*options); }; });
}

}  // namespace pawl::bench
