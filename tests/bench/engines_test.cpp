// Other engines beside our windows and rules: their results are compared, and a figure with other results is refused.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "fake_peers.hpp"
#include "peers/external.hpp"
#include "rules/handbook_rules.hpp"
#include "run_bench.hpp"

using namespace pawl::bench;
using nlohmann::json;

namespace {

const std::string results = folder + "/engines";

// A small run of the subcommand beside the engines of `program`, a pawl-bench.
json measure(const std::string& subcommand, const std::string& program) {
  const std::string small = subcommand == "windows" ? "--no-wide --no-whole --no-one-key --no-handbook --no-streams --no-disorder" : "--events 4096 --rules 40 --patterns 10 --pattern-keys 4096 --pattern-events 4096";
  REQUIRE(run(fmt::format("{} {} --runs 1 --peers all --peer-events 10000", subcommand, small), results, program) == 0);
  return result_of(subcommand, results);
}

std::size_t figures_of(const json& record, const std::string& engine) {
  std::size_t figures = 0;
  for (const json& series : record["series"]) figures += series["name"].get<std::string>().starts_with(engine) ? 1U : 0U;
  return figures;
}

struct Engine {
  std::string program, name;
  std::size_t figures;
};

// One run beside those engines that are built here.
void compare(const std::string& subcommand, const std::vector<Engine>& engines) {
  std::vector<Engine> built;
  for (const Engine& engine : engines) {
    const auto launcher = std::filesystem::path(PAWL_BENCH).parent_path() / "peers" / engine.program;
    if (std::filesystem::exists(launcher)) built.push_back(engine);
    else MESSAGE("SKIPPED: ", engine.program, ": not built here (tools/build-peers)");
  }
  if (built.empty()) return;
  const json record = measure(subcommand, PAWL_BENCH);
  for (const Engine& engine : built) CHECK_MESSAGE(figures_of(record, engine.name) == engine.figures, engine.name, notes_of(record));
}

}  // namespace

TEST_CASE("a figure counts only with the results that are ours") {
  const Sums ours{{"count", 7}, {"sum", 18'000'000'000'000'000'000U}};
  const auto error_of = [&](const std::string& sums) {
    return run_external(R"(echo '{"name":"n","group":"g","unit":"M/s","value":1.5,"verified":true)" + sums + "}'", external_limit_s, ours).error;
  };
  CHECK(error_of(R"(,"sums":{"count":7,"sum":18000000000000000000})").empty());
  CHECK(error_of(R"(,"sums":{"count":7,"sum":18000000000000000001})").find("sum are not ours") != std::string::npos);
  CHECK(error_of(R"(,"sums":{"count":-7,"sum":18000000000000000000})").find("count are not ours") != std::string::npos);
  CHECK(error_of(R"(,"sums":{"count":7})").find("without results for sum") != std::string::npos);
  CHECK(error_of(R"(,"sums":7)").find("without results for count") != std::string::npos);
  CHECK(error_of("").find("without results for count") != std::string::npos);
}

TEST_CASE("an engine with wrong results has no figure") {
  for (const auto& [subcommand, result] : {std::pair{"windows", "customer_avg_1d"}, std::pair{"rules", "distinct_customers_1h"}}) {
    FakePeers fakes;
    fakes.add(fmt::format("esper-{}", subcommand),
              fmt::format(R"(echo '{{"name":"fake","group":"g","unit":"M payments/s","value":9,"verified":true,"sums":{{"{}":1}}}}')", result));
    const json record = measure(subcommand, fakes.program());
    CHECK(figures_of(record, "pawl, one thread") == 1);
    CHECK(figures_of(record, "fake") == 0);
    CHECK(notes_of(record).find(fmt::format("Esper (its results for {} are not ours", result)) != std::string::npos);
  }
}

TEST_CASE("each of the compared rules fires, but not always") {
  const std::vector<Scored> payments = scored_payments(10'000);
  for (const HandbookRule& rule : handbook_rules()) {
    const auto alerts = std::count_if(payments.begin(), payments.end(), rule.fires);
    CHECK_MESSAGE(alerts > 0, rule.name);
    CHECK_MESSAGE(alerts < 5'000, rule.name);
  }
}

TEST_CASE("windows: Esper, Flink and Kafka Streams give the same as we do") {
  compare("windows", {{"esper-windows", "Esper", 2}, {"flink-windows", "Flink", 3}, {"kafka-streams-windows", "Kafka Streams", 1}});
}

TEST_CASE("rules: Esper and Flink give the same alerts as we do") {
  compare("rules", {{"esper-rules", "Esper", 1}, {"flink-rules", "Flink", 2}});
}
