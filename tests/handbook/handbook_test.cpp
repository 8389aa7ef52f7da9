// `pawl score` on 1.17 million real payments against features and alerts that others computed; then `pawl replay` with 1, 2 and 4
// threads against what score decided.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "csv/rows.hpp"

namespace {

using Fields = std::vector<std::string_view>;

std::string data_directory() {
  const char* given = std::getenv("PAWL_SHARED_DATA");
  return given != nullptr ? given : std::string(PAWL_SOURCE_DIR) + "/../shared/data";
}

struct Outcome {
  int status;
  std::string digest;
};

Outcome run(const std::string& arguments) {
  const std::string command = std::string(PAWL_COMMAND) + " " + arguments + " 2>/dev/null";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) output += buffer;
  const int status = ::pclose(pipe);
  const std::size_t at = output.rfind("digest ");
  return {status, at == std::string::npos ? "" : output.substr(at + 7, 32)};
}

// Calls handle(fields) for each row behind the header, and returns the header.
template <class Handle>
std::vector<std::string> for_rows(const std::string& path, Handle&& handle) {
  auto input = pawl::csv::BlockReader::open(path, false);
  REQUIRE_MESSAGE(input.ok(), path);
  pawl::csv::Rows rows(*std::move(input));
  std::vector<std::string> header;
  for (;;) {
    const auto next = rows.next();
    REQUIRE((next == pawl::csv::Rows::Next::row || next == pawl::csv::Rows::Next::end));
    if (next == pawl::csv::Rows::Next::end) return header;
    if (header.empty()) {
      header.assign(rows.fields().begin(), rows.fields().end());
    } else {
      handle(rows.fields());
    }
  }
}

// "12.34" -> "1234"
std::string cents(std::string_view money) {
  std::string digits;
  for (const char c : money) {
    if (c != '.') digits += c;
  }
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? "0" : digits.substr(first);
}

bool same_files(const std::string& a, const std::string& b) { return std::system(fmt::format("cmp -s {} {}", a, b).c_str()) == 0; }

void check_features(const std::string& data, const std::string& features) {
  std::unordered_map<std::string, std::vector<std::string>> expected;
  const auto names = for_rows(data + "/features-2018-07.csv.zst", [&](const Fields& row) {
    expected.emplace(std::string(row[0]), std::vector<std::string>(row.begin() + 1, row.end()));
  });
  REQUIRE(expected.size() == 296'928);
  std::uint64_t compared = 0, different = 0;
  for_rows(features, [&](const Fields& row) {
    const auto known = expected.find(std::string(row[1]));
    if (known == expected.end()) return;
    ++compared;
    for (std::size_t i = 0; i < known->second.size(); ++i) {
      const bool is_sum = names[i + 1].find("sum_cents") != std::string::npos;
      const std::string ours = is_sum ? cents(row[i + 2]) : std::string(row[i + 2]);
      if (ours == known->second[i]) continue;
      if (++different == 1) MESSAGE("first difference: payment ", known->first, ", ", names[i + 1], ": ", ours, " instead of ", known->second[i]);
    }
  });
  CHECK(compared == 296'928);
  CHECK(different == 0);
}

void check_alerts(const std::string& data, const std::string& decisions) {
  struct Alerts { std::uint64_t count = 0, ids = 0; };
  std::map<std::string, Alerts, std::less<>> ours;
  for_rows(decisions, [&](const Fields& row) {
    const std::uint64_t id = std::stoull(std::string(row[1]));
    for (std::string_view rules = row[4]; !rules.empty();) {
      const std::size_t end = std::min(rules.find(';'), rules.size());
      Alerts& alerts = ours[std::string(rules.substr(0, end))];
      ++alerts.count;
      alerts.ids += id;
      rules.remove_prefix(std::min(end + 1, rules.size()));
    }
  });
  std::size_t compared = 0;
  for_rows(data + "/alerts-2018-04-to-07.csv", [&](const Fields& row) {
    if (row[0] == "all") return;
    ++compared;
    const Alerts& alerts = ours[std::string(row[0])];
    CHECK_MESSAGE(std::to_string(alerts.count) == row[1], row[0]);
    CHECK_MESSAGE(std::to_string(alerts.ids) == row[3], row[0]);
  });
  CHECK(compared == 12);
}

}  // namespace

TEST_CASE("the handbook's payments: features, alerts, replay") {
  const std::string data = data_directory();
  if (!std::filesystem::exists(data + "/handbook.pawl")) {
    std::puts("SKIPPED: handbook: the shared test data is not here");
    return;
  }
  const std::string out = std::string(PAWL_BINARY_DIR) + "/test-handbook";
  std::filesystem::remove_all(out);
  std::filesystem::create_directories(out);
  const Outcome scored = run(fmt::format(
      "score --pipeline {0}/handbook.pawl --input {0}/payments-2018-04-to-07.csv.zst --event Payment --decisions {1}/d.csv --features {1}/f.csv --journal {1}/j",
      data, out));
  REQUIRE(scored.status == 0);
  CHECK(scored.digest.size() == 32);
  check_features(data, out + "/f.csv");
  check_alerts(data, out + "/d.csv");
  for (const int threads : {1, 2, 4}) {
    const Outcome replayed = run(fmt::format("replay --journal {0}/j --threads {1} --decisions {0}/r{1}.csv", out, threads));
    CHECK(replayed.status == 0);
    CHECK(replayed.digest == scored.digest);
    CHECK(same_files(out + "/d.csv", fmt::format("{}/r{}.csv", out, threads)));
    const Outcome memory = run(fmt::format("score --pipeline {0}/handbook.pawl --input {0}/payments-2018-04-to-07.csv.zst --event Payment --threads {1}", data, threads));
    CHECK(memory.digest == scored.digest);
  }
  std::filesystem::remove_all(out);
}
