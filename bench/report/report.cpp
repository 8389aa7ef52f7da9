// pawl-bench report: one page of everything that was measured, with its charts, to be opened anywhere without a network.
#include <fmt/format.h>

#include <array>
#include <cstdlib>
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
  std::string from;             // a kept result instead; empty: the last results
  std::string keep;             // folder of kept results; empty: none
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
                           Part{"pipeline", "--runs 3 --events 500000 --rate 500000 --seconds 2 --breakdown --sweep 100000,250000,500000,1000000 --sweep-seconds 0.5"}};

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

// Four digits: what is kept is read by people, and stands in version control.
void round_numbers(json& value) {
  if (value.is_structured()) {
    for (json& part : value) round_numbers(part);
  } else if (value.is_number_float()) {
    value = std::strtod(fmt::format("{:.4g}", value.get<double>()).c_str(), nullptr);
  }
}

// All results as they are, with fewer digits; a line for each figure and curve, so that two of them can be compared line by line.
std::string kept(json results) {
  std::string text = "[";
  for (json& result : results) {
    round_numbers(result);
    text += text.size() > 1 ? ",\n{" : "\n{";
    std::string members;
    for (const auto& [name, value] : result.items()) {
      members += members.empty() ? "" : ",\n ";
      members += json(name).dump() + ": ";
      if (name != "series" && name != "curves") {
        members += value.dump();
        continue;
      }
      members += "[";
      for (std::size_t i = 0; i < value.size(); ++i) members += (i == 0 ? "\n  " : ",\n  ") + value[i].dump();
      members += "]";
    }
    text += members + "}";
  }
  return text + "\n]\n";
}

json read_kept(const std::string& path) {
  json results = json::parse(read(path), nullptr, false);
  if (!results.is_array() || results.empty() || results[0].value("pawl_bench", 0) != 1) fail(path + " was not kept by pawl-bench report --keep");
  return results;
}

int report(const Options& options) {
  if (options.measure && options.from.empty()) measure_missing(options);
  const json results = options.from.empty() ? read_results(options) : read_kept(options.from);
  write(options.output, page(results));
  fmt::print("{}\n", options.output);
  if (options.keep.empty()) return 0;
  const std::string path = fmt::format("{}/{}-{}.json", options.keep, utc_now().substr(0, 10), results[0]["facts"]["commit"].get<std::string>().substr(0, 7));
  write(path, kept(results));
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
  command.add_option("--from", options->from, "Of this kept result, instead of the last ones")->check(CLI::ExistingFile);
  command.add_option("--keep", options->keep, "Also keep the results in this folder, in one small file, dated");
  command.add_flag("!--no-measure", options->measure, "Only what is there");
  command.callback([=, &action] { action = [=] { return report(*options); }; });
}

}  // namespace pawl::bench
