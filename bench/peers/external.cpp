#include "peers/external.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/scratch.hpp"

namespace pawl::bench {

const std::vector<ExternalPeer>& external_peers() {
  static const std::vector<ExternalPeer> peers{
      {"ring", "LMAX Disruptor", "disruptor-peer"},   {"ring", "Aeron IPC", "aeron-ipc-peer"},
      {"journal", "RocksDB", "rocksdb-peer", true},   {"journal", "SQLite", "sqlite-peer", true},
      {"journal", "Chronicle Queue", "chronicle-peer"}, {"journal", "Aeron Archive", "aeron-archive-peer"},
      {"journal", "Kafka", "kafka-peer"},             {"windows", "Esper", "esper-windows"},
      {"windows", "Flink", "flink-windows"},          {"windows", "Kafka Streams", "kafka-streams-windows"},
      {"rules", "Esper", "esper-rules"},              {"rules", "Flink", "flink-rules"},
  };
  return peers;
}

namespace {

std::string beside_this_program(const std::string& program) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "peers/" + program : (self.parent_path() / "peers" / program).string();
}

std::string last_line(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last.substr(0, 300);
}

// Empty, or which of its results is not ours.
std::string difference(const nlohmann::json& figure, const Sums& expected) {
  const auto sums = figure.value("sums", nlohmann::json());
  for (const auto& [name, sum] : expected) {
    if (!sums.is_object() || !sums.contains(name)) return fmt::format("its figure comes without results for {}", name);
    if (sums[name] != nlohmann::json(sum)) return fmt::format("its results for {} are not ours: they sum to {} instead of {}", name, sums[name].dump(), sum);
  }
  return "";
}

// One line of what a peer printed. `error` says why it is none.
Series figure_of(const std::string& line, const Sums& expected, std::string& error) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto has = [&](const char* key, auto is) { return json.is_object() && json.contains(key) && (json[key].*is)(); };
  using Json = nlohmann::json;
  const bool whole = has("group", &Json::is_string) && has("name", &Json::is_string) && has("unit", &Json::is_string) && has("value", &Json::is_number);
  if (!whole) error = "no figure in what it printed: " + line.substr(0, 300);
  else if (!has("verified", &Json::is_boolean) || !json["verified"].get<bool>()) error = "its figure is not verified: " + line.substr(0, 300);
  else if (const double value = json["value"]; !std::isfinite(value) || value <= 0) error = "its figure is not a positive number: " + line.substr(0, 300);
  else error = difference(json, expected);
  if (!error.empty()) return {};
  const std::string unit = json["unit"];
  return {.group = json["group"], .name = json["name"], .unit = unit, .values = {json["value"].get<double>()}, .higher_is_better = unit.ends_with("/s"), .peer = true};
}

// What the command printed on standard output; `status` is what the shell makes of its end.
std::string output_of(const std::string& command, int& status) {
  std::string text;
  status = 127;
  if (std::FILE* const pipe = ::popen(command.c_str(), "r"); pipe != nullptr) {
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
    const int ended = ::pclose(pipe);
    status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
  }
  return text;
}

std::string end_of(int status, int limit_s, const std::string& errors) {
  constexpr int timed_out = 124;  // timeout(1)
  if (status == timed_out) return fmt::format("it was ended after {} s", limit_s);
  const std::string said = last_line(errors);
  return fmt::format("it ended with status {}{}{}", status, said.empty() ? "" : ": ", said);
}

}  // namespace

std::string why_not(const ExternalPeer& peer) {
  const std::string program = beside_this_program(peer.program);
  if (std::filesystem::exists(program)) return "";
  if (const std::string reason = last_line(program + ".why-not"); !reason.empty()) return reason;
  return peer.native ? "not built: " + peer.program + " is missing" : "not built: tools/build-peers does it, or --peers all with tools/bench";
}

ExternalRun run_external(const std::string& command, int limit_s, const Sums& expected) {
  const Scratch scratch(std::filesystem::temp_directory_path().string());
  const std::string errors = scratch.path("errors");
  int status = 0;
  std::istringstream lines(output_of(fmt::format("timeout -k 5 {} {} 2>'{}'", limit_s, command, errors), status));
  if (status != 0) return {{}, end_of(status, limit_s, errors)};
  ExternalRun run;
  for (std::string line; std::getline(lines, line) && run.error.empty();) run.figures.push_back(figure_of(line, expected, run.error));
  if (run.figures.empty()) run.error = "it printed no figure";
  if (!run.error.empty()) run.figures.clear();
  return run;
}

ExternalPeers::ExternalPeers(const std::string& subcommand, Peers which, std::string arguments, std::string directory, Sums expected)
    : arguments_(std::move(arguments)), directory_(std::move(directory)), expected_(std::move(expected)) {
  for (const ExternalPeer& peer : external_peers()) {
    const bool chosen = which == Peers::all || (which == Peers::native && peer.native);
    if (chosen && peer.subcommand == subcommand) contestants_.push_back({peer, why_not(peer), ""});
  }
}

void ExternalPeers::run_once() {
  for (Contestant& contestant : contestants_) {
    if (contestant.not_ready.empty() && contestant.error.empty()) run(contestant);
  }
}

void ExternalPeers::run(Contestant& contestant) const {
  const std::string program = fmt::format("'{}' {}", beside_this_program(contestant.peer.program), arguments_);
  ExternalRun run;
  if (directory_.empty()) {
    run = run_external(program, external_limit_s, expected_);
  } else {
    const Scratch scratch(directory_);
    run = run_external(fmt::format("{} --directory '{}'", program, scratch.path("")), external_limit_s, expected_);
  }
  contestant.error = run.error;
  for (Series& figure : run.figures) {
    auto& figures = contestant.figures;
    const auto same = std::find_if(figures.begin(), figures.end(), [&](const Series& one) { return one.group == figure.group && one.name == figure.name; });
    if (same == figures.end()) figures.push_back(std::move(figure));
    else same->values.push_back(figure.values.front());
  }
}

namespace {

// Empty, or which figure can't stand in the table that it names.
std::string misfit(const std::vector<Series>& figures, const Outcome& outcome) {
  for (const Series& figure : figures) {
    const auto ours = std::find_if(outcome.series.begin(), outcome.series.end(), [&](const Series& one) { return one.group == figure.group; });
    if (ours != outcome.series.end() && ours->unit != figure.unit) return fmt::format("{}: {} among {}", figure.name, figure.unit, ours->unit);
  }
  return "";
}

}  // namespace

void ExternalPeers::append_to(Outcome& outcome) {
  for (Contestant& one : contestants_) {
    if (one.error.empty()) one.error = misfit(one.figures, outcome);
    if (!one.error.empty()) one.figures.clear();
  }
  const auto list = [&](const char* head, std::string Contestant::*reason) {
    std::string text;
    for (const Contestant& one : contestants_) {
      if (!(one.*reason).empty()) text += fmt::format("{}{} ({})", text.empty() ? head : "; ", one.peer.name, one.*reason);
    }
    if (!text.empty()) outcome.notes.push_back(text + ".");
  };
  list("Peers not run: ", &Contestant::not_ready);
  list("Peers that failed, whose figures are left out: ", &Contestant::error);
  for (Contestant& one : contestants_) {
    for (Series& figure : one.figures) outcome.series.push_back(std::move(figure));
  }
}

}  // namespace pawl::bench
