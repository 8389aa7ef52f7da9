// Tiny runs of pawl-bench: every subcommand ends well, checks its results, and writes what was asked for.
#include <doctest/doctest.h>

#include "harness/pin.hpp"
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
  REQUIRE(run("ring --runs 1 --events 20000 --slots 1024 --peers --rate 100000 --seconds 0.05 --csv " + folder + "/ring.csv --json " + folder + "/copy.json") == 0);
  const json result = result_of("ring");
  for (const char* name : {"pawl Ring", "ByteRing", "boost spsc_queue", "ReaderWriterQueue", "ConcurrentQueue", "TBB", "L:"}) CHECK_MESSAGE(has_series(result, name), name);
  CHECK(result == json::parse(std::ifstream(folder + "/copy.json")));
  std::string header;
  std::getline(std::ifstream(folder + "/ring.csv"), header);
  CHECK(header == "command,group,name,unit,x,run,value");
  for (const char* group : {"ring, diamond, 1024 slots of 64 bytes", "ring, pipeline of 3, 1024 slots of 64 bytes", "open loop at 100000 events/s, us"}) CHECK_MESSAGE(has_group(result, group), group);
}

TEST_CASE("ring: several producers, payloads, ways to wait, one CPU: each run ends, and says when threads take turns") {
  const std::string tiny = "ring --runs 1 --warm-up-runs 0 --events 5000 --slots 256 ", results = folder + "/shapes";
  REQUIRE(run(tiny + "--producers 3 --peers --payload 256 --topologies pair --wait yield --no-latency", results) == 0);
  CHECK(has_group(result_of("ring", results), "ring, 3 to 1, 256 slots of 256 bytes"));
  REQUIRE(run(tiny + "--payload 16 --wait park --rate 2000 --seconds 0.05 --sweep 1000,2000 --sweep-seconds 0.02 --producers 2", results) == 0);
  CHECK(has_series(result_of("ring", results), "watching the stamp p99.9 at"));
  const std::string one_cpu = "--cpus " + std::to_string(measuring_cpus().front());
  REQUIRE(run(tiny + one_cpu + " --topologies diamond --no-latency", results) == 0);
  CHECK(has(notes_of(result_of("ring", results)), "4 threads on 1 CPU: they take turns"));
  CHECK(run(tiny + one_cpu + " --wait spin", results) != 0);
  CHECK(has(output(), "that never leave it"));
}

TEST_CASE("the same command again is compared with the last") {
  const std::string again = folder + "/again";
  std::filesystem::remove_all(again);
  for (int i = 0; i < 2; ++i) REQUIRE(run("ring --runs 2 --warm-up-runs 0 --events 5000 --slots 256 --topologies pair --no-latency", again) == 0);
  CHECK(has(output(), "Beside the same command at "));
  CHECK(has(output(), "figures agree within 15 %"));
  REQUIRE(run("rules --runs 2 --events 4096 --rules 40 --patterns 10 --pattern-keys 4096 --pattern-events 4096", again) == 0);
  CHECK(!has(output(), "Beside "));
  CHECK(run("rules --runs 2 --events 4096 --rules 40 --patterns 10 --pattern-keys 4096 --pattern-events 4096 --compare " + again + "/ring.json", again) != 0);
  CHECK(has(output(), "is no outcome of pawl-bench rules"));
}

TEST_CASE("snapshot: alone, beside a shadow, and starts with and without") {
  REQUIRE(run("snapshot --runs 1 --warm-up-runs 0 --events 70000 --rate 50000 --seconds 0.1") == 0);
  const json result = result_of("snapshot");
  for (const char* name : {"alone", "beside a shadow", "from a snapshot", "replaying everything", "decided, beside a shadow p99"}) CHECK_MESSAGE(has_series(result, name), name);
}

TEST_CASE("snapshot-ways: every image is that of its mark") {
  REQUIRE(run("snapshot-ways --runs 1 --warm-up-runs 0 --mebibytes 4 --rate 200000 --mark 1600") == 0);
  const json result = result_of("snapshot-ways");
  for (const char* name : {"none", "undo log of lines", "page copy-on-write", "shadow"}) CHECK_MESSAGE(has_series(result, name), name);
}

TEST_CASE("snapshot-state: beside a snapshot, and starts from pages and rows") {
  REQUIRE(run("snapshot-state --runs 1 --warm-up-runs 0 --keys 30000 --rate 100000 --seconds 0.1 --unpaced 20000") == 0);
  const json result = result_of("snapshot-state");
  for (const char* name : {"from pages", "from rows", "replaying everything", "alone", "taking a snapshot"}) CHECK_MESSAGE(has_series(result, name), name);
}

TEST_CASE("journal: three levels beside B'") {
  REQUIRE(run("journal --runs 1 --events 20000 --seconds 0.02 --rate 100000 --peers --hgrm " + folder + "/journal") == 0);
  const json result = result_of("journal");
  for (const char* name : {"B'", "disk, written", "disk, written, segment prepared before", "disk, written p99", "os, written", "memory, written", "disk, read back", "RocksDB", "SQLite"}) CHECK_MESSAGE(has_series(result, name), name);
  CHECK(std::filesystem::exists(folder + "/journal-open-loop-at-100000-events-s-D-bare-loop.hgrm"));
}

