// `pawl rules`: verdicts on standard output, exit statuses, problems all at once.
#include <doctest/doctest.h>

#include <algorithm>

#include "run_command.hpp"

using pawl::test::pawl_command;
using pawl::test::Scratch;

namespace {

constexpr const char* good =
    "pipeline \"cards\" version 3\n"
    "event Payment { id: int, at: time, customer: int, amount: money }\n"
    "let usual = prior avg(amount per customer, 30d)\n"
    "rule spike { on Payment when amount > 3 * usual then alert }\n";

constexpr const char* bad =
    "pipeline \"cards\" version 3\n"
    "event Payment { id: int, at: time, customer: int, amount: money }\n"
    "rule one { on Payment when amout > 3.00 then alert }\n"
    "rule two { on Payment when custmer = 3 then alert }\n";

}  // namespace

TEST_CASE("rules check says what a good file holds") {
  const Scratch scratch;
  const auto run = pawl_command("rules check " + scratch.write("cards.pawl", good));
  CHECK(run.status == 0);
  CHECK(run.err.empty());
  CHECK(run.out.find("pipeline \"cards\" version 3: 1 event, 1 let, 1 rule; 0 warnings") != std::string::npos);
}

TEST_CASE("rules check reports every problem with place, carets and suggestion, and is status 65") {
  const Scratch scratch;
  const auto run = pawl_command("rules check " + scratch.write("cards.pawl", bad));
  CHECK(run.status == 65);
  CHECK(run.out.find("cards.pawl:3:28: error E103") != std::string::npos);
  CHECK(run.out.find("`amount`") != std::string::npos);
  CHECK(run.out.find("cards.pawl:4:28: error E103") != std::string::npos);
  CHECK(run.out.find("^^^^^") != std::string::npos);
  CHECK(run.out.find("2 errors") != std::string::npos);
}

TEST_CASE("rules check --json prints one object per problem and nothing else") {
  const Scratch scratch;
  const auto run = pawl_command("rules check --json " + scratch.write("cards.pawl", bad));
  CHECK(run.status == 65);
  CHECK(std::count(run.out.begin(), run.out.end(), '\n') == 2);
  CHECK(run.out.starts_with("{"));
  CHECK(run.out.find("\"E103\"") != std::string::npos);
}

TEST_CASE("rules explain names windows, lets and rules in the language's words") {
  const Scratch scratch;
  const auto run = pawl_command("rules explain " + scratch.write("cards.pawl", good));
  CHECK(run.status == 0);
  CHECK(run.out.find("prior avg(amount per customer, 30d)") != std::string::npos);
  CHECK(run.out.find("amount > 3 * usual") != std::string::npos);
}

TEST_CASE("rules explain of a bad file is status 65 and keeps standard output clean") {
  const Scratch scratch;
  const auto run = pawl_command("rules explain " + scratch.write("cards.pawl", bad));
  CHECK(run.status == 65);
  CHECK(run.out.empty());
  CHECK(run.err.find("E103") != std::string::npos);
}

TEST_CASE("a pipeline file that is not there, is a directory, or is far too large") {
  const Scratch scratch;
  CHECK(pawl_command("rules check " + scratch / "gone.pawl").status == 74);
  CHECK(pawl_command("rules check " + scratch / "").status == 74);
  CHECK(pawl_command("rules check " + scratch.write("large.pawl", std::string(600 * 1024, '#'))).status == 65);
}
