// The twin on real payments, against features and alerts that were computed independently of it: shared/data beside the project.
// PAWL_DEEP=1 runs all customers and terminals, with the alerts of every rule; else a sample of them, whose histories are whole.
#include <doctest/doctest.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/core/language/check.hpp"
#include "tests/twin/engine.hpp"
#include "tests/twin/log.hpp"

using namespace pawl;

namespace {

// 1 in so many customers and terminals.
#ifdef PAWL_SANITIZED
constexpr std::int64_t sample_of = 250;  // the code is the same, and takes five times as long
#else
constexpr std::int64_t sample_of = 50;
#endif
constexpr Time july = 1'530'403'200 * one_second;                      // 2018-07-01T00:00:00Z
constexpr std::size_t features_of_customers = 6, features_of_terminals = 6;

std::filesystem::path data_folder() {
  if (const char* folder = std::getenv("PAWL_SHARED_DATA")) return folder;
  return std::filesystem::path(PAWL_SOURCE_DIR) / ".." / "shared" / "data";
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.is_open(), path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string read_zst(const std::filesystem::path& path) {
  const std::string packed = read_bytes(path);
  std::string text;
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::vector<char> chunk(ZSTD_DStreamOutSize());
  while (in.pos < in.size) {
    ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
    const std::size_t result = ZSTD_decompressStream(context, &out, &in);
    REQUIRE_FALSE(ZSTD_isError(result));
    text.append(chunk.data(), out.pos);
  }
  ZSTD_freeDCtx(context);
  return text;
}

// The cells of each line after the header. The files hold no quotes.
template <class Row>
void for_each_row(std::string_view text, Row row) {
  std::vector<std::string_view> cells;
  for (std::size_t at = text.find('\n') + 1; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    cells.clear();
    for (std::size_t from = at; from <= end;) {
      const std::size_t comma = std::min(text.find(',', from), end);
      cells.push_back(text.substr(from, comma - from));
      from = comma + 1;
    }
    row(cells);
    at = end + 1;
  }
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const ParseError error = parse_integer(text, value);
  PAWL_ASSERT(error == ParseError::none);
  return value;
}

struct Alerts { std::int64_t count = 0, frauds = 0, sum_of_ids = 0; };
bool operator==(const Alerts& a, const Alerts& b) { return a.count == b.count && a.frauds == b.frauds && a.sum_of_ids == b.sum_of_ids; }

struct Golden {
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> features;  // by id: the columns after it
  std::map<std::string, Alerts> alerts;
};

Golden read_golden(const std::filesystem::path& folder) {
  Golden golden;
  for_each_row(read_zst(folder / "features-2018-07.csv.zst"), [&](const auto& cells) {
    auto& row = golden.features[number(cells[0])];
    for (std::size_t i = 1; i < cells.size(); ++i) row.push_back(number(cells[i]));
  });
  for_each_row(read_bytes(folder / "alerts-2018-04-to-07.csv"), [&](const auto& cells) {
    golden.alerts[std::string(cells[0])] = {number(cells[1]), number(cells[2]), number(cells[3])};
  });
  return golden;
}

struct Checks {
  std::int64_t rows = 0, differences = 0;

  void compare(const std::vector<std::int64_t>& expected, const std::vector<twin::Datum>& lets, std::size_t first, std::size_t count) {
    ++rows;
    for (std::size_t i = first; i < first + count; ++i) differences += lets[i] != twin::Datum::of(expected[i]);
  }
  // customer_avg_7d and terminal_risk_7d follow from the integers.
  void compare_ratio(std::int64_t numerator, std::int64_t denominator, const twin::Datum& ratio) {
    const twin::Datum expected = denominator == 0 ? twin::Datum::of(std::int64_t{0}) : twin::Datum::of_ratio(numerator, denominator);
    differences += ratio != expected;
  }
};

}  // namespace

TEST_CASE("the handbook's features and alerts on real payments") {
  const std::filesystem::path folder = data_folder();
  if (!std::filesystem::exists(folder / "payments-2018-04-to-07.csv.zst")) {
    MESSAGE("SKIPPED: golden: no test data in ", folder.string());
    return;
  }
  const bool deep = std::getenv("PAWL_DEEP") != nullptr;
  const language::Checked checked = language::check(read_bytes(folder / "handbook.pawl"), "handbook.pawl");
  REQUIRE(checked.pipeline);
  const language::Pipeline& pipeline = *checked.pipeline;
  const EventSchema& schema = pipeline.events[0];
  const Golden golden = read_golden(folder);
  twin::Engine engine(pipeline);
  std::map<std::string, Alerts> alerts;
  Checks customers, terminals;
  Sequence sequence = 0;
  std::int64_t hard_limit = 0, bad_cells = 0;
  const std::int64_t one_in = deep ? 1 : sample_of;
  for_each_row(read_zst(folder / "payments-2018-04-to-07.csv.zst"), [&](const auto& cells) {
    ++sequence;
    const bool of_customer = number(cells[2]) % one_in == 0, of_terminal = number(cells[3]) % one_in == 0;
    if (!of_customer && !of_terminal) return;  // no window of the sample holds it
    alignas(64) std::byte slot[256];
    begin_event(schema, slot);
    for (std::size_t i = 0; i < cells.size(); ++i) bad_cells += parse_into(schema, slot, i, cells[i]) != ParseError::none;
    const twin::Outcome outcome = engine.step(sequence, slot);
    const std::int64_t id = number(cells[0]), fraud = number(cells[5]);
    for (const std::size_t rule : outcome.fired) {
      Alerts& of_rule = alerts[pipeline.rules[rule].name];
      of_rule.count += 1, of_rule.frauds += fraud, of_rule.sum_of_ids += id;
      hard_limit += pipeline.rules[rule].name == "hard_limit";
    }
    if (outcome.effective_time < july) return;
    const auto& expected = golden.features.at(id);
    if (of_customer) {
      customers.compare(expected, outcome.lets, 0, features_of_customers);
      customers.compare_ratio(expected[3], expected[2], outcome.lets[12]);
    }
    if (of_terminal) {
      terminals.compare(expected, outcome.lets, features_of_customers, features_of_terminals);
      terminals.compare_ratio(expected[9], expected[8], outcome.lets[13]);
    }
  });
  CHECK(sequence == golden.alerts.at("all").count);
  CHECK(customers.rows > (deep ? 296'927 : 200'000 / sample_of));
  CHECK(terminals.rows > (deep ? 296'927 : 200'000 / sample_of));
  CHECK(customers.differences == 0);
  CHECK(terminals.differences == 0);
  CHECK(bad_cells == 0);
  CHECK(hard_limit > 0);
  if (!deep) {
    MESSAGE("a sample of 1 in ", sample_of, " customers and terminals: ", customers.rows, " and ", terminals.rows, " rows of July; PAWL_DEEP=1 for all");
    return;
  }
  for (const auto& [rule, expected] : golden.alerts) {
    if (rule == "all" || rule == "probe_then_cash_out") continue;  // a count of all rows; a pattern
    CHECK_MESSAGE(alerts[rule] == expected, rule);
  }
  CHECK(alerts.size() == golden.alerts.size() - 2);
}
