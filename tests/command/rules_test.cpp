// `pawl rules`: verdicts on standard output, exit statuses, problems all at once.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "run_command.hpp"

using pawl::test::pawl_command;
using pawl::test::read_file;
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

TEST_CASE("rules explain says what windows take: 64 bytes a key and 16 an event for count and sum of one amount") {
  const Scratch scratch;
  const auto run = pawl_command("rules explain " + scratch.write("state.pawl", R"(pipeline "state" version 1
event A { at: time, a: int, b: int, c: int, d: int, e: int, f: int, x: money, t: text(12) }
event L late 10m { at: time, k: int, x: money }
let count_a = count(per a, 1h on A)
let sum_a   = sum(x per a, 1h on A)
let count_b = count(per b, 1h on A)
let sum_b   = sum(x per b, 120d on A)
let first_c = first(x per c, 30m on A)
let latest  = sum(x per c, last 20 on A)
let most_d  = max(x per d, 2h on A)
let least_d = min(x per d, 3h on A)
let panes_e = sum(x per e, 24h by 1h on A)
let texts_f = distinct(t per f, 5m on A)
let sum_l   = sum(x per k, 1h on L)
)"));
  CHECK(run.status == 0);
  const auto at = run.out.find("\nState of windows\n");
  REQUIRE(at != std::string::npos);
  CHECK(run.out.substr(at, run.out.find("\n\n", at + 1) - at) ==
        "\nState of windows\n"
        "  per a of A: 64 bytes a key; 16 bytes for each event of the last 1h\n"
        "  per b of A: 128 bytes a key; 24 bytes for each event of the last 120d\n"
        "  per c of A: 192 bytes a key; 16 bytes for each event of the last 30m; in rings of their keys 40 bytes for each event of the last 30m and the latest 20 events\n"
        "  per d of A: 320 bytes a key; 128 bytes for every 7 values of the last 2h that no later one outdoes, but the newest 7; 128 bytes for every 7 values of the last 3h that no later one outdoes, but the newest 7\n"
        "  per e of A: 128 bytes a key; 32 bytes for each pane of 1h with an event, at most 25 of them\n"
        "  per f of A: 128 bytes a key; 16 bytes for each event of the last 5m; in rings of their keys 24 bytes for each event of the last 5m; "
        "32 bytes for each different value of a window that is too large to look through\n"
        "  per k of L: 128 bytes a key; trees of 512 bytes a node, 20 events at most in each, of the last 70m");
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

namespace {

constexpr const char* tested = R"(pipeline "cards" version 3
event Payment { id: int, at: time, customer: int, amount: money }
event Login { at: time, customer: int }
list seen of int
let before = prior count(per customer, 1h on Payment)
rule second { on Payment when before = 1 then decline, add customer to seen cooldown 1m per customer }
rule known  { on Login when customer in seen then score 700 }
rule dark   { on Payment when amount > 5.00 then decline mode shadow }
policy { review at score 600 default approve }
test "second payment" {
  given Payment(customer=1, amount=1.00, at=2018-08-08T10:00:00Z) expect silent second expect decision approve
  given Payment(customer=1, amount=9.00, at=2018-08-08T10:59:59Z) expect fires second expect fires dark expect decision decline
  given Login(customer=1, at=2018-08-08T11:00:00Z) expect fires known expect decision review
  given Login(customer=2, at=2018-08-08T11:00:00Z) expect silent known
}
test "an hour later" {
  given Payment(customer=1, amount=1.00, at=2018-08-08T10:00:00Z)
  given Payment(customer=1, amount=1.00, at=2018-08-08T11:00:00Z) expect silent second expect silent known
}
)";

}  // namespace

TEST_CASE("rules test runs each test from an empty state, and is status 0 if all hold") {
  const Scratch scratch;
  const auto run = pawl_command("rules test " + scratch.write("cards.pawl", tested));
  CHECK(run.status == 0);
  CHECK(run.out.find("cards.pawl:10: passed test \"second payment\"\n") != std::string::npos);
  CHECK(run.out.find("cards.pawl: 2 tests passed, 0 failed\n") != std::string::npos);
  CHECK(run.err.empty());
}

TEST_CASE("a test that fails says after which event what came instead, for people and for editors, and is status 1") {
  const Scratch scratch;
  const std::string wrong = std::string(tested) +
                            "test \"wrong\" { given Payment(customer=1, amount=7.00, at=2018-08-08T10:00:00Z) expect fires second expect silent dark expect decision decline\n"
                            "given Payment(customer=1, amount=1.00, at=2018-08-08T10:00:01Z)\n"
                            "given Payment(customer=1, at=2018-08-08T10:00:02Z) expect fires dark }\n";
  const std::string file = scratch.write("cards.pawl", wrong);
  const auto run = pawl_command("rules test " + file);
  CHECK(run.status == 1);
  CHECK(run.out.find("cards.pawl:20: FAILED test \"wrong\"\n"
                     "  after given 1: expected fires second, but it was silent\n"
                     "  after given 1: expected silent dark, but it fired\n"
                     "  after given 1: expected decision decline, but it is approve with score 0\n"
                     "  after given 3: expected fires dark, but a value that it needs is missing\n") != std::string::npos);
  CHECK(run.out.find("cards.pawl: 2 tests passed, 1 failed\n") != std::string::npos);
  const auto json = pawl_command("rules test --json " + file);
  CHECK(json.status == 1);
  CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 3);
  CHECK(json.out.find("\"line\":20,\"test\":\"wrong\",\"passed\":false,\"failures\":[\"after given 1: expected fires second, but it was silent\",") != std::string::npos);
}

