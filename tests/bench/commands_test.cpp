// Tiny runs of pawl-bench: every subcommand ends well, checks its results, and writes what was asked for.
#include <doctest/doctest.h>

#include "run_bench.hpp"

using namespace pawl::bench;
using nlohmann::json;

TEST_CASE("machine: yardsticks") {
  REQUIRE(run("machine --runs 1 --seconds 0.02 --rate 100000 --depths 1 --backends pwritev2") == 0);
  const json result = result_of("machine");
  for (const char* name : {"L:", "S:", "M:", "K(1)", "K(6)", "N:", "D'", "B'"}) CHECK_MESSAGE(has_series(result, name), name);
  CHECK(result["facts"].contains("commit"));
  CHECK(result["curves"].size() == 2);
}

TEST_CASE("ring: ours beside the peers, as CSV and JSON too") {
  REQUIRE(run("ring --runs 1 --events 20000 --slots 1024 --peers --csv " + folder + "/ring.csv --json " + folder + "/copy.json") == 0);
  const json result = result_of("ring");
  for (const char* name : {"pawl Ring", "ByteRing", "boost spsc_queue", "ReaderWriterQueue", "ConcurrentQueue", "TBB", "L:"}) CHECK_MESSAGE(has_series(result, name), name);
  CHECK(result == json::parse(std::ifstream(folder + "/copy.json")));
  std::string header;
  std::getline(std::ifstream(folder + "/ring.csv"), header);
  CHECK(header == "command,group,name,unit,x,run,value");
}

TEST_CASE("journal: three levels beside B'") {
  REQUIRE(run("journal --runs 1 --events 20000 --seconds 0.02 --rate 100000 --peers --hgrm " + folder + "/journal") == 0);
  const json result = result_of("journal");
  for (const char* name : {"B'", "disk, written", "os, written", "memory, written", "disk, read back", "RocksDB", "SQLite"}) CHECK_MESSAGE(has_series(result, name), name);
  CHECK(std::filesystem::exists(folder + "/journal-open-loop-at-100000-events-s-D-bare-loop.hgrm"));
}

TEST_CASE("windows, rules, replay") {
  REQUIRE(run("windows --runs 1 --events 20000 --keys 200") == 0);
  CHECK(has_series(result_of("windows"), "K:"));
  REQUIRE(run("rules --runs 1 --events 4096 --rules 40") == 0);
  CHECK(has_series(result_of("rules"), "one by one"));
  REQUIRE(run("replay --runs 1 --events 20000") == 0);
  CHECK(has_series(result_of("replay"), "all stages again"));
}

TEST_CASE("pipeline: throughput, each stage, latency at a rate, a sweep") {
  REQUIRE(run("pipeline --runs 1 --events 20000 --stages --rate 20000 --seconds 0.3 --warm-up 0.05 --sweep 10000,20000 --sweep-seconds 0.1") == 0);
  const json result = result_of("pipeline");
  for (const char* name : {"payments to decisions", "windows", "decide", "journal at disk", "decision, not waiting", "durable and emitted", "D'", "N:", "durable p99.9 at"}) {
    CHECK_MESSAGE(has_series(result, name), name);
  }
  CHECK(result["curves"].size() == 9);  // decision, durable, D', N, five stages
}

TEST_CASE("a stalled sink shows in the p99.9 of the open loop") {
  REQUIRE(run("pipeline --runs 1 --events 20000 --rate 20000 --seconds 1 --warm-up 0.1 --stall 100 --durability memory --json " + folder + "/stalled.json", "") == 0);
  const json result = json::parse(std::ifstream(folder + "/stalled.json"));
  for (const json& curve : result["curves"]) {
    if (curve["name"].get<std::string>().find("emitted, journal at memory") == std::string::npos) continue;
    // 100 ms of 1 s: a tenth of all events waited, up to the whole stall.
    CHECK(curve["p99_9_ns"].get<double>() > 80e6);
    CHECK(curve["p99_ns"].get<double>() > 50e6);
  }
}

TEST_CASE("wrong options are refused") {
  CHECK(run("ring --slots 100") != 0);
  CHECK(run("journal --durability never") != 0);
  CHECK(run("nothing") != 0);
}
