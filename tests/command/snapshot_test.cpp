// `pawl snapshot now, ls, verify` and `pawl replay --from-snapshot`, as a user types them, on the built-in pipeline.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "run_command.hpp"
#include "written_journal.hpp"

using pawl::test::digest_of;
using pawl::test::flip_byte;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::Scratch;

TEST_CASE("a snapshot is taken, listed, verified, replayed from, and missed by nobody") {
  const Scratch scratch;
  const std::string journal = scratch / "journal";
  const Outcome ran = pawl_command("run --events 150000 --durability os --journal " + journal);
  REQUIRE_MESSAGE(ran.status == 0, ran.err);
  CHECK(pawl_command("snapshot ls " + journal).out.find("0 snapshots in ") == 0);

  const Outcome taken = pawl_command("snapshot now --threads 1 " + journal);
  REQUIRE_MESSAGE(taken.status == 0, taken.err);
  CHECK(taken.out.find("the state behind input 131071; 131072 inputs replayed") != std::string::npos);
  CHECK(pawl_command("snapshot now " + journal).out.find("is there already") != std::string::npos);
  CHECK(pawl_command("snapshot ls " + journal).out.find("131071") != std::string::npos);
  const Outcome verified = pawl_command("snapshot verify " + journal);
  CHECK(verified.status == 0);
  CHECK(verified.out.find("whole, of this history, with pages\n1 snapshots in ") != std::string::npos);

  const Outcome whole = pawl_command("replay --journal " + journal), tail = pawl_command("replay --from-snapshot --journal " + journal);
  CHECK(tail.status == 0);
  CHECK(tail.out.find("from the snapshot behind input 131071") != std::string::npos);
  CHECK(digest_of(tail) == digest_of(whole));
  CHECK(digest_of(tail) == digest_of(ran));
  const Outcome early = pawl_command("replay --from-snapshot --until 1000 --journal " + journal);
  CHECK(early.out.find("snapshot") == std::string::npos);
  CHECK(digest_of(early) == digest_of(pawl_command("replay --until 1000 --journal " + journal)));
  CHECK(pawl_command("journal verify " + journal).status == 0);

  const std::string file = journal + "/snap/0000000000000131071.snap";
  flip_byte(file, 10'000);
  const Outcome damaged = pawl_command("snapshot verify " + journal);
  CHECK(damaged.status == 66);
  CHECK(damaged.err.find(file + " is damaged at offset ") != std::string::npos);
  CHECK(digest_of(pawl_command("replay --from-snapshot --journal " + journal)) == digest_of(whole));  // from its pages
  REQUIRE(std::filesystem::remove(file + ".pages"));
  const Outcome without = pawl_command("replay --from-snapshot --journal " + journal);
  CHECK(without.status == 0);
  CHECK(without.err.find("is damaged at offset ") != std::string::npos);
  CHECK(digest_of(without) == digest_of(whole));
  CHECK(pawl_command("snapshot now " + journal).status == 0);  // in place of the damaged one
  CHECK(pawl_command("snapshot verify " + journal).status == 0);
}
