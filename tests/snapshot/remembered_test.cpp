// What decide remembers, lists, cooldowns and runs of patterns, in snapshots: a start from rows, and from pages beside them, goes on as one that replays.
#include "written.hpp"

namespace pawl::snapshot_test::remembered_test {
namespace {

constexpr const char* remembering = R"(pipeline "remembering" version 1
event Payment { at: time, id: int, customer: int, terminal: int, amount: money }
list hot of int expires after 2h
list seen of int
list amounts of money expires after 3h
let known = customer in seen
let spent = sum(amount per customer, 1h)
rule big    { on Payment when amount > 190.00 then score 7, add terminal to hot }
rule near   { on Payment when terminal in hot and not known then score 5, add customer to seen cooldown 1h per terminal }
rule twice  { on Payment when amount in amounts then score 3, remove amount from amounts }
rule once   { on Payment when not (amount in amounts) and spent > 100.00 then add amount to amounts for 6h }
rule leave  { on Payment when known and amount < 1.00 then remove customer from seen }
rule probe  { pattern small: Payment(amount < 40.00) then big: Payment(amount > 160.00 and terminal != small.terminal) within 1h per customer then score 2, add small.terminal to hot }
rule silent { pattern a: Payment(amount > 150.00) then no Payment(amount < 60.00) within 2h per customer then score 4, add a.terminal to hot cooldown 3h per customer }
rule calm   { on Payment when amount > 100.00 then score 1 cooldown 30m per customer + terminal mode shadow }
)";

EngineOptions options_of(const std::string& journal) { return options_for(journal, remembering); }

}  // namespace

TEST_CASE("lists, cooldowns and runs: from a snapshot on, digest, decisions and firings are those of the whole, and so are the next one's bytes") {
  const test::TemporaryDirectory directory;
  const std::string journal = directory.path() + "/journal";
  World world;
  static_cast<void>(run(options_of(journal), 1, part + 1));
  const journal::Taken taken = world.take(journal, 1);
  const Run rest = run(options_of(journal), part + 1, 2 * part + 1);
  CHECK(rest.replayed_after == interval - 1);
  const Replayed whole = replay({.directory = journal});
  REQUIRE(whole.report.digest == rest.digest);
  for (std::size_t rule = 0; rule < whole.report.firings.size(); ++rule) {
    CAPTURE(rule);
    CHECK(whole.report.firings[rule] > 10);
  }
  const auto tail_is_the_same = [&](std::string_view how) {
    CAPTURE(how);
    for (const int threads : {1, 2, 4}) {
      const Replayed tail = replay({.directory = journal, .from_snapshot = true, .threads = threads});
      CHECK(tail.notes.empty());
      CHECK(tail.after == interval - 1);
      CHECK(tail.report.digest == whole.report.digest);
      CHECK(tail.report.firings == whole.report.firings);
    }
  };
  tail_is_the_same("from pages, and rows of what decide remembers");
  std::filesystem::remove(journal::pages_path(taken.path));
  tail_is_the_same("from rows alone");
  const journal::Taken next = world.take(journal, 2);
  CHECK(next.after == interval - 1);
  const std::string bytes = file_bytes(next.path);
  for (const std::string& path : {next.path, journal::pages_path(next.path), taken.path}) std::filesystem::remove(path);
  const journal::Taken again = world.take(journal, 4);
  CHECK(again.after == no_sequence);
  CHECK(file_bytes(again.path) == bytes);
}

}  // namespace pawl::snapshot_test::remembered_test
