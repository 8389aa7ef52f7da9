#include "peers/external.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

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

Series run_external(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) fail("cannot start " + command);
  std::string line;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) line += static_cast<char>(c);
  if (const int status = ::pclose(pipe); status != 0) fail(fmt::format("{}: ended with status {}", command, WEXITSTATUS(status)));
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.value("verified", false)) fail(command + ": no verified figure in what it printed: " + line);
  return {.group = json.at("group"), .name = json.at("name"), .unit = json.at("unit"), .values = {json.at("value").get<double>()}, .peer = true};
}

}  // namespace pawl::bench
