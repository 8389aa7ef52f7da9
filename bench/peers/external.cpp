#include "peers/external.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/fail.hpp"

namespace pawl::bench {

const std::vector<ExternalPeer>& external_peers() {
  static const std::vector<ExternalPeer> peers{
      {"ring", "LMAX Disruptor 4", "disruptor-peer"},     {"ring", "Aeron IPC", "aeron-ipc-peer"},
      {"journal", "Chronicle Queue", "chronicle-peer"},   {"journal", "Aeron Archive", "aeron-archive-peer"},
      {"journal", "Kafka", "kafka-peer"},                 {"journal", "RocksDB", "rocksdb-peer"},
      {"journal", "SQLite WAL", "sqlite-peer"},           {"windows", "Esper", "esper-peer"},
      {"windows", "Flink", "flink-peer"},                 {"windows", "Kafka Streams", "kafka-streams-peer"},
  };
  return peers;
}

namespace {

std::string beside_this_program(const std::string& program) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "peers/" + program : (self.parent_path() / "peers" / program).string();
}

}  // namespace

std::string why_not(const ExternalPeer& peer) {
  return std::filesystem::exists(beside_this_program(peer.program)) ? "" : "not built: " + peer.program + " is missing";
}

std::vector<Series> run_external(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) fail("cannot start " + command);
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  if (const int status = ::pclose(pipe); status != 0) fail(fmt::format("{}: ended with status {}", command, WEXITSTATUS(status)));
  std::vector<Series> figures;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.value("verified", false)) fail(command + ": no verified figure in what it printed: " + line);
    figures.push_back({.group = json.at("group"), .name = json.at("name"), .unit = json.at("unit"), .values = {json.at("value").get<double>()}, .peer = true});
  }
  return figures;
}

void run_external_peers(const std::string& subcommand, const std::string& arguments, int runs, Outcome& outcome) {
  std::string missing;
  std::vector<Series> figures;
  for (int run = 0; run < runs; ++run) {
    for (const ExternalPeer& peer : external_peers()) {
      if (peer.subcommand != subcommand) continue;
      if (const std::string reason = why_not(peer); !reason.empty()) {
        if (run == 0) missing += fmt::format("{}{} ({})", missing.empty() ? "" : "; ", peer.name, reason);
        continue;
      }
      for (Series& figure : run_external(fmt::format("'{}' {}", beside_this_program(peer.program), arguments))) {
        const auto same = std::find_if(figures.begin(), figures.end(), [&](const Series& one) { return one.group == figure.group && one.name == figure.name; });
        if (same == figures.end()) figures.push_back(std::move(figure));
        else same->values.push_back(figure.values.front());
      }
    }
  }
  for (Series& figure : figures) outcome.series.push_back(std::move(figure));
  if (!missing.empty()) outcome.notes.push_back("Not run: " + missing + ".");
}

}  // namespace pawl::bench