TEST_CASE("rules test of a file with errors reports them, and is status 65") {
  const Scratch scratch;
  const auto run = pawl_command("rules test " + scratch.write("cards.pawl", bad));
  CHECK(run.status == 65);
  CHECK(run.err.find("E103") != std::string::npos);
}

namespace {

constexpr const char* untidy = "pipeline \"p\"   version 1 # one\nevent Payment{at:time,amount:money}\nlet  a=amount\n";
constexpr const char* tidy = "pipeline \"p\" version 1  # one\nevent Payment { at: time, amount: money }\nlet a = amount\n";

}  // namespace

TEST_CASE("rules fmt prints the canonical layout, of one file alone") {
  const Scratch scratch;
  const std::string file = scratch.write("p.pawl", untidy);
  const auto run = pawl_command("rules fmt " + file);
  CHECK(run.status == 0);
  CHECK(run.out == tidy);
  CHECK(read_file(file) == untidy);
  CHECK(pawl_command("rules fmt " + file + " " + file).status == 64);
  CHECK(pawl_command("rules fmt --check --write " + file).status == 64);
  CHECK(pawl_command("rules fmt --write -").status == 64);
}

TEST_CASE("rules fmt --check names what is laid out otherwise, and is status 1 then; it changes nothing") {
  const Scratch scratch;
  const std::string good_file = scratch.write("a.pawl", tidy), other = scratch.write("b.pawl", untidy), broken = scratch.write("c.pawl", "pipeline");
  const auto fine = pawl_command("rules fmt --check " + good_file);
  CHECK(fine.status == 0);
  CHECK(fine.out.empty());
  const auto run = pawl_command("rules fmt --check " + good_file + " " + other);
  CHECK(run.status == 1);
  CHECK(run.out == other + "\n");
  CHECK(read_file(other) == untidy);
  const auto worst = pawl_command("rules fmt --check " + broken + " " + other + " " + scratch / "gone.pawl");
  CHECK(worst.status == 74);
  CHECK(worst.out == other + "\n");
  CHECK(pawl::test::has(worst.err, "c.pawl:1:9: error E010"));
}

TEST_CASE("rules fmt --write lays out in place, behind links too, with the permissions that there were, and a broken file stays") {
  const Scratch scratch;
  const std::string file = scratch.write("p.pawl", untidy), link = scratch / "link.pawl", broken = scratch.write("c.pawl", "pipeline");
  std::filesystem::create_symlink(file, link);
  std::filesystem::permissions(file, std::filesystem::perms(0640));
  const auto run = pawl_command("rules fmt --write " + broken + " " + link);
  CHECK(run.status == 65);
  CHECK(run.out == link + "\n");
  CHECK(read_file(file) == tidy);
  CHECK(std::filesystem::is_symlink(link));
  CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms(0640));
  CHECK(read_file(broken) == "pipeline");
  CHECK(std::distance(std::filesystem::directory_iterator(scratch / ""), std::filesystem::directory_iterator()) == 3);
  const auto again = pawl_command("rules fmt --write " + link);
  CHECK(again.status == 0);
  CHECK(again.out.empty());
}

TEST_CASE("rules fmt --write keeps the owner, or says that it cannot, and leaves nothing beside the file whatever fails") {
  const Scratch scratch;
  const std::string folder = scratch / "rules", file = folder + "/p.pawl";
  std::filesystem::create_directory(folder);
  std::string text = untidy;
  while (text.size() < 4'000) text += "# what a full disk has no room for\n";
  scratch.write("rules/p.pawl", text);
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  std::filesystem::permissions(folder, std::filesystem::perms(0777));
  std::filesystem::permissions(scratch / "", std::filesystem::perms(0755));
  const auto alone = [&] { return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) == 1; };
  // A bound of one block on the size of files, in place of a full disk.
  const std::string bounded = "trap '' XFSZ; ulimit -f 1; exec " + std::string(PAWL_COMMAND) + " rules fmt --write " + file + " 2>" + scratch / "err";
  CHECK(WEXITSTATUS(std::system(bounded.c_str())) == 74);
  CHECK(read_file(scratch / "err").find("cannot write") != std::string::npos);
  CHECK(read_file(file) == text);
  CHECK(alone());
  if (::geteuid() != 0) return;
  REQUIRE(::chown(file.c_str(), 65'533, 65'532) == 0);
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  std::filesystem::copy_file(PAWL_COMMAND, scratch / "pawl");
  std::filesystem::permissions(scratch / "pawl", std::filesystem::perms(0755));
  const std::string stranger = "setpriv --reuid=65534 --regid=65534 --clear-groups " + scratch / "pawl" + " rules fmt --write " + file + " 2>" + scratch / "err";
  CHECK(WEXITSTATUS(std::system(stranger.c_str())) == 74);
  CHECK(read_file(scratch / "err").find("cannot keep owner and group") != std::string::npos);
  CHECK(read_file(file) == text);
  CHECK(alone());
  std::filesystem::permissions(file, std::filesystem::perms(0640));
  CHECK(pawl_command("rules fmt --write " + file).status == 0);
  CHECK(read_file(file) != text);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK(status.st_uid == 65'533);
  CHECK(status.st_gid == 65'532);
  CHECK((status.st_mode & 07777) == 0640);
  CHECK(alone());
}
