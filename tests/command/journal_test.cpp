// `pawl journal info, cat, verify`: on a journal written by the library on the real disk, whole, torn and damaged.
#include <doctest/doctest.h>

#include <vector>

#include "run_command.hpp"
#include "written_journal.hpp"

using pawl::test::first_segment;
using pawl::test::flip_byte;
using pawl::test::pawl_command;
using pawl::test::Scratch;
using pawl::test::write_journal;

TEST_CASE("info, cat and verify of a whole journal") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 2000);

  const auto info = pawl_command("journal info " + directory);
  CHECK(info.status == 0);
  CHECK(info.out.find("END, closed cleanly") != std::string::npos);
  CHECK(info.out.find("last sequence 1999") != std::string::npos);
  CHECK(info.out.find("\"gateway\", last ticket 2000") != std::string::npos);
  CHECK(info.out.find("sealed") != std::string::npos);

  const auto verify = pawl_command("journal verify " + directory);
  CHECK(verify.status == 0);
  CHECK(verify.out.find("2000 inputs") != std::string::npos);
  CHECK(verify.out.find("no damage") != std::string::npos);

  const auto cat = pawl_command("journal cat " + directory);
  CHECK(cat.status == 0);
  CHECK(cat.out.find("\n1999 Payment{id=1999, at=2018-08-08T10:00:00Z, customer=7, amount=1999.50") != std::string::npos);
}

TEST_CASE("cat --json shows fields by name without any schema file, from where it is told") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 1200);
  const auto cat = pawl_command("journal cat --json --from 1001 --limit 2 " + directory);
  CHECK(cat.status == 0);
  const std::string line = R"("source": "gateway", "ticket": 1002, "fields": {"id": "1001", "at": "2018-08-08T10:00:00Z", "customer": "7", "amount": "1001.50", "device": "d\"1"}})";
  CHECK(cat.out.starts_with(R"({"sequence": 1001, "event": "Payment", )"));
  CHECK(cat.out.find(line) != std::string::npos);
  CHECK(cat.out.find(R"("sequence": 1002)") != std::string::npos);
  CHECK(cat.out.find(R"("device": null)") != std::string::npos);
  CHECK(cat.out.find(R"("sequence": 1003)") == std::string::npos);
}

TEST_CASE("cat --from N starts with input N, wherever annotations stand; --from 0 shows all of them") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 1200);
  const auto all = pawl_command("journal cat " + directory);
  CHECK(all.out.starts_with("# segment 1 from sequence 0\n"));
  CHECK(pawl_command("journal cat --from 0 " + directory).out == all.out);
  // In every segment annotations stand before its first input: the pipeline and the sources again.
  std::vector<std::size_t> behind_annotations;
  bool is_annotation = false;
  std::size_t next = 0;
  for (std::size_t at = 0; at < all.out.size(); at = all.out.find('\n', at) + 1) {
    if (all.out[at] != '#' && is_annotation) behind_annotations.push_back(next);
    is_annotation = all.out[at] == '#';
    next += is_annotation ? 0 : 1;
  }
  CHECK(next == 1200);
  REQUIRE(behind_annotations.size() >= 2);
  for (const std::size_t input : {behind_annotations[1], behind_annotations[1] + 1, std::size_t{1199}}) {
    const auto cat = pawl_command("journal cat --from " + std::to_string(input) + " " + directory);
    CHECK(cat.status == 0);
    CHECK(cat.out == all.out.substr(all.out.find("\n" + std::to_string(input) + " Payment{") + 1));
    CHECK(cat.err.empty());
  }
  const auto beyond = pawl_command("journal cat --from 1200 " + directory);
  CHECK(beyond.status == 0);
  CHECK(beyond.out.empty());
  CHECK(beyond.err == "pawl: warning: --from 1200: " + directory + " ends at sequence 1199\n");
}

TEST_CASE("damage is status 66, with file, offset and sequences; cat shows what stands before it") {
  const Scratch scratch;
  const std::string directory = scratch / "journal";
  write_journal(directory, 2000);
  flip_byte(first_segment(directory), 20'000);
  const auto verify = pawl_command("journal verify " + directory);
  CHECK(verify.status == 66);
  CHECK(verify.out.find("CORRUPT") != std::string::npos);
  CHECK(verify.out.find(first_segment(directory)) != std::string::npos);
  CHECK(verify.err.find("damaged") != std::string::npos);
  const auto cat = pawl_command("journal cat " + directory);
  CHECK(cat.status == 66);
  CHECK(cat.out.find("\n0 Payment{id=0") != std::string::npos);
  CHECK(cat.out.find("\n1999 Payment") == std::string::npos);
  CHECK(cat.err.find("pawl journal verify") != std::string::npos);
}

TEST_CASE("directories that are no journal are named as what they are") {
  const Scratch scratch;
  scratch.write("notes.txt", "hello");
  for (const char* command : {"info", "cat", "verify"}) {
    CAPTURE(command);
    const auto foreign = pawl_command(std::string("journal ") + command + " " + scratch / "");
    CHECK(foreign.status == 66);
    CHECK(foreign.err.find("FOREIGN") != std::string::npos);
    const auto absent = pawl_command(std::string("journal ") + command + " " + scratch / "gone");
    CHECK(absent.status == 66);
    CHECK(absent.err.find("NOT INITIALISED") != std::string::npos);
  }
}