TEST_CASE("windows, rules, replay") {
  REQUIRE(run("windows --runs 1 --events 20000 --keys 200 --held 65536 --stream-events 500000") == 0);
  for (const char* name : {"K:", "one in ten late by up to a minute", "sum of 1024 events", "max of 65536 events", "max, behind a falling row of 65536", "DABA"}) CHECK_MESSAGE(has_series(result_of("windows"), name), name);
  REQUIRE(run("rules --runs 1 --events 4096 --rules 40 --patterns 10 --pattern-keys 4096 --pattern-events 4096") == 0);
  CHECK(has_series(result_of("rules"), "one by one"));
  CHECK(has_group(result_of("rules"), "10 patterns of three steps, 4096 keys, 4 open runs per key"));
  REQUIRE(run("replay --runs 1 --events 20000") == 0);
  CHECK(has_series(result_of("replay"), "all stages again"));
}

TEST_CASE("pipeline: throughput, each stage, latency at a rate, a sweep") {
  REQUIRE(run("pipeline --runs 1 --events 20000 --stages --producers 2 --rate 20000 --seconds 0.3 --warm-up 0.05 --sweep 10000,20000 --sweep-seconds 0.1") == 0);
  const json result = result_of("pipeline");
  for (const char* name : {"payments to decisions", "from 2 producers through lanes", "windows", "decide", "journal at disk", "decision, not waiting", "durable and emitted", "D'", "N:", "durable p99.9 at"}) {
    CHECK_MESSAGE(has_series(result, name), name);
  }
  CHECK(result["curves"].size() == 4);  // decision, durable, D', N
}

TEST_CASE("pipeline: where the time of single events goes") {
  REQUIRE(run("pipeline --runs 2 --warm-up-runs 0 --events 20000 --rate 20000 --seconds 0.3 --warm-up 0.05 --breakdown --json " + folder + "/breakdown.json", "") == 0);
  const json result = json::parse(std::ifstream(folder + "/breakdown.json"));
  for (const char* group : {"where the time goes, events around p50", "where the time goes, events above p99.9"}) CHECK_MESSAGE(has_group(result, group), group);
  for (const char* name : {"ingest:", "windows:", "disk:", "with the breakdown"}) CHECK_MESSAGE(has_series(result, name), name);
  CHECK(result["curves"].size() == 11);  // decision, durable, D', N, six parts, the journal beside them
  // The parts add up to the whole, run by run.
  double parts = 0, all = 0;
  for (const json& series : result["series"]) {
    if (series["group"] != "where the time goes, events around p50") continue;
    (series["name"] == "all of it" ? all : parts) += series["values"][1].get<double>();
  }
  CHECK(parts == doctest::Approx(all));
  CHECK(run("pipeline --events 20000 --breakdown") != 0);
  CHECK(has(output(), "need a --rate"));
}

TEST_CASE("a stalled sink shows in the p99.9 of the open loop, and not in that of a closed loop on the same engine") {
  REQUIRE(run("pipeline --runs 1 --events 20000 --rate 20000 --seconds 1 --warm-up 0.1 --stall 100 --durability memory --json " + folder + "/stalled.json", "") == 0);
  const json result = json::parse(std::ifstream(folder + "/stalled.json"));
  const auto curve = [&](const std::string& name) {
    for (const json& one : result["curves"]) {
      if (has(one["name"], name)) return one;
    }
    return json();
  };
  // 100 ms of 1 s: a tenth of all events waited, up to the whole stall.
  const json open = curve("emitted, journal at memory"), closed = curve("closed loop");
  REQUIRE(open.is_object());
  REQUIRE(closed.is_object());
  CHECK(open["p99_9_ns"].get<double>() > 80e6);
  CHECK(open["p99_ns"].get<double>() > 50e6);
  // The same stall, in one of 4,000 events.
  CHECK(closed["max_ns"].get<double>() > 100e6);
  CHECK(closed["p99_9_ns"].get<double>() < 50e6);
}

TEST_CASE("wrong options are refused") {
  CHECK(run("ring --slots 100") != 0);
  CHECK(run("journal --durability never") != 0);
  CHECK(run("ring --payload 65") != 0);
  CHECK(run("ring --cpus 1000") != 0);
  CHECK(has(output(), "may not use CPU 1000"));
  CHECK(run("ring --cpus few") != 0);
  CHECK(has(output(), "takes a list as 0,2-3"));
  CHECK(run("rules --runs 1 --events 4096 --rules 40 --patterns 10 --pattern-keys 4096 --pattern-events 4096 --hgrm " + folder + "/none") != 0);
  CHECK(has(output(), "no distribution to write"));
  CHECK(run("nothing") != 0);
}
