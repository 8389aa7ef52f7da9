// `reorder up to` through the command: a shuffled file is decided as the sorted one, also when a run of it is killed and gone on with.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "pawl/io/random.hpp"
#include "run_command.hpp"

namespace reorder_test {

using pawl::test::Background;
using pawl::test::digest_of;
using pawl::test::has;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;

namespace {

constexpr const char* pipeline =
    "pipeline \"reorder\" version 1\n"
    "event Payment reorder up to 10s { at: time, id: int, customer: int, fraud: bool }\n"
    "let rank = count(per customer, 1m)\n"
    "rule often { on Payment when rank >= 8 then score 5 }\n";

struct Rows {
  std::vector<std::string> sorted, shuffled;
};

// One a second; in the other file each up to 10 s later.
Rows rows(std::int64_t count) {
  pawl::io::Random random(3);
  std::vector<std::pair<std::int64_t, std::string>> places;
  Rows rows;
  for (std::int64_t i = 0; i < count; ++i) {
    rows.sorted.push_back(fmt::format("2018-07-01T{:02}:{:02}:{:02}Z,{},{},{}\n", i / 3600 % 24, i / 60 % 60, i % 60, i, i % 5, i % 97 == 0));
    places.emplace_back(i + static_cast<std::int64_t>(random.below(11)), rows.sorted.back());
  }
  std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& place : places) rows.shuffled.push_back(place.second);
  return rows;
}

std::string text_of(const std::vector<std::string>& rows) {
  std::string text = "at,id,customer,fraud\n";
  for (const std::string& row : rows) text += row;
  return text;
}

}  // namespace

TEST_CASE("reorder: a shuffled file is decided as the sorted one, by run and by score, and replays") {
  const Scratch scratch;
  const std::string rules = scratch.write("p.pawl", pipeline);
  const Rows made = rows(20'000);
  const std::string sorted = scratch.write("sorted.csv", text_of(made.sorted)), shuffled = scratch.write("shuffled.csv", text_of(made.shuffled));
  REQUIRE(made.sorted != made.shuffled);
  const auto run = [&](const std::string& input, const std::string& name) {
    return pawl_command(fmt::format("run --tick-interval off --pipeline {} --input {} --journal {} --decisions {}", rules, input, scratch / (name + ".journal"), scratch / (name + ".csv.out")));
  };
  const auto a = run(sorted, "a"), b = run(shuffled, "b");
  REQUIRE_MESSAGE(a.status == 0, a.err);
  REQUIRE_MESSAGE(b.status == 0, b.err);
  CHECK(digest_of(b) == digest_of(a));
  CHECK(read_file(scratch / "b.csv.out") == read_file(scratch / "a.csv.out"));
  CHECK_FALSE(has(b.err, "later than their `reorder`"));
  CHECK(digest_of(pawl_command("replay --journal " + scratch / "b.journal")) == digest_of(a));
  const auto score = [&](const std::string& input) { return pawl_command(fmt::format("score --event Payment --pipeline {} --input {} --features {}.features", rules, input, input)); };
  const auto c = score(sorted), d = score(shuffled);
  REQUIRE_MESSAGE(d.status == 0, d.err);
  CHECK(digest_of(d) == digest_of(c));
  CHECK(read_file(shuffled + ".features") == read_file(sorted + ".features"));
}

TEST_CASE("reorder: what comes later than declared is told, and explain says what is held back") {
  const Scratch scratch;
  const std::string rules = scratch.write("p.pawl", pipeline);
  Rows made = rows(100);
  std::rotate(made.sorted.begin() + 20, made.sorted.begin() + 21, made.sorted.begin() + 60);
  const auto late = pawl_command(fmt::format("run --tick-interval off --durability memory --pipeline {} --input {}", rules, scratch.write("late.csv", text_of(made.sorted))));
  REQUIRE(late.status == 0);
  CHECK(has(late.err, "1 events came later than their `reorder` allows"));
  CHECK(has(pawl_command("rules explain " + rules).out, "Payment is put in order before it is sequenced: its source is held back by 10s, and by 65536 events at most"));
}

TEST_CASE("reorder: a run that was killed with events held back goes on, and each row is decided once and in order") {
  const Scratch scratch;
  const std::string rules = scratch.write("p.pawl", pipeline);
  const Rows made = rows(6'000);
  const std::string options = fmt::format("run --tick-interval off --pipeline {} --journal {} --decisions {}", rules, scratch / "journal", scratch / "out.csv");
  {
    Background first(options + " --input -");
    first.feed(text_of({made.shuffled.begin(), made.shuffled.begin() + 3'000}));
    for (int i = 0; i < 3'000 && !has(read_file(scratch / "out.csv"), ",2900,"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(first.stop(SIGKILL).status == -1);
  }
  REQUIRE(has(read_file(scratch / "out.csv"), ",2900,"));
  CHECK(has(pawl_command("journal info " + scratch / "journal").out, "`reorder` held them back"));
  const auto second = pawl_command(options + " --append --input " + scratch.write("all.csv", text_of(made.shuffled)));
  REQUIRE_MESSAGE(second.status == 0, second.err);
  CHECK_FALSE(has(pawl_command("journal info " + scratch / "journal").out, "`reorder` held them back"));
  const auto whole = pawl_command(fmt::format("run --tick-interval off --pipeline {} --input {} --durability memory --decisions {}", rules, scratch.write("sorted.csv", text_of(made.sorted)), scratch / "whole.csv"));
  REQUIRE_MESSAGE(whole.status == 0, whole.err);
  CHECK(digest_of(second) == digest_of(whole));
  CHECK(read_file(scratch / "out.csv") == read_file(scratch / "whole.csv"));
}

TEST_CASE("reorder: a score that was killed with rows held back says which, and as an input of their own they come in") {
  const Scratch scratch;
  const std::string rules = scratch.write("p.pawl", pipeline);
  // Each second one from 92 to 100 is younger than all others by far: it lets them go, and is held itself.
  std::string text = "at,id,customer,fraud\n";
  const auto row = [](int number) { return fmt::format("2018-07-01T00:{:02}:00Z,{},1,0\n", number > 90 && number % 2 == 0 && number <= 100 ? 50 : 1, number); };
  for (int number = 1; number <= 102; ++number) text += row(number);
  const std::string options = fmt::format("score --event Payment --pipeline {} --journal {} --decisions {}", rules, scratch / "journal", scratch / "out.csv");
  {
    Background first(options + " --input -");
    first.feed(text);
    for (int i = 0; i < 3'000 && !has(read_file(scratch / "out.csv"), ",102,"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(first.stop(SIGKILL).status == -1);
  }
  REQUIRE(has(read_file(scratch / "out.csv"), ",102,"));
  const std::string header = "at,id,customer,fraud\n";
  const auto second = pawl_command(options + " --append --input " + scratch.write("missing.csv", header + row(92) + row(94) + row(96) + row(98) + row(100)));
  REQUIRE_MESSAGE(second.status == 0, second.err);
  CHECK(has(second.err, "5 rows before row 102 were held back by `reorder` when the last run was cut off, and are not in the journal: 92, 94, 96, 98, 100"));
  CHECK(has(second.err, "as an input of their own"));
  CHECK_FALSE(has(second.err, "pawl run"));
  const std::string decided = read_file(scratch / "out.csv");
  CHECK(std::count(decided.begin(), decided.end(), '\n') == 1 + 102);
  for (int number = 1; number <= 102; ++number) CHECK(has(decided, fmt::format(",{},", number)));
}

}  // namespace reorder_test
