// The command on file systems that are full: clear text, the right exit status, and an exact continuation.
#include <doctest/doctest.h>

#include <string>

#include "../command/run_command.hpp"
#include "loop_mount.hpp"

using pawl::test::digest_of;
using pawl::test::file_systems;
using pawl::test::has;
using pawl::test::LoopMount;
using pawl::test::MiB;
using pawl::test::Outcome;
using pawl::test::pawl_command;
using pawl::test::read_file;
using pawl::test::Scratch;

TEST_CASE("pawl run on a full disk says so, ends with 74, and goes on exactly with --append") {
  const Scratch scratch;
  const std::string stream = "run --events 1200000 ";
  const Outcome whole = pawl_command(stream + "--durability memory --decisions " + scratch / "whole.csv");
  REQUIRE(whole.status == 0);
  for (const std::string& type : file_systems) {
    CAPTURE(type);
    auto mount = LoopMount::make(type, 304 * MiB);
    if (!mount.ok()) {
      MESSAGE("SKIPPED: pawl run on a full ", type, ": ", mount.error().text);
      continue;
    }
    const std::string again = stream + "--append --journal " + *mount / "journal" + " --decisions " + scratch / (type + ".csv");
    mount->leave(10 * MiB);
    const Outcome none = pawl_command(again);
    CHECK(none.status == 74);
    CHECK_MESSAGE(has(none.err, "pawl: error: no space for the first segment of 67108864 bytes in " + *mount / "journal/wal" + ". Free space"), none.err);

    mount->leave(70 * MiB);
    const Outcome full = pawl_command(again);
    CHECK(full.status == 74);
    CHECK_MESSAGE(has(full.err, "pawl: error: the disk of " + *mount / "journal" + " is full: inputs behind sequence "), full.err);
    CHECK_MESSAGE(has(full.err, "are not durable and were not acked. Free space ('df -h') and start again on the same journal: pawl-fraud as before, `pawl run` with --append"), full.err);

    mount->leave(180 * MiB);
    const Outcome rest = pawl_command(again);
    CHECK_MESSAGE(rest.status == 0, rest.err);
    CHECK(digest_of(rest) == digest_of(whole));
    CHECK(read_file(scratch / (type + ".csv")) == read_file(scratch / "whole.csv"));
    CHECK(digest_of(pawl_command("replay --journal " + *mount / "journal")) == digest_of(whole));
  }
}

TEST_CASE("a decisions file on a full disk ends pawl run with 74, and is continued without a torn or doubled row") {
  const Scratch scratch;
  const std::string stream = "run --events 200000 ";
  const Outcome whole = pawl_command(stream + "--durability memory --decisions " + scratch / "whole.csv");
  REQUIRE(whole.status == 0);
  auto mount = LoopMount::make("ext4", 32 * MiB);
  if (!mount.ok()) {
    MESSAGE("SKIPPED: decisions file on a full disk: ", mount.error().text);
    return;
  }
  const std::string again = stream + "--append --journal " + scratch / "journal" + " --decisions " + *mount / "decisions.csv";
  mount->leave(1 * MiB);
  const Outcome full = pawl_command(again);
  CHECK(full.status == 74);
  CHECK_MESSAGE(has(full.err, "pawl: error: cannot write " + *mount / "decisions.csv" + ": No space left on device (ENOSPC); the file system is full: free space ('df -h')"), full.err);
  mount->leave(20 * MiB);
  const Outcome rest = pawl_command(again);
  CHECK_MESSAGE(rest.status == 0, rest.err);
  CHECK(digest_of(rest) == digest_of(whole));
  CHECK(read_file(*mount / "decisions.csv") == read_file(scratch / "whole.csv"));
}
