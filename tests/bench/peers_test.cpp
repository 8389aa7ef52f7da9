// The contract of peers that are programs of their own: with fakes that keep it, break it, fail and hang; and tiny runs of the real ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "fake_peers.hpp"
#include "peers/external.hpp"
#include "run_bench.hpp"

namespace peers_test {

using namespace pawl::bench;
using nlohmann::json;

namespace {

const std::string figure = R"({"name":"n","group":"g","unit":"M events/s","value":1.5,"verified":true,"version":"1"})";

ExternalRun printing(const std::string& text) { return run_external("printf '%s\\n' '" + text + "'"); }

bool says(const ExternalRun& run, const std::string& part) { return run.figures.empty() && run.error.find(part) != std::string::npos; }

json series_named(const json& result, const std::string& name) {
  for (const json& series : result["series"]) {
    if (series["name"] == name) return series;
  }
  return nullptr;
}

// Empty, or why the peers of the Java machine can't run.
std::string no_java() {
  if (std::system("command -v java >/dev/null 2>&1") != 0) return "no Java machine";
  for (const ExternalPeer& peer : external_peers()) {
    const bool tested = peer.subcommand == "ring" || peer.subcommand == "journal";
    const auto launcher = std::filesystem::path(PAWL_BENCH).parent_path() / "peers" / peer.program;
    if (tested && !std::filesystem::exists(launcher)) return peer.name + " is not built (tools/build-peers)";
  }
  return "";
}

}  // namespace

TEST_CASE("a peer hands over its figures as lines of JSON") {
  const ExternalRun run = printing(figure);
  REQUIRE(run.error.empty());
  REQUIRE(run.figures.size() == 1);
  CHECK(run.figures.front().values.front() == 1.5);
  CHECK(run.figures.front().higher_is_better);
  CHECK(run.figures.front().peer);
  const ExternalRun time = printing(R"({"name":"n","group":"g","unit":"ns/event","value":7,"verified":true})");
  REQUIRE(time.figures.size() == 1);
  CHECK(!time.figures.front().higher_is_better);
}

TEST_CASE("a figure that is not verified, not whole or no figure at all is refused, and with it the others of that run") {
  CHECK(says(printing(R"({"name":"n","group":"g","unit":"u","value":1.5,"verified":false})"), "not verified"));
  CHECK(says(printing(R"({"name":"n","group":"g","unit":"u","value":1.5})"), "not verified"));
  CHECK(says(printing(R"({"name":"n","group":"g","unit":"u","value":1.5,"verified":"yes"})"), "not verified"));
  CHECK(says(printing(R"({"name":"n","unit":"u","value":1.5,"verified":true})"), "no figure"));
  CHECK(says(printing(R"({"name":"n","group":7,"unit":"u","value":1.5,"verified":true})"), "no figure"));
  CHECK(says(printing(R"({"name":"n","group":"g","unit":"u","value":"1.5","verified":true})"), "no figure"));
  CHECK(says(printing(R"({"name":"n","group":"g","unit":"u","value":0,"verified":true})"), "not a positive number"));
  CHECK(says(printing(R"({"name":"n","group":"g","unit":"u","value":-1e3,"verified":true})"), "not a positive number"));
  CHECK(says(printing("[1]"), "no figure"));
  CHECK(says(printing("Starting ..."), "Starting"));
  CHECK(says(printing(figure + "\nDone."), "Done."));
  CHECK(says(run_external("true"), "printed no figure"));
}

TEST_CASE("a peer that fails says why, and one that hangs is ended") {
  CHECK(says(run_external("sh -c 'echo warming up >&2; echo no space left >&2; exit 3'"), "status 3: no space left"));
  CHECK(says(run_external("sh -c 'kill -SEGV $$'"), "status"));
  CHECK(says(run_external("/does/not/exist"), "status 127"));
  CHECK(says(run_external("sleep 60", 1), "ended after 1 s"));
  CHECK(says(run_external("sh -c 'printf \"%s\\n\" \"$0\"; exit 1' '" + figure + "'"), "status 1"));
}

TEST_CASE("a peer that fails does not lose the figures of the others") {
  const auto line = [](const std::string& name, const std::string& unit, const std::string& verified) {
    return R"(echo '{"group":"journal, events, disk","name":")" + name + R"(","unit":")" + unit + R"(","value":0.001,"verified":)" + verified + "}'";
  };
  FakePeers fakes;
  // Each run has a fresh directory; its last argument names it.
  fakes.add("rocksdb-peer", "for last; do :; done; test -d \"$last\" && mkdir \"$last/files\" || exit 1\n" + line("good", "M events/s", "true"))
      .add("sqlite-peer", line("boasting", "M events/s", "false"))
      .add("chronicle-peer", "echo 'log4j: no appenders'")
      .add("aeron-archive-peer", "echo 'error: driver timeout' >&2; exit 1")
      .add("kafka-peer", line("other", "ns", "true"));
  const std::string results = folder + "/fake-results";
  REQUIRE(run("journal --runs 2 --events 5000 --seconds 0.02 --rate 100000 --durability disk --peers all", results, fakes.program()) == 0);
  const json result = result_of("journal", results);
  CHECK(series_named(result, "good")["values"].size() == 2);
  CHECK(series_named(result, "good")["peer"] == true);
  CHECK(series_named(result, "disk, written")["ratio"]["to"] == "good");
  CHECK(!series_named(result, "disk, read back").contains("ratio"));
  for (const char* name : {"boasting", "other"}) CHECK_MESSAGE(series_named(result, name).is_null(), name);
  const std::string notes = notes_of(result);
  for (const char* part : {"SQLite (its figure is not verified", "Chronicle Queue (no figure in what it printed: log4j", "Aeron Archive (it ended with status 1: error: driver timeout)",
                           "Kafka (other: ns among M events/s)"}) {
    CHECK_MESSAGE(notes.find(part) != std::string::npos, notes);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) CHECK_MESSAGE(entry.path().filename().string().find("pawl-bench-") != 0, entry.path());
}

TEST_CASE("peers: all are named, with the reason for those that can't run") {
  FakePeers fakes;
  fakes.add("rocksdb-peer", "exit 1").without("kafka-peer", "not built: the registry is out of reach");
  const std::string printed = folder + "/peers.txt";
  REQUIRE(std::system((fakes.program() + " peers >" + printed).c_str()) == 0);
  std::ostringstream text;
  text << std::ifstream(printed).rdbuf();
  for (const ExternalPeer& peer : external_peers()) CHECK_MESSAGE(text.str().find(peer.name) != std::string::npos, peer.name);
  CHECK(text.str().find("ready") != std::string::npos);
  CHECK(text.str().find("not built: sqlite-peer is missing") != std::string::npos);
  CHECK(text.str().find("not built: tools/build-peers") != std::string::npos);
  CHECK(text.str().find("the registry is out of reach") != std::string::npos);
}

TEST_CASE("the peers of the Java machine, tiny") {
  if (const std::string reason = no_java(); !reason.empty()) {
    MESSAGE("SKIPPED: peers of the Java machine: ", reason);
    return;
  }
  const std::string results = folder + "/java-results";
  REQUIRE(run("ring --runs 1 --events 20000 --slots 1024 --peers all", results) == 0);
  const json ring = result_of("ring", results);
  for (const char* name : {"LMAX Disruptor 4", "Aeron IPC 1"}) CHECK_MESSAGE(has_series(ring, name), name, notes_of(ring));
  REQUIRE(run("journal --runs 1 --events 20000 --seconds 0.02 --rate 100000 --peers all", results) == 0);
  const json journal = result_of("journal", results);
  for (const char* name : {"Chronicle Queue", "Aeron Archive", "Kafka"}) CHECK_MESSAGE(has_series(journal, name), name, notes_of(journal));
}

}  // namespace peers_test
